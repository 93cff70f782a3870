import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Report } from '../../src/report/report.ts';
import { REPORT_EXAMPLE } from '../report/report-example.ts';
import { startSite, writeReportFile } from './site.ts';

const LIMIT = { timeout: 60_000 };
const LIST = '/api/admin/backup/list';
const LATEST = '/api/admin/backup/latest';

test('no report yet is a success without data', LIMIT, async (t) => {
  const { address } = await startSite(t);
  const latest = await fetch(address + LATEST);
  assert.equal(latest.status, 200);
  assert.equal(latest.headers.get('content-type'), 'application/json; charset=utf-8');
  assert.equal(await latest.text(), '{"code":200,"message":""}');
  assert.equal(
    await (await fetch(address + LIST)).text(),
    '{"code":200,"message":"","data":{"records":[],"total":0,"size":10,"current":1,"pages":0}}',
  );
});

test('the newest report, to the byte', LIMIT, async (t) => {
  const { address } = await startSite(t, {
    prepare: (layout) => writeReportFile(layout, 'community_20251011T180000Z_db01', {}),
  });
  const record =
    '{"database":"community","startedAt":"2025-10-11T18:00:00Z","finishedAt":"2025-10-11T18:05:12Z","durationSeconds":312,"mode":"both",' +
    '"status":"SUCCESS","sizeBytes":123456789,"localFile":"/data/db-backups/data/community_20251011T180000Z_db01.dump",' +
    '"remoteUrls":["oss://bucket/postgres/backups/community_20251011T180000Z_db01.dump"]}';
  assert.equal(await (await fetch(address + LATEST)).text(), `{"code":200,"message":"","data":${record}}`);
  assert.equal(
    await (await fetch(address + LIST)).text(),
    `{"code":200,"message":"","data":{"records":[${record}],"total":1,"size":10,"current":1,"pages":1}}`,
  );
  const head = await fetch(address + LATEST, { method: 'HEAD' });
  assert.deepEqual([head.status, await head.text()], [200, '']);
});

const REMOTE: Readonly<Record<string, readonly [remote: unknown, expected: unknown]>> = {
  'one address': [{ urls: ['oss://b/x'] }, ['oss://b/x']],
  'the empty one of the old script': [{ urls: [''] }, null],
  'an empty one among others': [{ urls: ['', 'oss://b/x'] }, ['oss://b/x']],
  'an empty list': [{ urls: [] }, null],
  'no list': [{}, null],
  nothing: [undefined, null],
  'something else': [['oss://b/x'], null],
};
for (const [what, [remote, expected]] of Object.entries(REMOTE)) {
  test(`the addresses of a report with ${what}`, LIMIT, async (t) => {
    const { get } = await startSite(t, {
      prepare: (layout) => writeReportFile(layout, 'r', { remote } as Partial<Report>),
    });
    const { body } = await get(LATEST);
    assert.deepEqual((body as { data: { remoteUrls: unknown } }).data.remoteUrls, expected);
  });
}

test('two runs with the same texts but for line ends are not mixed up', LIMIT, async (t) => {
  const { get } = await startSite(t, {
    prepare: (layout) => {
      writeReportFile(layout, 'a', { finishedAt: '1', remote: { urls: ['oss://x', 'oss://y'] } });
      writeReportFile(layout, 'b', { finishedAt: '2', remote: { urls: ['oss://x\noss://y'] } });
    },
  });
  assert.deepEqual(
    (await records(get, '')).map((record) => record['remoteUrls']),
    [['oss://x\noss://y'], ['oss://x', 'oss://y']],
  );
});

test('what a report lacks is null, and what it has of another kind too', LIMIT, async (t) => {
  const bare = {
    database: 'd',
    startedAt: '2025-10-11T18:00:00Z',
    status: 'FAILED',
    durationSeconds: 'long',
  };
  const { get } = await startSite(t, {
    prepare: (layout) => writeReportFile(layout, 'bare', JSON.stringify({ ...bare, local: [], mode: 7 })),
  });
  assert.deepEqual((await records(get, ''))[0], {
    ...{ database: 'd', startedAt: '2025-10-11T18:00:00Z', finishedAt: null, durationSeconds: null },
    ...{ mode: null, status: 'FAILED', sizeBytes: null, localFile: null, remoteUrls: null },
  });
});

test('newest finish first as text, with filters and pages', LIMIT, async (t) => {
  const { get } = await startSite(t, {
    prepare: (layout) => {
      for (const [name, finishedAt, status] of [
        ['a', '2025-10-11T18:05:12Z', 'SUCCESS'],
        ['b', '2025-10-12T18:05:12Z', 'FAILED'],
        ['c', '9', 'SUCCESS'],
        ['d', undefined, 'SUCCESS'],
        ['e', '2025-10-11T18:05:13Z', 'SUCCESS'],
      ] as const)
        writeReportFile(layout, name, {
          database: name,
          status,
          ...(finishedAt === undefined ? { finishedAt: undefined as never } : { finishedAt }),
        });
    },
  });
  const names = async (query: string) =>
    (await records(get, query)).map((record) => record['database']).join('');
  assert.equal(await names(''), 'cbead');
  assert.equal(await names('?pageNum=1&pageSize=2'), 'cb');
  assert.equal(await names('?pageNum=3&pageSize=2'), 'd');
  assert.equal(await names('?pageNum=4&pageSize=2'), '');
  assert.equal(await names('?status=success'), 'cead');
  assert.equal(await names('?status=Failed'), 'b');
  assert.equal(await names('?status='), 'cbead');
  assert.equal(await names('?status=running'), '');
  assert.equal(await names('?_=1736500000'), 'cbead', 'what browsers add');
  const past = (await get(`${LIST}?pageNum=999999999999999&pageSize=2&status=SUCCESS`)).body;
  assert.deepEqual(past, {
    code: 200,
    message: '',
    data: { records: [], total: 4, size: 2, current: 999_999_999_999_999, pages: 2 },
  });
});

test('what is not a positive whole number, or too much, is 400 of the agreed shape', LIMIT, async (t) => {
  const { get } = await startSite(t);
  const wrong = ['0', '-1', '1.5', '1e1', '0x10', '%2B1', '%201', 'abc', '', '1'.repeat(30), '١'];
  for (const query of [
    ...wrong.flatMap((value) => [`pageNum=${value}`, `pageSize=${value}`]),
    'pageSize=201',
    'pageNum=1&pageNum=2',
    'status=SUCCESS&status=FAILED',
  ]) {
    const { status, body } = await get(`${LIST}?${query}`);
    assert.equal(status, 400, query);
    assert.deepEqual(Object.keys(body as object), ['code', 'message'], query);
    assert.equal((body as { code: number }).code, 400, query);
  }
  assert.equal((await get(`${LIST}?pageNum=007&pageSize=200`)).status, 200);
});

test('errors are Chinese where the settings say so', LIMIT, async (t) => {
  const { get } = await startSite(t, { changes: { language: 'zh' } });
  assert.deepEqual((await get(`${LIST}?pageSize=1000`)).body, { code: 400, message: 'pageSize：最大为 200' });
  assert.deepEqual((await get('/nothing')).body, { code: 404, message: '未找到' });
});

test('reports that nobody may list are 503: nothing is known of them', LIMIT, async (t) => {
  const { get } = await startSite(t, {
    prepare: ({ reports }) => {
      writeFileSync(reports, 'no directory');
    },
  });
  const { status, body, headers } = await get(LATEST);
  assert.deepEqual([status, body], [503, { code: 503, message: 'Not ready yet' }]);
  assert.equal(headers.get('retry-after'), '10');
});

test('records without a report are not on the platform’s list', LIMIT, async (t) => {
  const { get } = await startSite(t, {
    prepare: ({ records: directory }) => {
      mkdirSync(directory, { recursive: true });
      writeFileSync(
        `${directory}/community_20251011T180000Z_db01.json`,
        JSON.stringify({
          ...REPORT_EXAMPLE,
          version: 1,
          run: 'r',
          artifacts: [],
          remote: [],
          awaitsUpload: false,
        }),
      );
    },
  });
  assert.deepEqual(await records(get, ''), []);
});

async function records(
  get: (path: string) => Promise<{ body: unknown }>,
  query: string,
): Promise<Record<string, unknown>[]> {
  const { body } = await get(LIST + query);
  return (body as { data: { records: Record<string, unknown>[] } }).data.records;
}
