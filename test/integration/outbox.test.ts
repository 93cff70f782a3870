import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { artifactsOf } from '../backup/past-run.ts';
import { missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import type { Fault } from '../oss-server/server.ts';
import { backupWithEvent } from './at-stage.ts';
import { type Env, type Installation, install } from './installation.ts';
import { type OssBucket, startOssBucket } from './oss-bucket.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15') || missing('ossutil');
const PREFIX = 'backups/shop';

describe('the outbox', { skip, concurrency: 2 }, () => {
  let server: PostgresServer;
  let databases = 0;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server.stop());

  test('is sent by upload once the outage is over, oldest first', async (t) => {
    const { here, bucket, waiting } = await startWithWaiting(t, 2);
    const reports = here.reports();
    const { exitCode, stderr } = await here.run(['upload'], { BACKUP_LOG_FORMAT: 'pretty' });
    assert.equal(exitCode, 0, stderr);
    assert.deepEqual(
      bucket.arrivals(PREFIX).filter((name) => name.endsWith('.dump')),
      waiting.map((run) => `${run}.dump`),
    );
    for (const { record } of here.records()) {
      assert.deepEqual([record.awaitsUpload, record.proof, record.remote.length], [false, 'stored', 4]);
    }
    assert.deepEqual(here.reports(), reports, 'what was reported stays reported');
    assert.equal(here.files().length, 8);
    for (const stage of ['checksum', 'upload', 'confirm']) assert.match(stderr, new RegExp(`${stage}: done`));
    assert.deepEqual(here.leftovers(), []);

    const again = await here.run(['upload'], { BACKUP_LOG_FORMAT: 'pretty' });
    assert.equal(again.exitCode, 0);
    assert.match(again.stderr, /No backup of shop \d waits for its upload/);
    assert.equal(bucket.arrivals(PREFIX).length, 8);
  });

  test('in mode oss is emptied once its copies are confirmed', async (t) => {
    const { here, bucket } = await startWithWaiting(t, 1, { BACKUP_MODE: 'oss' });
    assert.equal(here.files().length, 4);
    assert.equal((await here.run(['upload'])).exitCode, 0);
    assert.deepEqual(here.files(), []);
    assert.equal(bucket.objects(PREFIX).size, 4);
  });

  test('stays while the outage lasts, and upload names what waits', async (t) => {
    const { here, bucket, waiting } = await startWithWaiting(t, 2);
    bucket.server.fail({ fault: NO_RIGHT, operation: 'PutObject', times: Number.POSITIVE_INFINITY });
    const { exitCode, stderr } = await here.run(['upload'], { BACKUP_LOG_FORMAT: 'pretty' });
    assert.equal(exitCode, 11, stderr);
    assert.match(stderr, new RegExp(`\\[PENDING_REMAIN\\] 2 waiting backups .*: ${waiting.join(', ')}`));
    assert.equal(here.files().length, 8);
    assert.deepEqual(here.leftovers(), []);
  });

  test('tells each time of files that are gone or changed, and sends the others', async (t) => {
    const { here, bucket, waiting } = await startWithWaiting(t, 3);
    const [gone = '', changed = '', whole = ''] = waiting;
    for (const name of artifactsOf(gone)) rmSync(join(here.data, name));
    appendFileSync(join(here.data, `${changed}.dump`), 'x');
    for (const _ of [1, 2]) {
      const { exitCode, stderr } = await here.run(['upload'], { BACKUP_LOG_FORMAT: 'pretty' });
      assert.equal(exitCode, 11, stderr);
      const record = (run: string) => join(here.base, 'records', `${run}.json`);
      for (const text of [
        `${gone} cannot be sent: ${join(here.data, gone)}.dump is gone. Put it back as it was, or give up the upload of this run by removing ${record(gone)}.`,
        `${changed} cannot be sent: ${join(here.data, changed)}.dump has changed since the backup.`,
      ]) {
        assert.ok(stderr.includes(text), stderr);
      }
    }
    assert.deepEqual([...bucket.objects(PREFIX).keys()].sort(), artifactsOf(whole).sort());

    for (const run of [gone, changed]) rmSync(join(here.base, 'records', `${run}.json`));
    assert.equal((await here.run(['upload'])).exitCode, 0, 'what was given up waits no more');
  });

  test('takes in a run that was killed before its upload', async (t) => {
    const { here, bucket } = await start(t);
    assert.equal((await backupWithEvent(t, here, 'upload', 'SIGKILL')).signal, 'SIGKILL');
    assert.equal(bucket.objects(PREFIX).size, 0);
    const { exitCode, stderr } = await here.run(['upload']);
    assert.equal(exitCode, 0, stderr);
    const { name, report, record } = here.newest();
    assert.deepEqual([report.status, record.error?.code, record.proof], ['FAILED', 'KILLED', 'stored']);
    assert.deepEqual([...bucket.objects(PREFIX).keys()].sort(), artifactsOf(name).sort());
  });

  test('is left to the process that is at it', async (t) => {
    const { here, bucket, waiting } = await startWithWaiting(t, 1);
    const release = Promise.withResolvers<void>();
    bucket.server.fail({ fault: { kind: 'hold', until: release.promise }, operation: 'PutObject' });
    const first = here.start(['upload']);
    await bucket.server.waitForRequest(
      ({ operation, status }) => operation === 'PutObject' && status === 'pending',
    );
    const second = await here.run(['upload'], { BACKUP_LOG_FORMAT: 'pretty' });
    assert.equal(second.exitCode, 11, second.stderr);
    assert.match(second.stderr, /Another process on this machine is sending the waiting backups/);
    assert.match(second.stderr, new RegExp(`PENDING_REMAIN.*${waiting[0]}`));
    const backup = await here.run(['backup'], { BACKUP_LOG_FORMAT: 'pretty' });
    assert.equal(backup.exitCode, 0, backup.stderr);
    assert.match(backup.stderr, /Another process on this machine is sending the waiting backups/);

    release.resolve();
    const { exitCode, stderr } = await first.finished;
    assert.equal(exitCode, 0, stderr);
    const { name } = here.newest();
    const arrivals = bucket.arrivals(PREFIX).sort();
    assert.deepEqual(arrivals, [...waiting, name].flatMap(artifactsOf).sort(), 'each of them once');
    assert.deepEqual(here.leftovers(), []);
  });

  test('is free again where the process that was at it is killed', async (t) => {
    const { here, bucket } = await startWithWaiting(t, 1);
    const never = new Promise<void>(() => {});
    bucket.server.fail({ fault: { kind: 'hold', until: never }, operation: 'PutObject' });
    const first = here.start(['upload']);
    await bucket.server.waitForRequest(
      ({ operation, status }) => operation === 'PutObject' && status === 'pending',
    );
    first.kill('SIGKILL');
    await first.finished;
    const { exitCode, stderr } = await here.run(['upload']);
    assert.equal(exitCode, 0, stderr);
    assert.equal(bucket.objects(PREFIX).size, 4);
  });

  test('is interrupted by a signal without losing anything', async (t) => {
    const { here, bucket } = await startWithWaiting(t, 1);
    const never = new Promise<void>(() => {});
    bucket.server.fail({ fault: { kind: 'hold', until: never }, operation: 'PutObject' });
    const first = here.start(['upload']);
    await bucket.server.waitForRequest(
      ({ operation, status }) => operation === 'PutObject' && status === 'pending',
    );
    first.kill('SIGTERM');
    assert.equal((await first.finished).exitCode, 143);
    assert.deepEqual(here.leftovers(), []);
    assert.equal(here.newest().record.awaitsUpload, true);
    assert.equal((await here.run(['upload'])).exitCode, 0);
  });

  test('is none in mode local', async (t) => {
    const here = install(t, server, 'postgres');
    const { exitCode, stderr } = await here.run(['upload']);
    assert.equal(exitCode, 2, stderr);
    assert.match(stderr, /BACKUP_MODE is local: there is nowhere to upload to/);
    assert.ok(!existsSync(here.base));
  });

  async function start(
    t: TestContext,
    changes: Env = {},
  ): Promise<{ here: Installation; bucket: OssBucket }> {
    const bucket = await startOssBucket();
    t.after(() => bucket.close());
    databases += 1;
    const database = `shop ${databases}`;
    await server.createDatabase(database);
    return { here: install(t, server, database, { ...bucket.settings(PREFIX), ...changes }), bucket };
  }

  /** Runs whose uploads failed, and a bucket that works again. */
  async function startWithWaiting(t: TestContext, count: number, changes: Env = {}) {
    const { here, bucket } = await start(t, changes);
    bucket.server.fail({ fault: NO_RIGHT, operation: 'PutObject', times: Number.POSITIVE_INFINITY });
    for (let done = 0; done < count; done += 1) assert.equal((await here.run(['backup'])).exitCode, 11);
    bucket.server.heal();
    assert.equal(bucket.objects(PREFIX).size, 0);
    const waiting = readdirSync(join(here.base, 'records'))
      .sort()
      .map((name) => name.replace(/\.json$/, ''));
    return { here, bucket, waiting };
  }
});

const NO_RIGHT: Fault = { kind: 'error', code: 'AccessDenied', status: 403 };
