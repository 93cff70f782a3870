import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { artifactsOf } from '../backup/past-run.ts';
import { wrapClient } from '../harness/fake-bin.ts';
import { clientDirectories, missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import type { Fault } from '../oss-server/server.ts';
import { type Env, type Installation, install } from './installation.ts';
import { BUCKET, type OssBucket, startOssBucket } from './oss-bucket.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15') || missing('ossutil');
const PREFIX = 'backups/shop';

describe('an upload that goes wrong', { skip, concurrency: 3 }, () => {
  let server: PostgresServer;
  let databases = 0;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server.stop());

  test('fails the run; the next one sends what waits, oldest first', async (t) => {
    const { here, bucket } = await start(t);
    bucket.server.fail({ fault: NO_RIGHT, operation: 'PutObject', times: Number.POSITIVE_INFINITY });
    for (const _ of [1, 2]) {
      const { exitCode, stderr } = await here.run(['backup']);
      assert.equal(exitCode, 11, stderr);
      const { report, record } = here.newest();
      assert.equal(report.status, 'FAILED');
      assert.match(report.errorMessage, /^Upload of oss:.* failed: AccessDenied: .*HTTP 403/);
      assert.match(report.errorMessage, /local files stay and the next run sends them again/);
      assert.deepEqual(report.remote.urls, []);
      assert.deepEqual([record.proof, record.awaitsUpload, record.remote], ['read', true, []]);
      assertFilesOf(here, record.run);
    }
    const waiting = here.records().map(({ name }) => name);
    const reports = here.reports();
    bucket.server.heal();

    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 0, stderr);
    for (const { record } of here.records()) {
      assert.deepEqual([record.proof, record.awaitsUpload], ['stored', false]);
      assert.equal(record.remote.length, 4);
    }
    const newest = here.newest().name;
    assert.deepEqual(
      bucket.arrivals(PREFIX).filter((name) => name.endsWith('.dump')),
      [newest, ...waiting].map((name) => `${name}.dump`),
    );
    // What was reported stays reported.
    assert.deepEqual(here.reports().slice(0, 2), reports);
    assert.match(here.log(), new RegExp(`Sent the waiting backup ${waiting[0]}`));
    assert.equal(here.files().length, 12);
  });

  test('is made good also by a run that fails itself', async (t) => {
    const { here, bucket } = await start(t, { BACKUP_MODE: 'oss' });
    bucket.server.fail({ fault: NO_RIGHT, operation: 'PutObject' });
    assert.equal((await here.run(['backup'])).exitCode, 11);
    const waiting = here.newest().name;
    const failing = wrapClient(clientDirectories().get(15) ?? '', { pg_dump: 'exit 1' }, t);
    assert.equal((await here.run(['backup'], { PG_BIN_DIR: failing })).exitCode, 8);
    assert.deepEqual(here.files(), []);
    assert.ok(bucket.objects(PREFIX).has(`${waiting}.dump`));
    assert.deepEqual(here.leftovers(), []);
  });

  test('or is slow keeps no other dump from being made', async (t) => {
    const { here, bucket } = await start(t);
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    t.after(() => release());
    bucket.server.fail({ fault: { kind: 'hold', until: released }, operation: 'PutObject' });
    const slow = here.start(['backup']);
    await bucket.server.waitForRequest(({ operation }) => operation === 'PutObject');
    const { exitCode, stderr } = await here.run(['backup'], { BACKUP_MODE: 'local' });
    assert.equal(exitCode, 0, stderr);
    release();
    assert.equal((await slow.finished).exitCode, 0);
  });

  test('in mode oss keeps the local files until they are sent', async (t) => {
    const { here, bucket } = await start(t, { BACKUP_MODE: 'oss' });
    bucket.server.fail({ fault: NO_RIGHT, operation: 'PutObject' });
    assert.equal((await here.run(['backup'])).exitCode, 11);
    const { name, report } = here.newest();
    assertFilesOf(here, name);
    assert.equal(report.local.file, join(here.data, `${name}.dump`));
    const content = readFileSync(report.local.file);

    assert.equal((await here.run(['backup'])).exitCode, 0);
    assert.deepEqual(here.files(), []);
    assert.deepEqual(bucket.objects(PREFIX).get(`${name}.dump`)?.content, content);
  });

  test('is noticed where the bucket cut the object short', async (t) => {
    const { here, bucket } = await start(t);
    failOnDump(bucket, { kind: 'truncate', keepBytes: 100 });
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 12, stderr);
    const { name, report, record } = here.newest();
    assert.match(
      report.errorMessage,
      new RegExp(
        `^The remote copy oss://${BUCKET}/${PREFIX}/${name}.dump is not what was uploaded: 100 bytes instead of ${report.local.sizeBytes}`,
      ),
    );
    assert.deepEqual([report.status, report.remote.urls], ['FAILED', []]);
    assert.deepEqual([record.proof, record.awaitsUpload, record.remote], ['read', true, []]);

    // It is our own object, so the next run replaces it.
    assert.equal((await here.run(['backup'])).exitCode, 0);
    assert.equal(here.records()[0]?.record.proof, 'stored');
    assert.deepEqual(
      bucket.objects(PREFIX).get(`${name}.dump`)?.content,
      readFileSync(join(here.data, `${name}.dump`)),
    );
  });

  test('is noticed where the bucket tells another CRC-64', async (t) => {
    const { here, bucket } = await start(t);
    bucket.server.fail({
      fault: { kind: 'wrong-crc' },
      operation: 'HeadObject',
      times: Number.POSITIVE_INFINITY,
    });
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 12, stderr);
    const { report, record } = here.newest();
    assert.match(report.errorMessage, /is not what was uploaded: CRC-64 \d+ instead of \d+/);
    assert.deepEqual([report.remote.urls, record.proof, record.awaitsUpload], [[], 'read', true]);
  });

  test('by a wrong secret says that the key is refused', async (t) => {
    const { here, bucket } = await start(t, { OSS_ACCESS_KEY_SECRET: 'not-the-right-one' });
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 11, stderr);
    assert.match(here.newest().report.errorMessage, /SignatureDoesNotMatch: .*\(HTTP 403/);
    assert.doesNotMatch(stderr + here.log(), /not-the-right-one/);
    assert.equal(bucket.objects(PREFIX).size, 0);
    assertFilesOf(here, here.newest().name);
  });

  test('for want of the bucket names the bucket', async (t) => {
    const { here } = await start(t, { OSS_BUCKET: 'no-such-bucket' });
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 11, stderr);
    assert.match(here.newest().report.errorMessage, /NoSuchBucket/);
    assert.match(here.newest().report.errorMessage, /oss:\/\/no-such-bucket\//);
  });

  test('for want of the right to look at objects names that right', async (t) => {
    const { here, bucket } = await start(t);
    bucket.server.fail({ fault: NO_RIGHT, operation: 'HeadObject', times: Number.POSITIVE_INFINITY });
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 12, stderr);
    const { report, record } = here.newest();
    assert.match(report.errorMessage, /could not be confirmed: AccessDenied: .*HTTP 403.*oss:GetObject/);
    assert.deepEqual([report.remote.urls, record.proof, record.awaitsUpload], [[], 'read', true]);
    assert.equal(bucket.objects(PREFIX).size, 4);

    // It is all there, so the next run has only to look at it.
    bucket.server.heal();
    assert.equal((await here.run(['backup'])).exitCode, 0);
    assert.equal(here.records()[0]?.record.proof, 'stored');
    assert.equal(bucket.arrivals(PREFIX).length, 8);
  });

  test('where nobody listens keeps the files', async (t) => {
    const { here, bucket } = await start(t);
    await bucket.server.close();
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 11, stderr);
    assert.match(here.newest().report.errorMessage, /connect ECONNREFUSED 127\.0\.0\.1/);
    assertFilesOf(here, here.newest().name);
  });

  for (const [what, fault] of [
    ['an error of the server', { kind: 'error', status: 503, code: 'ServiceUnavailable' }],
    ['a reset in the middle', { kind: 'reset', afterBytes: 2_000 }],
    ['a refused connection', { kind: 'refuse' }],
  ] as const) {
    test(`for a while, by ${what}, is tried again`, async (t) => {
      const { here, bucket } = await start(t);
      failOnDump(bucket, fault);
      const { exitCode, stderr } = await here.run(['backup']);
      assert.equal(exitCode, 0, stderr);
      assert.equal(here.newest().record.proof, 'stored');
      const puts = bucket.server.requests.filter(({ operation }) => operation === 'PutObject');
      assert.equal(puts.length, 5);
    });
  }

  test('for a while, when asked about the object, is tried again', async (t) => {
    const { here, bucket } = await start(t);
    const fault = { kind: 'error', status: 500, code: 'InternalError' } as const;
    bucket.server.fail({ fault, operation: 'HeadObject', times: 2 });
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 0, stderr);
    assert.equal(here.newest().record.proof, 'stored');
  });

  for (const operation of ['HeadObject', 'PutObject'] as const) {
    test(`leaves alone what somebody else put under the name before the ${operation}`, async (t) => {
      const { here, bucket } = await start(t);
      const release = Promise.withResolvers<void>();
      // The first question is about the bucket, whatever the name.
      if (operation === 'HeadObject') bucket.server.fail({ fault: NO_FAULT, operation });
      bucket.server.fail({ fault: { kind: 'hold', until: release.promise }, operation });
      const running = here.start(['backup']);
      const { key = '' } = await bucket.server.waitForRequest(
        (request) => request.operation === operation && /_fingerprint\.json$/.test(request.key ?? ''),
      );
      await bucket.put(key, 'not yours');
      release.resolve();
      const { exitCode, stderr } = await running.finished;
      assert.equal(exitCode, 11, stderr);
      assert.match(
        here.newest().report.errorMessage,
        new RegExp(`^oss://${BUCKET}/${key} exists already and was not made by this run`),
      );

      // It keeps the run waiting, and the next ones go on.
      assert.equal((await here.run(['backup'])).exitCode, 0);
      assert.equal(here.records()[0]?.record.awaitsUpload, true);
      assert.equal(
        bucket
          .objects(PREFIX)
          .get(key.slice(PREFIX.length + 1))
          ?.content.toString(),
        'not yours',
      );
      assert.match(here.log(), /waiting backup .* could not be sent: .* exists already/);
    });
  }

  test('only in that the answer was lost is none', async (t) => {
    const { here, bucket } = await start(t);
    const proxy = await startProxyThatLosesTheFirstAnswerToPut(bucket.server.port);
    t.after(() => proxy.close());
    const { port } = proxy.address() as AddressInfo;
    const { exitCode, stderr } = await here.run(['backup'], { OSS_ENDPOINT: `http://127.0.0.1:${port}` });
    assert.equal(exitCode, 0, stderr);
    const refused = bucket.server.requests.filter(
      ({ operation, status }) => operation === 'PutObject' && status === 409,
    );
    assert.equal(refused.length, 1);
    assert.equal(here.newest().record.proof, 'stored');
  });

  test('does not send a waiting dump that has changed since', async (t) => {
    const { here, bucket } = await start(t);
    bucket.server.fail({ fault: NO_RIGHT, operation: 'PutObject' });
    assert.equal((await here.run(['backup'])).exitCode, 11);
    const { name, report } = here.newest();
    const dump = readFileSync(report.local.file);
    dump[dump.length >> 1] = (dump[dump.length >> 1] ?? 0) ^ 1;
    writeFileSync(report.local.file, dump);
    assert.equal((await here.run(['backup'])).exitCode, 0);
    assert.ok(!bucket.objects(PREFIX).has(`${name}.dump`));
    assert.equal(here.records()[0]?.record.awaitsUpload, true);
    assert.match(here.log(), /has changed since the backup/);
  });

  /** A database, an installation and a bucket of its own, so that faults hit one test alone. */
  async function start(
    t: TestContext,
    changes: Env = {},
  ): Promise<{ here: Installation; bucket: OssBucket }> {
    const bucket = await startOssBucket();
    t.after(() => bucket.close());
    databases += 1;
    const database = `shop ${databases}`;
    await server.createDatabase(database);
    await server.psql('CREATE TABLE item AS SELECT md5(i::text) FROM generate_series(1, 1000) AS i', {
      database,
    });
    return { here: install(t, server, database, { ...bucket.settings(PREFIX), ...changes }), bucket };
  }
});

const NO_FAULT: Fault = { kind: 'hold', until: Promise.resolve() };
const NO_RIGHT: Fault = { kind: 'error', status: 403, code: 'AccessDenied' };

function assertFilesOf(here: Installation, run: string): void {
  for (const name of artifactsOf(run)) assert.ok(here.files().includes(name), name);
  assert.deepEqual(here.leftovers(), []);
}

/** The dump is the last one of the run's four objects; the ones before it pass. */
function failOnDump({ server }: OssBucket, fault: Fault): void {
  server.fail({ fault: NO_FAULT, operation: 'PutObject', times: 3 });
  server.fail({ fault, operation: 'PutObject' });
}

async function startProxyThatLosesTheFirstAnswerToPut(port: number): Promise<Server> {
  let isLost = false;
  const proxy = createServer((client) => {
    const server = connect(port, '127.0.0.1');
    const end = (): void => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) socket.on('error', end).on('close', end);
    let isPut = false;
    client.on('data', (data) => {
      isPut ||= data.toString('latin1').startsWith('PUT ');
      server.write(data);
    });
    server.on('data', (data) => {
      if (isPut && !isLost) {
        isLost = true;
        end();
      } else client.write(data);
    });
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return proxy;
}
