import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import pMap from 'p-map';
import { ensureLayout } from '../../src/backup/open-run.ts';
import { layoutOf } from '../../src/files/layout.ts';
import { addPastRun, artifactsOf } from '../backup/past-run.ts';
import { missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import type { BucketOptions, Fault } from '../oss-server/server.ts';
import { type Env, type Installation, install } from './installation.ts';
import { BUCKET, type OssBucket, startOssBucket } from './oss-bucket.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15') || missing('ossutil');
const PREFIX = 'backups/shop';
const ALWAYS = Number.POSITIVE_INFINITY;

describe('remote retention', { skip }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
    await server.createDatabase('shop');
  });
  after(() => server.stop());

  test('removes, after a backup, the expired copies of this database and nothing else', async (t) => {
    const { here, bucket } = await start(t, { REMOTE_RETENTION_KEEP: 'yearly=2' });
    const [recent, old, older] = [
      await addRun(here, bucket, 2),
      await addRun(here, bucket, 20),
      await addRun(here, bucket, 30),
    ];
    const yearly = await addRun(here, bucket, 800);
    const foreign = ['notes.txt', 'deeper/notes.txt', `${old}.dump.gpg`, 'shop_20200101T000000Z_db01.dump'];
    for (const name of foreign) await bucket.put(`${PREFIX}/${name}`, 'not yours');
    await bucket.put(`elsewhere/${old}.dump`, 'below another prefix');
    const files = here.files();

    const { exitCode, stderr } = await here.run(['backup'], { RETENTION_DAYS: '36500' });
    assert.equal(exitCode, 0, stderr);
    const { name } = here.newest();
    const kept = [name, recent, yearly].flatMap(artifactsOf);
    assert.deepEqual([...bucket.objects(PREFIX).keys()].sort(), [...kept, ...foreign].sort());
    assert.equal(bucket.objects('elsewhere').size, 1);
    assert.deepEqual(here.files(), [...files, ...artifactsOf(name)].sort());
    for (const run of [old, older])
      assert.match(here.log(), new RegExp(`Removed the remote copy of ${run}: expired`));
    assert.match(here.log(), /Remote retention: 3 kept, 2 removed; 3 other objects were left alone/);
    assert.deepEqual(here.leftovers(), []);
  });

  test('removes nothing where REMOTE_RETENTION_DAYS is not set', async (t) => {
    const { here, bucket } = await start(t, { REMOTE_RETENTION_DAYS: '' });
    const old = await addRun(here, bucket, 2000);
    assert.equal((await here.run(['backup'])).exitCode, 0);
    assert.ok(bucket.objects(PREFIX).has(`${old}.dump`));
    assert.ok(!here.files().includes(`${old}.dump`));
  });

  test('by hand shows both places with --dry-run, and does what it showed', async (t) => {
    const { here, bucket } = await start(t);
    const [newest, old] = [await addRun(here, bucket, 10), await addRun(here, bucket, 20)];
    await bucket.put(`${PREFIX}/notes.txt`, 'not yours');
    const before = [...bucket.objects(PREFIX).keys()];
    const shown = await here.run(['prune', '--dry-run']);
    assert.deepEqual(
      shown.stdout.split('\n').map((line) => line.split(/ {2,}\S+ B {2}/).join(': ')),
      [
        'Local backups:',
        `keep    ${newest}: the newest good run`,
        `remove  ${old}: older than RETENTION_DAYS`,
        'Remote copies:',
        `keep    ${newest}: the newest good run`,
        `remove  ${old}: older than REMOTE_RETENTION_DAYS`,
        '1 other objects are left alone.',
        '',
      ],
    );
    assert.deepEqual([...bucket.objects(PREFIX).keys()], before);
    assert.equal((await here.run(['prune'])).exitCode, 0);
    assert.deepEqual([...bucket.objects(PREFIX).keys()].sort(), ['notes.txt', ...artifactsOf(newest)].sort());
    assert.deepEqual(here.files(), artifactsOf(newest).sort());
    assert.match(
      (await here.run(['prune', '--dry-run'], { BACKUP_LANG: 'zh' })).stdout,
      /^远端副本：\n保留/m,
    );
  });

  test('of a bucket under WORM tells what is protected, and succeeds', async (t) => {
    const { here, bucket } = await start(t, {}, { worm: true });
    await addRun(here, bucket, 1);
    await addRun(here, bucket, 20);
    const { exitCode, stderr } = await here.run(['prune']);
    assert.equal(exitCode, 0, stderr);
    assert.equal(bucket.objects(PREFIX).size, 8);
    assert.match(
      here.log(),
      /remote copies of 1 expired backups stay: a retention rule of the bucket \(WORM\)/,
    );
    assert.match(here.log(), /Remote retention: 2 kept, 0 removed/);
  });

  test('of a versioned bucket says that the versions stay, and succeeds', async (t) => {
    const { here, bucket } = await start(t, {}, { versioning: 'Enabled' });
    const [newest, old] = [await addRun(here, bucket, 1), await addRun(here, bucket, 20)];
    const { exitCode, stderr } = await here.run(['prune']);
    assert.equal(exitCode, 0, stderr);
    assert.deepEqual([...bucket.objects(PREFIX).keys()].sort(), artifactsOf(newest).sort());
    const versions = bucket.server.versions(BUCKET).filter(({ key }) => key === `${PREFIX}/${old}.dump`);
    assert.deepEqual(
      versions.map(({ isDeleteMarker }) => isDeleteMarker),
      [false, true],
    );
    assert.match(here.log(), /The bucket keeps versions: the remote copies of 1 expired backups are hidden/);
  });

  test('removes nothing where the listing fails in the middle', async (t) => {
    const { here, bucket } = await start(t);
    for (const days of [1, 20]) await addRun(here, bucket, days);
    // A page has a thousand objects.
    await pMap(Array(1000).keys(), (index) => bucket.put(`${PREFIX}/zz${index}`, ''), { concurrency: 20 });
    const objects = bucket.objects(PREFIX).size;
    bucket.server.fail({ fault: NO_FAULT, operation: 'ListObjectsV2' });
    bucket.server.fail({ fault: NO_RIGHT, operation: 'ListObjectsV2', times: ALWAYS });
    const { exitCode, stderr } = await here.run(['prune']);
    assert.equal(exitCode, 13, stderr);
    assert.match(stderr, /RETENTION_FAILED.*AccessDenied/);
    assert.equal(requests(bucket, 'ListObjectsV2'), 2);
    assert.equal(bucket.objects(PREFIX).size, objects);
    assert.equal(requests(bucket, 'DeleteObject'), 0);
  });

  test('removes nothing by a clock that has jumped: the bucket refuses it', async (t) => {
    const { here, bucket } = await start(t);
    for (const days of [1, 20]) await addRun(here, bucket, days);
    bucket.server.fail({ fault: { kind: 'clock-skew', seconds: -400 * 86_400 }, times: ALWAYS });
    const { exitCode, stderr } = await here.run(['prune']);
    assert.equal(exitCode, 13, stderr);
    assert.match(stderr, /RequestTimeTooSkewed/);
    assert.equal(bucket.objects(PREFIX).size, 8);
  });

  test('for want of the right to delete fails, after the backup and all that is local', async (t) => {
    const { here, bucket } = await start(t);
    const old = await addRun(here, bucket, 20);
    bucket.server.fail({ fault: NO_RIGHT, operation: 'DeleteObject', times: ALWAYS });
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 13, stderr);
    assert.match(stderr, /AccessDenied/);
    assert.equal(here.newest().report.status, 'SUCCESS');
    assert.ok(!here.files().includes(`${old}.dump`));
    assert.ok(bucket.objects(PREFIX).has(`${old}.dump`));
  });

  async function start(
    t: TestContext,
    changes: Env = {},
    kind: Omit<BucketOptions, 'name'> = {},
  ): Promise<{ here: Installation; bucket: OssBucket }> {
    const bucket = await startOssBucket(undefined, kind);
    t.after(() => bucket.close());
    const here = install(t, server, 'shop', {
      ...bucket.settings(PREFIX),
      ...{ REMOTE_RETENTION_DAYS: '7', BACKUP_LOG_FORMAT: 'pretty' },
      ...changes,
    });
    await ensureLayout(layoutOf(here.base));
    return { here, bucket };
  }

  /** What a run of some days ago left here and in the bucket. */
  async function addRun(here: Installation, bucket: OssBucket, ageDays: number): Promise<string> {
    const run = addPastRun(layoutOf(here.base), ageDays, {
      database: 'shop',
      host: server.host,
      port: server.port,
      urlOf: (name) => `oss://${BUCKET}/${PREFIX}/${name}`,
    });
    for (const name of artifactsOf(run)) {
      await bucket.put(`${PREFIX}/${name}`, readFileSync(join(here.data, name), 'utf8'));
    }
    return run;
  }
});

const NO_FAULT: Fault = { kind: 'hold', until: Promise.resolve() };
const NO_RIGHT: Fault = { kind: 'error', code: 'AccessDenied', status: 403 };

function requests({ server }: OssBucket, operation: string): number {
  return server.requests.filter((request) => request.operation === operation).length;
}
