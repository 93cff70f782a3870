import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { missing } from '../harness/parts.ts';
import { freePort, type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { runPsql } from '../harness/psql.ts';
import { startOnFiles } from '../harness/start-on-files.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { assertFailed } from './assert-failed.ts';
import { clientFor } from './client-program.ts';
import { connect, untilConnected } from './connected.ts';
import { inGerman, missingGerman } from './german-server.ts';
import { type Env, type Installation, install } from './installation.ts';

const WAIT: Env = { BACKUP_LOCK_WAIT_SECONDS: '2' };
const LOCK = 'BEGIN; LOCK TABLE "Item" IN ACCESS EXCLUSIVE MODE; SELECT 4711';

for (const [major, client] of [
  [14, 15],
  [18, 18],
] as const) {
  const skip = missing(`postgres-server-${major}`) || missing(`postgres-client-${client}`);
  describe(`a table of a server ${major} that somebody keeps locked`, { skip, timeout: 120_000 }, () => {
    let server: PostgresServer;
    before(async () => {
      server = await startPostgres({ major, settings: { max_prepared_transactions: '2' } });
    });
    after(() => server.stop());

    test('ends the run in time, and the run names the table and who locks it', async (t) => {
      await create(server, 'locked');
      await hold(t, server, 'locked', LOCK);
      const here = installHere(t, server, 'locked', WAIT);
      assertFailed(
        here,
        await here.run(['backup']),
        8,
        /^pg_dump waited 2 s in vain for the lock of table public\."Item", held by "Migration" of postgres from 127\.0\.0\.1 since 20[-0-9T:]+Z \(server process \d+, idle in transaction\)\. Let the backup run/,
      );
      assert.equal(here.newest().record.error?.code, 'LOCK_TIMEOUT');
      assert.match(here.log(), /pg_dump waits for the lock of table public\."Item", held by "Migration"/);
      assert.doesNotMatch(here.log(), /4711/);
    });

    test('only holds the run up where it is free in time', async (t) => {
      await create(server, 'freed');
      const holder = await hold(t, server, 'freed', LOCK);
      const here = installHere(t, server, 'freed', { BACKUP_LOCK_WAIT_SECONDS: '60' });
      const running = here.start(['backup']);
      await running.waitForOutput(/waits for the lock of table public/);
      holder.kill();
      const { exitCode, stderr } = await running.finished;
      assert.equal(exitCode, 0, stderr);
      assert.equal(here.log().match(/waits for the lock/g)?.length, 1);
    });

    test('is waited for as long as pg_dump itself is told, where it is', async (t) => {
      await create(server, 'told');
      await hold(t, server, 'told', LOCK);
      const here = installHere(t, server, 'told', {
        BACKUP_LOCK_WAIT_SECONDS: '600',
        PG_DUMP_EXTRA_OPTS: `--no-comments --lock-wait-timeout '1500 ms'`,
      });
      assertFailed(
        here,
        await here.run(['backup']),
        8,
        /^pg_dump waited 1\.5 s in vain for the lock of table public\."Item", held by "Migration"/,
      );
    });

    test('is waited for whatever time the role has for a statement or a lock', async (t) => {
      await create(server, 'hasty');
      await server.psql(`CREATE ROLE hasty SUPERUSER LOGIN PASSWORD 'p4ss';
        ALTER ROLE hasty SET statement_timeout = '300ms'; ALTER ROLE hasty SET lock_timeout = '300ms'`);
      const holder = await hold(t, server, 'hasty', LOCK);
      const here = installHere(t, server, 'hasty', { PG_USER: 'hasty', PGPASSWORD: 'p4ss' });
      const running = here.start(['backup']);
      await running.waitForOutput(/waits for the lock of table public/);
      holder.kill();
      const { exitCode, stderr } = await running.finished;
      assert.equal(exitCode, 0, stderr);
    });

    test('is told with little of a session that belongs to another user', async (t) => {
      await create(server, 'foreign');
      await server.psql(`CREATE ROLE lister LOGIN PASSWORD 'p4ss'; GRANT pg_read_all_settings TO lister`);
      await server.psql('GRANT SELECT ON ALL TABLES IN SCHEMA public TO lister', { database: 'foreign' });
      await hold(t, server, 'foreign', LOCK);
      const here = installHere(t, server, 'foreign', { ...WAIT, PG_USER: 'lister', PGPASSWORD: 'p4ss' });
      assertFailed(
        here,
        await here.run(['backup'], { INCLUDE_GLOBALS: 'false' }),
        8,
        /held by "Migration" of postgres \(server process \d+\)\./,
      );
    });

    test('is told with the transaction that was prepared and forgotten', async (t) => {
      await create(server, 'prepared');
      await server.psql(`BEGIN; LOCK TABLE "Item"; PREPARE TRANSACTION 'for''gotten'`, {
        database: 'prepared',
      });
      const here = installHere(t, server, 'prepared', WAIT);
      assertFailed(
        here,
        await here.run(['backup']),
        8,
        /held by the prepared transaction 'for''gotten' of postgres since 20[-0-9T:]+Z\./,
      );
      await server.psql(`ROLLBACK PREPARED 'for''gotten'`, { database: 'prepared' });
    });

    test('is told with what stands behind who waits for it', async (t) => {
      await create(server, 'queue');
      await hold(t, server, 'queue', 'BEGIN; SELECT * FROM "Item"', 'Long report');
      await hold(t, server, 'queue', 'ALTER TABLE "Item" ADD note text', 'Migration', 'active');
      const here = installHere(t, server, 'queue', WAIT);
      assertFailed(
        here,
        await here.run(['backup']),
        8,
        /held by "Migration" of postgres .* \(server process \d+, which itself waits for \d+\)\./,
      );
    });
  });
}

test('a wait for a lock is understood where the server speaks German', {
  skip: missing('postgres-server-15') || missing('postgres-client-15') || missingGerman(),
  timeout: 60_000,
}, async (t) => {
  const directory = temporaryDirectory(t);
  const english = await startPostgres({ directory });
  await create(english, 'gesperrt');
  await english.psql('CHECKPOINT');
  await english.killNow();
  const { host, user, password } = english;
  const port = await freePort();
  const { settings, ...files } = inGerman(t);
  await startOnFiles(t, { ...files, directory, settings: { ...settings, port: String(port) } });
  const server: PostgresServer = {
    ...english,
    port,
    psql: (sql, options) => runPsql({ host, port, user, password }, sql, options),
  };
  await hold(t, server, 'gesperrt', LOCK);
  const here = installHere(t, server, 'gesperrt', WAIT);
  assertFailed(
    here,
    await here.run(['backup']),
    8,
    /^pg_dump waited 2 s in vain for the lock of table public\."Item", held by "Migration" of postgres/,
  );
  assert.match(here.log(), /FEHLER/);
});

function installHere(t: TestContext, server: PostgresServer, database: string, changes: Env): Installation {
  return install(t, server, database, { PG_BIN_DIR: clientFor(server.major).directory, ...changes });
}

async function create(server: PostgresServer, database: string): Promise<void> {
  await server.createDatabase(database);
  await server.psql('CREATE TABLE "Item" AS SELECT 1 AS id; CREATE TABLE other AS SELECT 1 AS id', {
    database,
  });
}

/** A session that has begun what is to be done, and stays. */
async function hold(
  t: TestContext,
  server: PostgresServer,
  database: string,
  sql: string,
  applicationName = 'Migration',
  state = 'idle in transaction',
) {
  const session = connect(t, server, database, applicationName);
  session.stdin?.write(`${sql};\n`);
  await untilConnected(
    server,
    `datname = '${database}' AND application_name = '${applicationName}' AND state = '${state}'`,
    1,
  );
  return session;
}
