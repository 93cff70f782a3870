import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FOREIGN_REPORT_SCHEMA, REPORT_SCHEMA, utcSecond } from '../../src/report/report.ts';
import { compileSchema } from '../../src/schema.ts';
import { REPORT_EXAMPLE } from './report-example.ts';

const check = compileSchema(REPORT_SCHEMA);

test('the example of the contract is a report', () => {
  assert.deepEqual(check(REPORT_EXAMPLE), []);
});

test('the schema has exactly the keys that the platform knows, at every level', () => {
  assert.deepEqual(Object.keys(REPORT_SCHEMA['properties']), [
    'database',
    'host',
    'port',
    'startedAt',
    'finishedAt',
    'durationSeconds',
    'mode',
    'tool',
    'status',
    'errorMessage',
    'local',
    'remote',
  ]);
  assert.deepEqual(Object.keys(REPORT_SCHEMA['properties'].local.properties), [
    'file',
    'globalsFile',
    'checksumSha256',
    'sizeBytes',
  ]);
  assert.deepEqual(Object.keys(REPORT_SCHEMA['properties'].remote.properties), ['urls']);
});

for (const place of ['', 'local', 'remote'] as const) {
  test(`one property more or less ${place === '' ? 'at the top' : `in ${place}`} is no report`, () => {
    const change = (edit: (object: Record<string, unknown>) => void): unknown => {
      const report = structuredClone(REPORT_EXAMPLE) as unknown as Record<string, unknown>;
      edit(place === '' ? report : (report[place] as Record<string, unknown>));
      return report;
    };
    const more = change((object) => {
      object['stages'] = [];
    });
    assert.deepEqual(check(more), [{ property: 'stages', kind: 'unknown' }]);
    const keys = Object.keys(place === '' ? REPORT_EXAMPLE : REPORT_EXAMPLE[place]);
    for (const key of keys) {
      const less = change((object) => {
        delete object[key];
      });
      assert.deepEqual(check(less), [{ property: key, kind: 'missing' }]);
    }
  });
}

test('a value of another type or form is no report', () => {
  for (const wrong of [
    { port: 5432 },
    { durationSeconds: 1.5 },
    { durationSeconds: -1 },
    { durationSeconds: '312' },
    { status: 'RUNNING' },
    { status: 'success' },
    { mode: 'remote' },
    { startedAt: '2025-10-11T18:00:00.000Z' },
    { finishedAt: '2025-10-11T20:05:12+02:00' },
    { errorMessage: null },
    { remote: { urls: [1] } },
    { remote: { urls: 'oss://bucket/x' } },
    { local: { ...REPORT_EXAMPLE.local, sizeBytes: 1.5 } },
  ]) {
    assert.equal(check({ ...REPORT_EXAMPLE, ...wrong }).length, 1, JSON.stringify(wrong));
  }
});

test('times are UTC to the second, cut and not rounded', () => {
  assert.equal(utcSecond(new Date('2025-10-11T20:00:00.999+02:00')), '2025-10-11T18:00:00Z');
});

test('a report of the old script needs only what tells which run it was and how it ended', () => {
  const isUsable = compileSchema(FOREIGN_REPORT_SCHEMA);
  assert.deepEqual(
    isUsable({ database: 'd', startedAt: '2025-10-11T18:00:00Z', status: 'FAILED', more: 1 }),
    [],
  );
  assert.deepEqual(isUsable({ startedAt: '2025-10-11T18:00:00Z', status: 'FAILED' }), [
    { property: 'database', kind: 'missing' },
  ]);
});
