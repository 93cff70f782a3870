import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { wrapClient } from '../harness/fake-bin.ts';
import { clientDirectories, missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { install } from './installation.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15');

describe('a terminal that goes away', { skip }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
    await server.createDatabase('shop');
  });
  after(() => server.stop());

  test('with the reader of the log does not end the backup', async (t) => {
    const here = install(t, server, 'shop');
    const running = here.start(['backup']);
    running.child.stdout?.destroy();
    running.child.stderr?.destroy();
    assert.equal((await running.finished).exitCode, 0);
    assert.equal(here.newest().report.status, 'SUCCESS');
    assert.match(here.log(), /Backup succeeded/);
  });

  test('with SIGHUP ends it with a report', async (t) => {
    const here = install(t, server, 'shop');
    const client = wrapClient(clientDirectories().get(15) ?? '', { pg_dump: 'echo begun >&2; sleep 60' }, t);
    const running = here.start(['backup'], { PG_BIN_DIR: client });
    await running.waitForOutput(/begun/);
    running.kill('SIGHUP');
    assert.equal((await running.finished).exitCode, 129);
    assert.match(here.newest().report.errorMessage, /^Interrupted by SIGHUP/);
    assert.deepEqual(here.leftovers(), []);
  });
});
