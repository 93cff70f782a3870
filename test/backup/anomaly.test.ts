import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseBaseline, findAnomalies, holdsRetention } from '../../src/backup/anomaly.ts';
import type { Anomaly, RunRecord } from '../../src/report/record.ts';

const MEGABYTE = 1024 * 1024;

interface Facts {
  readonly sizeBytes?: number;
  readonly tables?: Record<string, number>;
  readonly status?: 'complete' | 'partial';
  readonly compression?: string;
  readonly leftOut?: readonly string[];
}

test('what lies below half the median, or above its double, is told with both figures', () => {
  const earlier = [
    run({ sizeBytes: 10 * MEGABYTE }),
    run({ sizeBytes: 11 * MEGABYTE }),
    run({ sizeBytes: 12 * MEGABYTE }),
  ];
  const median = 11 * MEGABYTE;
  const check = (sizeBytes: number) => anomaliesOf(run({ sizeBytes }), earlier, 50);
  assert.deepEqual(check(5 * MEGABYTE), [{ kind: 'size', found: 5 * MEGABYTE, median }]);
  assert.deepEqual(check(23 * MEGABYTE), [{ kind: 'size', found: 23 * MEGABYTE, median }]);
  for (const sizeBytes of [6 * MEGABYTE, 11 * MEGABYTE, 21 * MEGABYTE])
    assert.deepEqual(check(sizeBytes), []);
});

test('a table that lost its rows, or is gone, is named even where the whole is as large as ever', () => {
  const usual = { '"public"."big"': 100_000, '"public"."item"': 800 };
  const earlier = [run({ tables: usual }), run({ tables: usual }), run({ tables: usual })];
  const emptied = anomaliesOf(run({ tables: { ...usual, '"public"."item"': 3 } }), earlier, 50);
  assert.deepEqual(emptied, [{ kind: 'table', object: '"public"."item"', found: 3, median: 800 }]);
  const gone = anomaliesOf(run({ tables: { '"public"."big"': 100_000 } }), earlier, 50);
  assert.deepEqual(gone, [{ kind: 'table', object: '"public"."item"', found: 0, median: 800 }]);
});

test('the rows of all tables are looked at, too', () => {
  const earlier = [1, 2, 3].map(() => run({ tables: { a: 1000, b: 1000, c: 1000 } }));
  const found = anomaliesOf(run({ tables: { a: 0, b: 0, c: 1000 } }), earlier, 50);
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
  assert.deepEqual(anomaliesOf(run({ tables: { a: 2, fresh: 70 } }), earlier, 50), []);
});

test('two runs are too few to tell what is usual, and 0 per cent means never', () => {
  const earlier = [run({ sizeBytes: 100 * MEGABYTE }), run({ sizeBytes: 100 * MEGABYTE })];
  assert.deepEqual(anomaliesOf(run({}), earlier, 50), []);
  const enough = [...earlier, run({ sizeBytes: 100 * MEGABYTE })];
  assert.equal(anomaliesOf(run({}), enough, 50).length, 1);
  assert.deepEqual(anomaliesOf(run({}), enough, 0), []);
});

test('only what was made in the same way is compared', () => {
  const large = { sizeBytes: 100 * MEGABYTE, tables: { a: 100_000 } };
  const earlier = [1, 2, 3].map(() => run({ ...large, compression: '0' }));
  assert.deepEqual(
    anomaliesOf(run({ sizeBytes: MEGABYTE, tables: { a: 100_000 } }), earlier, 50),
    [],
    'another compression',
  );
  const leftOut = ['--exclude-table-data=a'];
  assert.deepEqual(
    anomaliesOf(
      run({ leftOut }),
      [1, 2, 3].map(() => run(large)),
      50,
    ),
    [],
    'other options',
  );
  const partial = run({ sizeBytes: 100 * MEGABYTE, tables: {}, status: 'partial' });
  assert.deepEqual(
    anomaliesOf(
      partial,
      [1, 2, 3].map(() => run(large)),
      50,
    ),
    [],
    'not everything was counted',
  );
});

test('a loss stays one until a person accepts it; growth becomes usual by itself', () => {
  const large = { sizeBytes: 100 * MEGABYTE };
  const small = { sizeBytes: 10 * MEGABYTE };
  const older = [1, 2, 3, 4, 5, 6, 7].map(() => run(large));
  const lost = warned(small, older);
  assert.ok(holdsRetention(lost));
  const weeks = Array.from({ length: 50 }, () => lost);
  assert.equal(anomaliesOf(run(small), [...weeks, ...older], 50).length, 1);
  assert.deepEqual(anomaliesOf(run(large), [...weeks, ...older], 50), []);

  const accepted = { ...lost, warning: { anomalies: [], acceptedAt: '2026-11-20T00:00:00Z' } };
  assert.ok(!holdsRetention(accepted));
  assert.deepEqual(anomaliesOf(run(small), [accepted, ...older], 50), []);
  assert.equal(anomaliesOf(run(large), [accepted, ...older], 50).length, 1, 'back at the old level');

  const grown = warned({ sizeBytes: 300 * MEGABYTE }, older);
  assert.ok(grown.warning);
  assert.ok(!holdsRetention(grown), 'nothing is lost by growth');
  const history: RunRecord[] = [...older];
  let nights = 0;
  while (nights < 20) {
    const next = warned({ sizeBytes: 300 * MEGABYTE }, history);
    if (!next.warning) break;
    history.unshift(next);
    nights += 1;
  }
  assert.ok(nights < 7, `${nights}`);
});

test('what is unsteady by itself is not judged', () => {
  // As a queue: no two nights alike.
  const queue = [0, 1800, 400, 90, 1200, 700, 30];
  const earlier = queue.map((rows) => run({ tables: { queue: rows, orders: 50_000 } }));
  assert.deepEqual(anomaliesOf(run({ tables: { queue: 0, orders: 50_000 } }), earlier, 50), []);
  assert.deepEqual(anomaliesOf(run({ tables: { queue: 9000, orders: 50_000 } }), earlier, 50), []);
  assert.equal(anomaliesOf(run({ tables: { queue: 9000, orders: 100 } }), earlier, 50).length, 2);
});

test('a table that is a part smaller is told, and one that is all but gone holds retention', () => {
  const earlier = [1, 2, 3].map(() => run({ tables: { big: 1_000_000, item: 1000 } }));
  assert.ok(!holdsRetention(warned({ tables: { big: 1_000_000, item: 400 } }, earlier)));
  assert.ok(holdsRetention(warned({ tables: { big: 1_000_000, item: 90 } }, earlier)));
});

function anomaliesOf(one: RunRecord, earlier: readonly RunRecord[], percent: number): Anomaly[] {
  return findAnomalies(one, chooseBaseline(one.leftOut, earlier), percent);
}

/** A run with the warning that it gets after those. */
function warned(facts: Facts, earlier: readonly RunRecord[]): RunRecord {
  const one = run(facts);
  const anomalies = anomaliesOf(one, earlier, 50);
  return anomalies.length > 0 ? { ...one, warning: { anomalies } } : one;
}

function run(facts: Facts): RunRecord {
  const { sizeBytes = MEGABYTE, tables = {}, status = 'complete', compression = '9', leftOut = [] } = facts;
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
  };
}
