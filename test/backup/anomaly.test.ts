import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findAnomalies } from '../../src/backup/anomaly.ts';
import type { RunRecord } from '../../src/report/record.ts';

const MEGABYTE = 1024 * 1024;

interface Facts {
  readonly sizeBytes?: number;
  readonly tables?: Record<string, number>;
  readonly status?: 'complete' | 'partial';
  readonly compression?: string;
  readonly leftOut?: readonly string[];
  readonly acceptedAt?: string;
  readonly hasWarning?: boolean;
}

test('what lies below half the median, or above its double, is told with both figures', () => {
  const earlier = [
    run({ sizeBytes: 10 * MEGABYTE }),
    run({ sizeBytes: 11 * MEGABYTE }),
    run({ sizeBytes: 12 * MEGABYTE }),
  ];
  const median = 11 * MEGABYTE;
  const check = (sizeBytes: number) => findAnomalies(run({ sizeBytes }), earlier, 50);
  assert.deepEqual(check(5 * MEGABYTE), [{ kind: 'size', found: 5 * MEGABYTE, median }]);
  assert.deepEqual(check(23 * MEGABYTE), [{ kind: 'size', found: 23 * MEGABYTE, median }]);
  for (const sizeBytes of [6 * MEGABYTE, 11 * MEGABYTE, 21 * MEGABYTE])
    assert.deepEqual(check(sizeBytes), []);
});

test('a table that lost its rows, or is gone, is named even where the whole is as large as ever', () => {
  const usual = { '"public"."big"': 100_000, '"public"."item"': 800 };
  const earlier = [run({ tables: usual }), run({ tables: usual }), run({ tables: usual })];
  const emptied = findAnomalies(run({ tables: { ...usual, '"public"."item"': 3 } }), earlier, 50);
  assert.deepEqual(emptied, [{ kind: 'table', object: '"public"."item"', found: 3, median: 800 }]);
  const gone = findAnomalies(run({ tables: { '"public"."big"': 100_000 } }), earlier, 50);
  assert.deepEqual(gone, [{ kind: 'table', object: '"public"."item"', found: 0, median: 800 }]);
});

test('the rows of all tables are looked at, too', () => {
  const earlier = [1, 2, 3].map(() => run({ tables: { a: 1000, b: 1000, c: 1000 } }));
  const found = findAnomalies(run({ tables: { a: 0, b: 0, c: 1000 } }), earlier, 50);
  assert.deepEqual(
    found.map(({ kind, found, median }) => [kind, found, median]),
    [
      ['rows', 1000, 3000],
      ['table', 0, 1000],
      ['table', 0, 1000],
    ],
  );
});

test('small differences of small databases, new tables and tables that come and go are no news', () => {
  const earlier = [
    run({ tables: { a: 40 } }),
    run({ tables: { a: 50, queue: 5000 } }),
    run({ tables: { a: 40 } }),
  ];
  assert.deepEqual(findAnomalies(run({ tables: { a: 2, fresh: 70 } }), earlier, 50), []);
});

test('two runs are too few to tell what is usual, and 0 per cent means never', () => {
  const earlier = [run({ sizeBytes: 100 * MEGABYTE }), run({ sizeBytes: 100 * MEGABYTE })];
  assert.deepEqual(findAnomalies(run({}), earlier, 50), []);
  const enough = [...earlier, run({ sizeBytes: 100 * MEGABYTE })];
  assert.equal(findAnomalies(run({}), enough, 50).length, 1);
  assert.deepEqual(findAnomalies(run({}), enough, 0), []);
});

test('only what was made in the same way is compared', () => {
  const large = { sizeBytes: 100 * MEGABYTE, tables: { a: 100_000 } };
  const earlier = [1, 2, 3].map(() => run({ ...large, compression: '0' }));
  assert.deepEqual(
    findAnomalies(run({ sizeBytes: MEGABYTE, tables: { a: 100_000 } }), earlier, 50),
    [],
    'another compression',
  );
  const leftOut = ['--exclude-table-data=a'];
  assert.deepEqual(
    findAnomalies(
      run({ leftOut }),
      [1, 2, 3].map(() => run(large)),
      50,
    ),
    [],
    'other options',
  );
  const partial = run({ sizeBytes: 100 * MEGABYTE, tables: {}, status: 'partial' });
  assert.deepEqual(
    findAnomalies(
      partial,
      [1, 2, 3].map(() => run(large)),
      50,
    ),
    [],
    'not everything was counted',
  );
});

test('the new level becomes usual by itself, and at once where a person accepted it', () => {
  const large = { sizeBytes: 100 * MEGABYTE };
  const small = { sizeBytes: 10 * MEGABYTE, hasWarning: true };
  const older = [1, 2, 3, 4, 5, 6, 7].map(() => run(large));
  assert.equal(findAnomalies(run(small), [run(small), ...older], 50).length, 1);
  const accepted = run({ ...small, acceptedAt: '2026-11-20T00:00:00Z' });
  assert.deepEqual(findAnomalies(run(small), [accepted, ...older], 50), []);
  assert.equal(findAnomalies(run(large), [accepted, ...older], 50).length, 1, 'back at the old level');
  const many = [1, 2, 3, 4].map(() => run(small));
  assert.deepEqual(findAnomalies(run(small), [...many, ...older], 50), []);
});

function run(facts: Facts): RunRecord {
  const { sizeBytes = MEGABYTE, tables = {}, status = 'complete', compression = '9', leftOut = [] } = facts;
  const { acceptedAt, hasWarning = false } = facts;
  return {
    ...{ version: 1, run: 'r', database: 'community', host: 'db', port: 5432, mode: 'local', tool: 'sdk' },
    ...{ runner: { hostname: 'h', version: '0' }, startedAt: '', finishedAt: '', durationSeconds: 1 },
    ...{ status: 'SUCCESS', proof: 'read', stages: [], globals: 'none', remote: [], awaitsUpload: false },
    ...{ compression, encryption: 'none', leftOut, artifacts: [{ name: 'r.dump', sizeBytes, sha256: '' }] },
    fingerprint: {
      ...{ level: 'counts', status, durationSeconds: 0, rowsByTable: tables, sequences: 0, largeObjects: 0 },
      rows: Object.values(tables).reduce((sum, rows) => sum + rows, 0),
      inventory: {},
    },
    ...(hasWarning ? { warning: { anomalies: [], ...(acceptedAt ? { acceptedAt } : {}) } } : {}),
  };
}
