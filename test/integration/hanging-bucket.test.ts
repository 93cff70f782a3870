import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { install } from './installation.ts';
import { type OssBucket, startOssBucket } from './oss-bucket.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15') || missing('ossutil');
/** The SDK gives a request 30 s; Docker gives a container 10. */
const timeout = 25_000;

describe('a bucket that does not answer', { skip }, () => {
  let server: PostgresServer;
  let bucket: OssBucket;
  before(async () => {
    server = await startPostgres();
    bucket = await startOssBucket();
    await server.createDatabase('shop');
  });
  after(async () => {
    await bucket.close();
    await server.stop();
  });

  for (const operation of ['HeadObject', 'PutObject'] as const) {
    test(`to ${operation} does not keep an interrupted run from ending`, { timeout }, async (t) => {
      const here = install(t, server, 'shop', bucket.settings(operation));
      const { promise: until, resolve: release } = Promise.withResolvers<void>();
      t.after(() => release());
      bucket.server.fail({ fault: { kind: 'hold', until }, operation });
      const running = here.start(['backup']);
      await bucket.server.waitForRequest(
        (request) => request.operation === operation && request.status === 'pending',
      );
      running.kill('SIGTERM');
      assert.equal((await running.finished).exitCode, 143);
      assert.match(here.newest().report.errorMessage, /^Interrupted by SIGTERM/);
      assert.deepEqual(here.leftovers(), []);
    });
  }

  test('at the preflight is a warning; a bucket that answers later gets its objects', async (t) => {
    const here = install(t, server, 'shop', bucket.settings('later'));
    bucket.server.fail({ fault: { kind: 'refuse' }, operation: 'HeadObject' });
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 0, stderr);
    assert.match(here.log(), /WARN: The bucket cannot be used now \(.+\)\. The dump is taken all the same/);
    assert.equal(here.newest().record.proof, 'stored');
  });

  test('whether there is an object lets the upload decide, which overwrites nothing', async (t) => {
    const here = install(t, server, 'shop', bucket.settings('forbidden'));
    const forbidden = { kind: 'error', status: 403, code: 'AccessDenied' } as const;
    // The preflight's question and the four before the uploads.
    bucket.server.fail({ fault: forbidden, operation: 'HeadObject', times: 5 });
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 0, stderr);
    assert.equal(bucket.objects('forbidden').size, 4);
  });
});
