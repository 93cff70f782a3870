import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { artifactsOf } from '../backup/past-run.ts';
import { ageKey } from '../encryption/keys.ts';
import { wrapClient } from '../harness/fake-bin.ts';
import { clientDirectories, missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { type Env, type Installation, install } from './installation.ts';
import { type OssBucket, startOssBucket } from './oss-bucket.ts';
import { until } from './until.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15');

/** Some 50 MB of dump with the quickest compression: seven parts. */
const LARGE =
  'CREATE TABLE item AS SELECT id, md5(id::text) || md5((-id)::text) AS text FROM generate_series(1, 1200000) AS id';

describe('a backup through the SDK', { skip, concurrency: 2 }, () => {
  let server: PostgresServer;
  let bucket: OssBucket;
  before(async () => {
    server = await startPostgres();
    bucket = await startOssBucket();
    await server.createDatabase('small');
    await server.createDatabase('along');
    await server.psql(LARGE, { database: 'along' });
    for (const database of [
      'compressed here',
      'encrypted',
      'died',
      'stopped',
      'killed early',
      'killed late',
    ]) {
      await server.psql(`CREATE DATABASE "${database}" TEMPLATE along`);
    }
  });
  after(async () => {
    await bucket.close();
    await server.stop();
  });
  const sdk = (prefix: string, mode: 'both' | 'oss' = 'both', into = bucket): Env => ({
    ...into.settings(prefix, mode),
    BACKUP_UPLOAD_TOOL: 'sdk',
    BACKUP_COMPRESS: '1',
  });

  test('needs no program and holds the very files that are here', async (t) => {
    const here = install(t, server, 'small', { ...sdk('small'), PATH: '/usr/bin:/bin' });
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 0, stderr);
    assertSameFiles(here, bucket, 'small');
    const { name, report, record } = here.newest();
    assert.deepEqual(here.files(), artifactsOf(name).sort());
    assert.deepEqual([report.tool, report.status, record.proof], ['sdk', 'SUCCESS', 'stored']);
    assertNothingBegun(bucket, 'small');
  });

  test('sends all but the head while pg_dump runs', async (t) => {
    const gate = join(temporaryDirectory(t), 'gate');
    const here = install(t, server, 'along', { ...sdk('along', 'oss'), ...stoppingClient(t, gate) });
    const running = here.start(['backup']);
    const sentParts = (): number[] => partsSent(bucket, 'along');
    await until(() => sentParts().includes(2), true);
    assert.ok(!sentParts().includes(1));
    assert.deepEqual(here.reports(), []);
    writeFileSync(gate, '');
    const { exitCode, stderr } = await running.finished;
    assert.equal(exitCode, 0, stderr);
    // The head went when pg_dump had written it for the last time.
    assert.ok(new Set(sentParts()).size > 4);
    assert.deepEqual(here.files(), []);
    const { name, report } = here.newest();
    assert.equal(bucket.objects('along').get(`${name}.dump`)?.sizeBytes, report.local.sizeBytes);
    assertNothingBegun(bucket, 'along');
    assert.deepEqual(here.leftovers(), []);
  });

  test('sends all but the head while the dump is compressed here', async (t) => {
    const gate = join(temporaryDirectory(t), 'gate');
    const script = `"$REAL" "$@" | { head -c 60000000; until [[ -e '${gate}' ]]; do sleep 0.05; done; cat; }`;
    const here = install(t, server, 'compressed here', {
      ...sdk('compressed'),
      ...{ PG_BIN_DIR: wrapped(t, script), BACKUP_COMPRESS_THREADS: '2' },
    });
    const running = here.start(['backup']);
    await until(() => partsSent(bucket, 'compressed').includes(2), true);
    assert.ok(!partsSent(bucket, 'compressed').includes(1));
    writeFileSync(gate, '');
    const { exitCode, stderr } = await running.finished;
    assert.equal(exitCode, 0, stderr);
    const sent = partsSent(bucket, 'compressed');
    assert.equal(new Set(sent).size, sent.length, 'no part was sent twice');
    assertSameFiles(here, bucket, 'compressed');
    assertNothingBegun(bucket, 'compressed');
    assert.equal((await here.run(['verify', '--remote'])).exitCode, 0);
  });

  test('sends an encrypted dump, too, which OSS cannot read', async (t) => {
    const key = await ageKey(t);
    const here = install(t, server, 'encrypted', {
      ...sdk('encrypted', 'oss'),
      BACKUP_ENCRYPTION: 'age',
      BACKUP_ENCRYPTION_RECIPIENTS: key.recipient,
      BACKUP_ENCRYPTION_IDENTITY_FILE: key.identityFile,
    });
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 0, stderr);
    const { name, record } = here.newest();
    const objects = bucket.objects('encrypted');
    const ends = ['.dump.age', '.dump.age.sha256', '_fingerprint.json.age', '_globals.sql.age'];
    assert.deepEqual(
      [...objects.keys()],
      ends.map((end) => name + end),
    );
    for (const end of ends.filter((name) => name.endsWith('.age'))) {
      assert.match(String(objects.get(name + end)?.content.subarray(0, 30)), /^age-encryption\.org\/v1/);
    }
    assert.equal(record.proof, 'stored');
    assert.ok(partsSent(bucket, 'encrypted').length > 4);
    assert.equal((await here.run(['verify', '--remote'])).exitCode, 0);
    assertNothingBegun(bucket, 'encrypted');
  });

  test('gives up what it sent of a dump that failed', async (t) => {
    const gate = join(temporaryDirectory(t), 'gate');
    const here = install(t, server, 'died', {
      ...sdk('died'),
      ...stoppingClient(t, gate, 'kill -KILL $dump'),
    });
    const running = here.start(['backup']);
    await until(() => partsSent(bucket, 'died').length > 0, true);
    writeFileSync(gate, '');
    assert.equal((await running.finished).exitCode, 8);
    assertNothingBegun(bucket, 'died');
    assert.deepEqual([...bucket.objects('died').keys()], []);
    assert.deepEqual(here.leftovers(), []);
  });

  test('told to stop, reports that before it waits for a store that hangs', async (t) => {
    const gate = join(temporaryDirectory(t), 'gate');
    const own = await ownBucket(t);
    const here = install(t, server, 'stopped', {
      ...sdk('stopped', 'both', own),
      ...stoppingClient(t, gate),
    });
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    t.after(() => release());
    own.server.fail({ operation: 'AbortMultipartUpload', fault: { kind: 'hold', until: released } });
    const running = here.start(['backup']);
    await until(() => partsSent(own, 'stopped').length > 0, true);
    running.kill('SIGTERM');
    await until(() => here.reports().map(({ report }) => report.status), ['FAILED']);
    release();
    assert.equal((await running.finished).exitCode, 143);
    assertNothingBegun(own, 'stopped');
  });

  test('killed while pg_dump runs, leaves parts that the next run gives up', async (t) => {
    const here = install(t, server, 'killed early', sdk('killed-early'));
    const lingering = `"$REAL" "$@"; while :; do read -rt 1 <><(:); done`;
    const running = here.start(['backup'], { PG_BIN_DIR: wrapped(t, lingering) });
    await until(() => partsSent(bucket, 'killed-early').length > 0, true);
    running.kill('SIGKILL');
    await running.finished;
    assert.equal(bucket.begun('killed-early').length, 1);
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 0, stderr);
    assertNothingBegun(bucket, 'killed-early');
    assertSameFiles(here, bucket, 'killed-early');
  });

  test('killed while it uploads, is resumed where it was', async (t) => {
    const own = await ownBucket(t);
    const here = install(t, server, 'killed late', sdk('killed-late', 'oss', own));
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    t.after(() => release());
    own.server.fail({ operation: 'CompleteMultipartUpload', fault: { kind: 'hold', until: released } });
    const running = here.start(['backup']);
    await own.server.waitForRequest(
      ({ operation, key }) =>
        operation === 'CompleteMultipartUpload' && key?.startsWith('killed-late/') === true,
    );
    running.kill('SIGKILL');
    await running.finished;
    release();
    const before = partsSent(own, 'killed-late').length;
    const { exitCode, stderr } = await here.run(['upload']);
    assert.equal(exitCode, 0, stderr);
    assert.equal(partsSent(own, 'killed-late').length, before);
    assertNothingBegun(own, 'killed-late');
    assert.equal(own.objects('killed-late').size, 4);
    assert.deepEqual(here.files(), []);
  });
});

/** For faults that must hit nobody else. */
async function ownBucket(t: TestContext): Promise<OssBucket> {
  const own = await startOssBucket();
  t.after(() => own.close());
  return own;
}

/** A pg_dump that is stopped in the middle, after two parts, until the file `gate` is there; then `finish` happens to it. */
function stoppingClient(t: TestContext, gate: string, finish = 'kill -CONT $dump'): Env {
  const script = `
    for argument; do [[ $argument == --file=* ]] && file=\${argument#--file=}; done
    "$REAL" "$@" & dump=$!
    trap 'kill -KILL $dump' TERM
    until (( $(stat -c %s "$file") > 17 * 1024 * 1024 )); do kill -0 $dump || exit 99; read -rt 0.01 <><(:); done
    kill -STOP $dump
    until [[ -e '${gate}' ]]; do read -rt 0.05 <><(:); done
    ${finish}
    wait $dump`;
  return { PG_BIN_DIR: wrapped(t, script), BACKUP_COMPRESS_THREADS: '0' };
}

function wrapped(t: TestContext, script: string): string {
  return wrapClient(clientDirectories().get(15) ?? '', { pg_dump: script }, t);
}

/** The numbers of the parts that arrived, in that order. */
function partsSent(bucket: OssBucket, prefix: string): number[] {
  return bucket.server.requests
    .filter(({ operation, key, status }) => {
      return operation === 'UploadPart' && key?.startsWith(`${prefix}/`) && status === 200;
    })
    .map(({ partNumber }) => partNumber ?? 0);
}

function assertNothingBegun(bucket: OssBucket, prefix: string): void {
  assert.deepEqual(bucket.begun(prefix), []);
}

function assertSameFiles(here: Installation, bucket: OssBucket, prefix: string): void {
  const objects = bucket.objects(prefix);
  assert.deepEqual([...objects.keys()], here.files());
  for (const name of here.files()) {
    assert.ok(objects.get(name)?.content.equals(readFileSync(join(here.data, name))), name);
  }
}
