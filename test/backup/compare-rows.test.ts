import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareRows, entriesWithRows } from '../../src/backup/compare-rows.ts';
import type { TableFacts, Taken } from '../../src/fingerprint/fingerprint.ts';
import { tocOf } from '../restore/toc-of.ts';

const ENTRIES = entriesWithRows(
  tocOf([
    { kind: 'TABLE', tag: 'item' },
    { kind: 'TABLE DATA', tag: 'item', hasData: true },
    { kind: 'TABLE DATA', tag: 'Other "item"', schema: 'a b', hasData: true },
  ]),
);
const DATA = { item: 2, other: 3 };

test('rows that are the same, or known on one side only, are no difference', () => {
  const item: TableFacts = { schema: 'public', name: 'item', state: 'counted', rows: 5 };
  compareRows(taken([item]), ENTRIES, new Map([[DATA.item, 5]]));
  // As INSERT statements: nobody knows how many.
  compareRows(taken([item]), ENTRIES, new Map());
  compareRows(taken([]), ENTRIES, new Map([[DATA.item, 5]]));
  compareRows(taken(null), ENTRIES, new Map([[DATA.item, 5]]));
  for (const state of ['leftOut', 'notReached', 'unreadable'] as const) {
    compareRows(taken([{ schema: 'public', name: 'item', state }]), ENTRIES, new Map([[DATA.item, 5]]));
  }
  compareRows(taken([{ ...item, rows: 6, mayDifferInDump: true }]), ENTRIES, new Map([[DATA.item, 5]]));
  // A table of that name in another schema.
  compareRows(taken([{ ...item, schema: 'elsewhere', rows: 6 }]), ENTRIES, new Map([[DATA.item, 5]]));
});

test('another number is a failure that names the table', () => {
  const tables: TableFacts[] = [
    { schema: 'public', name: 'item', state: 'counted', rows: 5 },
    { schema: 'a b', name: 'Other "item"', state: 'counted', rows: 0 },
  ];
  const rows = new Map([
    [DATA.item, 5],
    [DATA.other, 1],
  ]);
  assert.throws(() => compareRows(taken(tables), ENTRIES, rows), {
    code: 'ROWS_DIFFER',
    message: 'The dump holds 1 rows of "a b"."Other ""item""", but 0 were counted under the same snapshot',
  });
});

function taken(tables: Taken['tables']): Taken {
  return {
    ...{ level: 'counts', status: 'complete', takenAt: '', durationSeconds: 0, leftOut: [], serverMajor: 15 },
    ...{ database: null, tables, sequences: [], inventory: null, largeObjects: { state: 'notReached' } },
  };
}
