import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import type { TargetContext } from '../../src/backup/context.ts';
import { openReportSource } from '../../src/backup/report-source.ts';
import { type Layout, layoutOf } from '../../src/files/layout.ts';
import { type SharedKind, sharedPath } from '../../src/report/report-source.ts';
import { Secret } from '../../src/secret.ts';
import { openSite } from '../../src/server/overview/site.ts';
import { recordingContext } from '../backup/recording-context.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { BUCKET, type OssBucket, startOssBucket } from '../integration/oss-bucket.ts';
import { until } from '../integration/until.ts';
import { ObjectStore } from '../oss-server/object-store.ts';
import { type OssServer, startOssServer } from '../oss-server/server.ts';
import { REPORT_EXAMPLE } from '../report/report-example.ts';
import { recordRun } from '../schedule/recorded-run.ts';
import { NOW, type RunningSite, type SiteOptions, startSite } from './site.ts';

const LIMIT = { timeout: 60_000 };
const KINDS: readonly SharedKind[] = ['reports', 'records', 'drills'];
const REPORT = JSON.stringify({ ...REPORT_EXAMPLE, host: 'db', port: '5432' });
const GOOD = 'community_20270110T020000Z_h.json';

describe('the report server reads from OSS', { concurrency: false }, () => {
  let bucket: OssBucket;
  before(async () => {
    bucket = await startOssBucket();
  });
  after(() => bucket.close());

  const settingsFor = (
    prefix: string,
    endpoint = bucket.server.endpoint,
    key?: string,
  ): SiteOptions['settings'] => {
    const { OSS_REGION, OSS_ACCESS_KEY_ID, OSS_ACCESS_KEY_SECRET } = bucket.settings(prefix);
    return {
      REPORT_SOURCE: `oss://${BUCKET}/${prefix}`,
      OSS_ENDPOINT: endpoint,
      OSS_REGION,
      OSS_ACCESS_KEY_ID: new Secret(key ?? OSS_ACCESS_KEY_ID ?? ''),
      OSS_ACCESS_KEY_SECRET: new Secret(OSS_ACCESS_KEY_SECRET ?? ''),
    };
  };
  /** A site on an empty directory that reads what lies below the prefix. */
  const siteOn = (t: TestContext, prefix: string, more: SiteOptions = {}): Promise<RunningSite> =>
    startSite(t, { ...more, settings: { ...settingsFor(prefix), ...more.settings } });
  /** A server that holds objects which no client would put: by key, with their content or their size. */
  const startWith = async (
    t: TestContext,
    objects: ReadonlyMap<string, string | number>,
  ): Promise<OssServer> => {
    const dataDirectory = mkdtempSync(join(tmpdir(), 'pg-backup-objects-'));
    t.after(() => rmSync(dataDirectory, { recursive: true, force: true }));
    const store = await ObjectStore.open(join(dataDirectory, 'objects'), [{ name: BUCKET }]);
    for (const [key, content] of objects) {
      const path = store.pathOf(BUCKET, key);
      writeFileSync(path, typeof content === 'string' ? content : '');
      if (typeof content === 'number') truncateSync(path, content);
      const sizeBytes = statSync(path).size;
      const facts = { key, sizeBytes, crc64: '0', etag: '"A"', type: 'Normal', acl: 'default', headers: {} };
      writeFileSync(
        `${path}.json`,
        JSON.stringify({ ...facts, tags: {}, lastModified: '2027-01-10T02:00:00.000Z' }),
      );
    }
    const { OSS_ACCESS_KEY_ID = '', OSS_ACCESS_KEY_SECRET = '', OSS_REGION = '' } = bucket.settings('');
    const server = await startOssServer({
      ...{ dataDirectory, region: OSS_REGION, buckets: [BUCKET] },
      credentials: [{ accessKeyId: OSS_ACCESS_KEY_ID, accessKeySecret: OSS_ACCESS_KEY_SECRET }],
    });
    t.after(() => server.close());
    return server;
  };
  const upload = async (layout: Layout, prefix: string): Promise<void> => {
    for (const kind of KINDS) {
      for (const name of namesIn(layout[kind])) {
        await bucket.put(`${prefix}/${kind}/${sharedPath(name)}`, readFileSync(join(layout[kind], name)));
      }
    }
  };

  test('what it answers is what a server on the volume answers', LIMIT, async (t) => {
    const volume = layoutOf(temporaryDirectory(t));
    for (const startedAt of ['2027-01-10T02:00:00Z', '2026-12-09T02:00:00Z', '2025-03-01T02:00:00Z']) {
      recordRun(volume, { startedAt });
    }
    const failed = recordRun(volume, { startedAt: '2027-01-09T02:00:00Z', errorCode: 'DUMP_FAILED' });
    addDrill(volume, failed);
    await upload(volume, 'same');
    const site = await siteOn(t, 'same');
    const other = await startSite(t, { settings: { BACKUP_BASE_DIR: volume.base } });
    for (const path of [
      '/api/admin/backup/latest',
      '/api/admin/backup/list?pageSize=200',
      '/api/v1/runs',
      `/api/v1/runs/${failed}`,
      '/api/v1/drills',
      '/healthz',
    ]) {
      const [here, there] = await Promise.all([site, other].map(({ address }) => textOf(address + path)));
      assert.equal(here, there, path);
      assert.match(here ?? '', /^\{"(code":200|runs":\[\{|run":\{|drills":\[\{|status":"healthy")/, path);
    }
    const { volumes } = (await site.get('/api/v1/summary')).body as { volumes: object[] };
    assert.deepEqual(namesIn(site.layout.base), []);
    assert.match(JSON.stringify(volumes), /oss:\/\/backups\/same/);
  });

  test('a second look lists from the month before on, and fetches nothing', LIMIT, async (t) => {
    const volume = layoutOf(temporaryDirectory(t));
    const months = Array.from({ length: 30 }, (_, index) => new Date(Date.UTC(2024, 7 + index, 5, 2)));
    for (const startedAt of months) recordRun(volume, { startedAt });
    await upload(volume, 'months');
    // A page of OSS is of a thousand: what is new must be found behind many old ones.
    const before = bucket.server.requests.length;
    const { site } = await siteOn(t, 'months');
    const asked = () => bucket.server.requests.slice(before);
    const count = (operation: string) => asked().filter((one) => one.operation === operation).length;
    assert.equal(site.followed.index.runs.items.length, 30);
    assert.equal(count('GetObject'), 60);
    const lists = count('ListObjectsV2');
    await until(() => count('ListObjectsV2') >= lists + 6, true);
    assert.equal(count('GetObject'), 60);
    assert.deepEqual([...new Set(asked().map(({ operation }) => operation))].sort(), [
      'GetObject',
      'ListObjectsV2',
    ]);

    // An old one that is new is of no look but the one at everything; those of two months are found at once.
    await bucket.put('months/reports/2024/01/community_20240105T020000Z_h.json', REPORT);
    await bucket.put('months/reports/2026/12/community_20261206T020000Z_h.json', REPORT);
    await until(() => site.followed.index.reported.items.length, 31);
    assert.equal(count('GetObject'), 61);
  });

  test('what is old and new, or gone, is found by the looks at everything', LIMIT, async (t) => {
    const name = 'community_20200105T020000Z_h.json';
    await bucket.put(`old/reports/${sharedPath(name)}`, REPORT);
    const { site } = await siteOn(t, 'old', { follow: { relistMilliseconds: 0 } });
    const names = () => site.followed.index.reported.items.map(({ fileName }) => fileName);
    assert.deepEqual(names(), [name]);
    const other = 'community_20210105T020000Z_h.json';
    await bucket.put(`old/reports/${sharedPath(other)}`, REPORT);
    await until(names, [other, name]);
    await bucket.remove(`old/reports/${sharedPath(name)}`);
    await until(names, [other]);
  });

  test('what changes and goes is found', LIMIT, async (t) => {
    const key = `changes/reports/${sharedPath(GOOD)}`;
    await bucket.put(key, REPORT);
    const { site } = await siteOn(t, 'changes');
    const finish = () => site.followed.index.reported.items.map(({ report }) => report?.finishedAt);
    assert.deepEqual(finish(), [REPORT_EXAMPLE.finishedAt]);
    await bucket.put(key, REPORT.replace(REPORT_EXAMPLE.finishedAt, '2027-01-10T03:00:00Z'));
    await until(finish, ['2027-01-10T03:00:00Z']);
    await bucket.put(key, REPORT.slice(0, 100));
    await until(() => site.followed.unreadable().count, 1);
    assert.deepEqual(finish(), ['2027-01-10T03:00:00Z'], 'what was known stays');
    await bucket.remove(key);
    await until(finish, []);
    assert.deepEqual(site.followed.unreadable(), { count: 0, files: [] });
  });

  test('what is hostile is passed over, counted and named', LIMIT, async (t) => {
    const bad = [
      '2027/01/no-time.json',
      `2026/12/${GOOD}`,
      `2027/01/x/${GOOD}`,
      `${GOOD}`,
      '2027/01/../../../etc/passwd.json',
      '2027/01/<script>alert(1)<\u0007script>.json',
      '2027/01/community_20270110T030000Z_h.json',
      '2027/13/community_20271310T030000Z_h.json',
      '2027/01/__proto___20270110T020000Z_h.json',
    ];
    const contentOf = (path: string) =>
      path.includes('__proto__') ? '{"__proto__":{}}' : path.includes('T03') ? '{' : REPORT;
    const objects = new Map(bad.map((path) => [`reports/${path}`, contentOf(path)]));
    objects.set(`reports/${sharedPath(GOOD)}`, REPORT);
    objects.set('reports/2027/01/readme.txt', 'no JSON');
    objects.set('reports/2027/01/', '');
    const server = await startWith(t, objects);
    const settings = { ...settingsFor('', server.endpoint), REPORT_SOURCE: `oss://${BUCKET}/` };
    const { site, get } = await startSite(t, { settings });
    assert.deepEqual(
      [...site.followed.unreadable().files].sort(),
      bad.map((path) => `oss://${BUCKET}/reports/${path}`).sort(),
    );
    assert.equal(site.followed.index.runs.items.length, 1);
    assert.deepEqual(site.followed.problems, []);
    const fetched = server.requests.filter(({ operation }) => operation === 'GetObject');
    assert.equal(fetched.length, 3, 'what has no name of ours is not even asked for');
    assert.equal((await get('/healthz')).status, 200);
    assert.match(
      String((await get('/metrics')).body),
      new RegExp(`^pg_backup_unreadable_files ${bad.length}$`, 'm'),
    );
  });

  test('an object of 2 GB is not read', LIMIT, async (t) => {
    const key = `reports/${sharedPath(GOOD)}`;
    const large = await startWith(t, new Map([[key, 2 * 1024 ** 3]]));
    const settings = { ...settingsFor('', large.endpoint), REPORT_SOURCE: `oss://${BUCKET}` };
    const { site } = await startSite(t, { settings });
    assert.deepEqual(site.followed.unreadable(), { count: 1, files: [`oss://${BUCKET}/${key}`] });
    assert.ok(large.requests.every(({ operation }) => operation === 'ListObjectsV2'));
  });

  test('an object that has grown since it was listed is not read beyond the limit', LIMIT, async (t) => {
    await bucket.put('grown/reports/2027/01/a.json', REPORT);
    const { context } = recordingContext(temporaryDirectory(t));
    const settings = { ...context.settings, ...settingsFor('grown') };
    const source = openReportSource({ ...context, settings });
    const read = (bytes: number) => source?.read('reports', '2027/01/a.json', bytes, t.signal);
    assert.equal(String(await read(REPORT.length)), REPORT);
    assert.equal(await read(REPORT.length - 1), 'unusable');
    assert.equal(await source?.read('reports', '2027/01/b.json', 1, t.signal), 'gone');
  });

  test('of several targets each is read from its own place', LIMIT, async (t) => {
    await bucket.put(`one/reports/${sharedPath(GOOD)}`, REPORT);
    const other = REPORT.replace('"db"', '"other"');
    await bucket.put(`two/reports/${sharedPath(GOOD)}`, other);
    const make = (target: string, host: string, settings: SiteOptions['settings']): TargetContext => {
      const { context } = recordingContext(temporaryDirectory(t), { clock: () => new Date(NOW), target });
      return { ...context, settings: { ...context.settings, PG_HOST: host, ...settings } };
    };
    const volume = make('here', 'third', {});
    recordRun(layoutOf(volume.settings.BACKUP_BASE_DIR), {
      startedAt: '2027-01-10T02:00:00Z',
      host: 'third',
    });
    const controller = new AbortController();
    const contexts = [make('a', 'db', settingsFor('one')), volume, make('b', 'other', settingsFor('two'))];
    const site = openSite(contexts, controller.signal);
    t.after(() => controller.abort());
    await site.followed.ready;
    assert.deepEqual(site.followed.problems, []);
    assert.deepEqual(site.followed.index.runs.items.map(site.targetOf).sort(), ['a', 'b', 'here']);
    const { databases } = await site.overview();
    assert.deepEqual(
      databases.map(({ context, verdict }) => [context.target, verdict.state]),
      ['a', 'here', 'b'].map((target) => [target, 'fresh']),
    );
  });

  test('OSS that fails is a problem, and what was known stays', LIMIT, async (t) => {
    await bucket.put(`failing/reports/${sharedPath(GOOD)}`, REPORT);
    const { site, get } = await siteOn(t, 'failing');
    assert.equal((await get('/healthz')).status, 200);
    t.after(() => bucket.server.heal());
    bucket.server.fail({
      fault: { kind: 'error', code: 'InternalError' },
      operation: 'ListObjectsV2',
      times: Infinity,
    });
    await until(() => site.followed.problems.length, 3);
    const { status, body } = await get('/healthz');
    assert.equal(status, 503);
    assert.match(JSON.stringify(body), /oss:\/\/backups\/failing\/reports\//);
    assert.match(JSON.stringify((await get('/api/admin/backup/latest')).body), /"status":"SUCCESS"/);
    bucket.server.heal();
    await until(() => site.followed.problems.length, 0);
    assert.equal((await get('/healthz')).status, 200);
  });

  test('a connection that breaks off within an object is no broken object', LIMIT, async (t) => {
    const key = `short/reports/${sharedPath(GOOD)}`;
    await bucket.put(key, REPORT);
    t.after(() => bucket.server.heal());
    bucket.server.fail({ fault: { kind: 'truncate', keepBytes: 50 }, operation: 'GetObject', key });
    const { site } = await siteOn(t, 'short');
    assert.equal(site.followed.index.runs.items.length, 1);
    assert.deepEqual(site.followed.unreadable(), { count: 0, files: [] });
    // As long as it goes on so, the list is not known: a part of it would be a wrong one.
    bucket.server.fail({
      fault: { kind: 'truncate', keepBytes: 50 },
      operation: 'GetObject',
      key,
      times: Infinity,
    });
    const second = await siteOn(t, 'short');
    assert.equal(second.site.followed.isKnown('reports'), false);
    assert.equal((await second.get('/api/admin/backup/latest')).status, 503);
    assert.equal((await second.get('/healthz')).status, 503);
    bucket.server.heal();
    await until(() => second.site.followed.isKnown('everything'), true);
    assert.equal((await second.get('/api/admin/backup/latest')).status, 200);
    // The page of a run is read when it is asked for.
    bucket.server.fail({
      fault: { kind: 'error', code: 'AccessDenied' },
      operation: 'GetObject',
      times: Infinity,
    });
    assert.equal((await second.get(`/api/v1/runs/${GOOD.slice(0, -5)}`)).status, 503);
  });

  test('an object that lies in an archive is passed over', LIMIT, async (t) => {
    await bucket.put(`archived/reports/${sharedPath(GOOD)}`, REPORT);
    const key = 'archived/reports/2025/01/community_20250110T020000Z_h.json';
    await bucket.put(key, REPORT);
    t.after(() => bucket.server.heal());
    bucket.server.fail({
      fault: { kind: 'error', code: 'InvalidObjectState', status: 403 },
      operation: 'GetObject',
      key,
    });
    const { site } = await siteOn(t, 'archived');
    assert.deepEqual(site.followed.unreadable(), { count: 1, files: [`oss://${BUCKET}/${key}`] });
    assert.deepEqual(site.followed.problems, []);
  });

  for (const [what, action] of [
    ['list', 'oss:GetObject'],
    ['read', 'oss:ListObjects'],
  ] as const) {
    test(`a key that may not ${what} is told as such`, LIMIT, async (t) => {
      await bucket.put(`denied/reports/${sharedPath(GOOD)}`, REPORT);
      const policy = { Version: '1', Statement: [{ Effect: 'Allow', Action: [action], Resource: ['*'] }] };
      const { OSS_ACCESS_KEY_SECRET = '' } = bucket.settings('');
      const accessKeyId = `LTAIwithout${what}`;
      bucket.server.addCredential({ accessKeyId, accessKeySecret: OSS_ACCESS_KEY_SECRET, policy });
      const { get } = await siteOn(t, 'denied', {
        settings: { OSS_ACCESS_KEY_ID: new Secret(accessKeyId) },
      });
      const { status, body } = await get('/healthz');
      assert.equal(status, 503);
      assert.match(JSON.stringify(body), /AccessDenied/);
      assert.doesNotMatch(JSON.stringify(body), new RegExp(OSS_ACCESS_KEY_SECRET.replace(/\W/g, '\\$&')));
      assert.equal((await get('/api/admin/backup/list')).status, 503);
    });
  }
});

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}

async function textOf(address: string): Promise<string> {
  return (await fetch(address)).text();
}

function addDrill(layout: Layout, run: string): void {
  mkdirSync(layout.drills, { recursive: true });
  const drill = {
    ...{ version: 1, run, database: 'community', startedAt: '2027-01-10T04:00:00.000Z', outcome: 'failed' },
    ...{ sizeBytes: 1, phases: [], differences: [], omissions: [], place: 'local' },
  };
  writeFileSync(join(layout.drills, `${run}_20270110T040000000Z.json`), JSON.stringify(drill));
}
