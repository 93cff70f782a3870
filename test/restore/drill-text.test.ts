import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DrillRecord } from '../../src/report/drill-record.ts';
import { describeDrill } from '../../src/restore/drill-text.ts';

const STARTED_AT = '2026-11-25T03:00:00.000Z';
const COMPARED = {
  ...{ tables: 2, rows: 1020, sequences: 1, largeObjects: 3, objects: 9 },
  ...{ contents: true, definitions: true, collation: true },
};
const EQUAL: DrillRecord = {
  version: 1,
  run: 'shop_20261125T020000Z_db',
  database: 'shop',
  runner: { hostname: 'db', version: '0.0.0' },
  startedAt: STARTED_AT,
  finishedAt: STARTED_AT,
  durationSeconds: 12,
  outcome: 'equal',
  place: 'remote',
  sizeBytes: 2_000_000,
  server: { kind: 'embedded', version: '17.10' },
  client: { version: '17.10' },
  jobs: 4,
  phases: (['fetch', 'checksum', 'read', 'server', 'prepare', 'restore', 'compare', 'clear'] as const).map(
    (name, index) => ({ name, startedAt: STARTED_AT, durationSeconds: index + 0.5, outcome: 'done' }),
  ),
  recoverySeconds: 9.75,
  compared: COMPARED,
  differences: [],
  omissions: [],
};

const english = (record: DrillRecord): string => describeDrill(record, 'en');

test('a drill that found everything equal says what it did', () => {
  assert.equal(
    english(EQUAL),
    `Drill of shop_20261125T020000Z_db
  fetched   2 MB in 0.5 s
  checked   sha256 of 2 MB in 1.5 s
  restored  into a throw-away PostgreSQL 17.10, -j 4, in 5.5 s
  compared  2 tables with 1020 rows, 1 sequences, 3 large objects, 9 objects in 6.5 s
  recovery  9.75 s from the first byte to the last row
  result    restored, and equal
`,
  );
  assert.equal(
    describeDrill(EQUAL, 'zh').replaceAll(/[\d.]+/g, 'N'),
    `演练 shop_NTNZ_db
  下载  N MB，用时 N 秒
  校验  N MB 的 shaN，用时 N 秒
  恢复  至用后即弃的 PostgreSQL N，-j N，用时 N 秒
  比对  N 张表共 N 行、N 个序列、N 个大对象、N 个对象，用时 N 秒
  恢复时间  从首字节到末行共 N 秒
  结果  已恢复，且完全一致
`,
  );
});

test('a named server is told from a throw-away one', () => {
  const record: DrillRecord = { ...EQUAL, server: { kind: 'named', version: '15.3' } };
  assert.match(english(record), /restored {2}into a scratch database of PostgreSQL 15\.3, -j 4/);
});

for (const [part, told] of [
  ['contents', /^ {4}not compared: the contents of the rows \(BACKUP_FINGERPRINT=content does\)$/m],
  [
    'definitions',
    /^ {4}not compared: definitions of objects, which servers of two majors write differently$/m,
  ],
  ['collation', /^ {4}not compared: the collation of the database, which the scratch server lacks$/m],
] as const) {
  test(`a drill that did not compare ${part} never says just "equal"`, () => {
    const text = english({ ...EQUAL, compared: { ...COMPARED, [part]: false } });
    assert.match(text, told);
    assert.match(text, /result {4}restored; everything that was compared is equal\n$/);
    assert.doesNotMatch(text, /and equal/);
  });
}

describe('a difference', () => {
  const lineOf = (kind: string, found = ''): string => {
    const difference = { kind, object: 'table shop.item', expected: '1', found };
    const text = english({ ...EQUAL, outcome: 'different', differences: [difference] });
    assert.match(text, /result {4}restored, and DIFFERENT in 1 places\n$/);
    return text.split('\n').find((line) => line.includes('≠')) ?? '';
  };
  for (const [kind, line] of [
    ['missing', '  ≠ table shop.item: missing'],
    ['unexpected', '  ≠ table shop.item: was not in the backup'],
    ['not restored', '  ≠ not restored: table shop.item: 2'],
    ['unreadable', '  ≠ table shop.item: cannot be read: 2'],
    ['rows', '  ≠ table shop.item: rows: "1" in the backup, "2" restored'],
    ['content', '  ≠ table shop.item: contents: "1" in the backup, "2" restored'],
    ['grants', '  ≠ table shop.item: rights: "1" in the backup, "2" restored'],
    ['of a later version', '  ≠ table shop.item: of a later version: "1" in the backup, "2" restored'],
  ] as const) {
    test(`is one line: ${kind}`, () => assert.equal(lineOf(kind, '2'), line));
  }

  test('is only counted after the first fifty', () => {
    const differences = Array.from({ length: 53 }, (_, index) => {
      return { kind: 'missing', object: `table t${index}`, expected: '', found: '' };
    });
    const text = english({ ...EQUAL, outcome: 'different', differences });
    assert.equal(text.match(/≠/g)?.length, 50);
    assert.match(text, /\n {2}… and 3 more\n/);
    assert.match(text, /DIFFERENT in 53 places\n$/);
  });
});

describe('what was left out', () => {
  for (const [kind, told] of [
    ['rows', /≠ NOT in the backup, by PG_DUMP_EXTRA_OPTS: the rows of a, b$/m],
    ['large objects', /≠ NOT in the backup, by PG_DUMP_EXTRA_OPTS: the large objects$/m],
    ['options', /≠ NOT in the backup, by PG_DUMP_EXTRA_OPTS: what these leave out: a, b$/m],
    ['partial', /\? not compared, because the fingerprint is partial: a, b$/m],
    ['owners', /\? not compared: the owners, /],
    ['grants', /\? not compared: the rights, /],
    ['no fingerprint', /\? not compared: anything, because the backup has no fingerprint/],
  ] as const) {
    test(`is named: ${kind}`, () => {
      const compared = kind === 'no fingerprint' ? null : COMPARED;
      const record: DrillRecord = {
        ...EQUAL,
        ...{ outcome: 'incomplete', compared, omissions: [{ kind, objects: ['a', 'b'] }] },
      };
      assert.match(english(record), told);
      assert.match(
        english(record),
        /result {4}restored; what was compared is equal, but not everything was compared or is in the backup\n$/,
      );
      assert.equal(english(record).includes('  compared  '), compared !== null);
      assert.doesNotMatch(describeDrill(record, 'zh'), /undefined|\{|[a-z]{12}/);
    });
  }
});

test('a drill that failed says only what it did', () => {
  const { server: _server, recoverySeconds: _recovery, ...rest } = EQUAL;
  const failed: DrillRecord = {
    ...rest,
    ...{ outcome: 'failed', compared: null },
    phases: EQUAL.phases
      .slice(0, 2)
      .map((phase) => ({ ...phase, outcome: phase.name === 'fetch' ? 'done' : 'failed' })),
    error: { code: 'COPY_ALTERED', exitCode: 14, phase: 'checksum', message: 'it is altered', hint: '' },
  };
  assert.equal(
    english(failed),
    'Drill of shop_20261125T020000Z_db\n  fetched   2 MB in 0.5 s\n  result    NOT restored: it is altered\n',
  );
  const later = english({
    ...EQUAL,
    outcome: 'failed',
    compared: null,
    ...(failed.error ? { error: failed.error } : {}),
  });
  assert.match(
    later,
    /\n {2}restored {2}into .*\n.*\n {2}result {4}restored, but NOT compared: it is altered\n$/,
  );
});
