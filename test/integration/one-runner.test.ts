import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { wrapClient } from '../harness/fake-bin.ts';
import { clientDirectories, missing } from '../harness/parts.ts';
import type { RunningPgBackup } from '../harness/pg-backup.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { type Env, type Installation, install } from './installation.ts';
import { until } from './until.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15');

describe('two backups at once', { skip, concurrency: 2 }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
    for (const database of ['same', 'far', 'killed', 'one', 'two', 'pruning', 'lost']) {
      await server.createDatabase(database);
      await server.psql('CREATE TABLE item AS SELECT 1 AS id', { database });
    }
  });
  after(() => server.stop());

  test('of one database: the second says who is at work, and leaves nothing', async (t) => {
    const { here, running, goOn } = await startWaitingBackup(t, 'same');
    const before = [here.reports(), here.files(), unfinished(here)];
    const second = await here.run(['backup']);
    assert.equal(second.exitCode, 7, second.stderr);
    assert.match(
      second.stderr,
      /Another backup of \\"same\\" is under way: \\"pg-backup on .+\\" from 127\.0\.0\.1 since 20..-..-..T..:..:..Z \(server process \d+\)/,
    );
    assert.deepEqual([here.reports(), here.files(), unfinished(here)], before);

    goOn();
    assert.equal((await running.finished).exitCode, 0);
    assert.equal(here.reports().length, 1);
    assert.equal(here.newest().report.status, 'SUCCESS');
    assert.deepEqual(here.leftovers(), []);
  });

  test('of one database from two machines: the second says who is at work', async (t) => {
    const { here, running, goOn } = await startWaitingBackup(t, 'far');
    const other = install(t, server, 'far');
    const second = await other.run(['backup']);
    assert.equal(second.exitCode, 7, second.stderr);
    assert.deepEqual([other.reports(), other.files(), other.leftovers()], [[], [], []]);
    goOn();
    assert.equal((await running.finished).exitCode, 0);
    assert.equal(here.newest().report.status, 'SUCCESS');
    assert.equal((await other.run(['backup'])).exitCode, 0);
  });

  test('of one database: where the first was killed there is no first', async (t) => {
    const { here, running } = await startWaitingBackup(t, 'killed');
    running.kill('SIGKILL');
    await running.finished;
    await until(() => here.leftovers().filter((name) => name.startsWith('process')), []);
    const other = install(t, server, 'killed');
    const { exitCode, stderr } = await other.run(['backup']);
    assert.equal(exitCode, 0, stderr);
  });

  test('of two databases into one directory do not know of each other', async (t) => {
    const { here, running, goOn } = await startWaitingBackup(t, 'one');
    const second = await here.run(['backup'], { PG_DATABASE: 'two' });
    assert.equal(second.exitCode, 0, second.stderr);
    goOn();
    assert.equal((await running.finished).exitCode, 0);
    assert.deepEqual(
      here.reports().map(({ report }) => [report.database, report.status]),
      [
        ['one', 'SUCCESS'],
        ['two', 'SUCCESS'],
      ],
    );
    assert.deepEqual(here.leftovers(), []);
  });

  test('and a prune beside them leaves the one at work alone', async (t) => {
    const { here, running, goOn } = await startWaitingBackup(t, 'pruning');
    const before = unfinished(here);
    const { exitCode, stderr } = await here.run(['prune']);
    assert.equal(exitCode, 0, stderr);
    assert.deepEqual(unfinished(here), before);
    assert.deepEqual(here.reports(), []);
    goOn();
    assert.equal((await running.finished).exitCode, 0);
    assert.equal(here.newest().report.status, 'SUCCESS');
  });

  test('of one database: the first ends when it loses the lock, before a second can be beside it', async (t) => {
    const { here, running } = await startWaitingBackup(t, 'lost');
    await server.psql(
      `SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
        WHERE l.locktype = 'advisory' AND d.datname = 'lost'`,
    );
    const { exitCode, stderr } = await running.finished;
    assert.equal(exitCode, 4, stderr);
    assert.match(
      here.newest().report.errorMessage,
      /^The connection to .* was lost: .*terminating connection/,
    );
    assert.deepEqual(here.leftovers(), []);
  });

  /** What a run at work has on disk; its processes come and go. */
  function unfinished(here: Installation): string[] {
    return here.leftovers().filter((name) => !name.startsWith('process'));
  }

  /** A backup that waits, connected and marked, before its pg_dump begins, until it is told to go on. */
  async function startWaitingBackup(
    t: TestContext,
    database: string,
  ): Promise<{ here: Installation; running: RunningPgBackup; goOn: () => void }> {
    const here = install(t, server, database);
    const gate = join(here.directory, 'gate');
    execFileSync('mkfifo', [gate]);
    const pgDump = `echo 'waiting at the gate' >&2; read -r <'${gate}'; exec "$REAL" "$@"`;
    const client = wrapClient(clientDirectories().get(15) ?? '', { pg_dump: pgDump }, t);
    const changes: Env = { PG_BIN_DIR: client };
    const running = here.start(['backup'], changes);
    await running.waitForOutput(/waiting at the gate/);
    // Where its dump goes is made beside the start of pg_dump.
    await until(() => unfinished(here).some((name) => name.endsWith('.dump.partial')), true);
    return { here, running, goOn: () => writeFileSync(gate, '\n') };
  }
});
