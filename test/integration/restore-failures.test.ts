import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { after, before, describe, type TestContext, test } from 'node:test';
import { wrapClient } from '../harness/fake-bin.ts';
import { missing } from '../harness/parts.ts';
import type { RunningPgBackup } from '../harness/pg-backup.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { type BackedUp, backUp, databasesOf, scriptOf } from './backed-up.ts';
import { clientFor } from './client-program.ts';
import { connect, untilConnected } from './connected.ts';
import { type Env, type Installation, install } from './installation.ts';
import { type CliResult, runInProcess } from './run-in-process.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15');
/** Whose rows cannot be restored as long as somebody called so is connected to the server. */
const GATE = 'gate keeper';
const GATED = `
  CREATE FUNCTION passes(int) RETURNS boolean LANGUAGE plpgsql AS $$
  BEGIN
    WHILE EXISTS (SELECT FROM pg_stat_activity WHERE application_name = '${GATE}') LOOP
      PERFORM pg_sleep(0.02);
      PERFORM pg_stat_clear_snapshot();
    END LOOP;
    RETURN true;
  END $$;
  CREATE TABLE first AS SELECT generate_series(1, 100) AS id;
  CREATE TABLE gated (id int CHECK (passes(id))); INSERT INTO gated VALUES (1);
  CREATE TABLE last AS SELECT repeat(md5(i::text), 20) AS text FROM generate_series(1, 2000) AS i;
  CREATE TABLE parted (id int PRIMARY KEY) PARTITION BY LIST (id); CREATE TABLE part PARTITION OF parted DEFAULT;`;
const IN_PLACE = ['--into-existing', '--clean', '--yes'];

describe('a restore that does not come to its end', { skip }, () => {
  let server: PostgresServer;
  let gated: BackedUp;
  let spoilt: BackedUp;
  let late: BackedUp;
  before(async () => {
    server = await startPostgres();
    for (const database of ['gated', 'spoilt']) await server.createDatabase(database);
    await server.psql(GATED, { database: 'gated' });
    gated = await backUp(server, 'gated');
    // It was true of these rows once.
    await server.psql(
      `CREATE FUNCTION is_good(int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
       CREATE TABLE good AS SELECT generate_series(1, 100) AS id; CREATE TABLE bad (id int CHECK (is_good(id))); INSERT INTO bad VALUES (1), (424242);
       CREATE OR REPLACE FUNCTION is_good(int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 < 424242';`,
      { database: 'spoilt' },
    );
    spoilt = await backUp(server, 'spoilt');
    // What fails comes behind large objects, for which a script of pg_restore may have a transaction of its own.
    await server.createDatabase('late');
    await server.psql(
      `CREATE FUNCTION key(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
       CREATE TABLE good AS SELECT generate_series(1, 100) AS id; CREATE UNIQUE INDEX "of keys" ON good (key(id));
       SELECT lo_from_bytea(0, 'coffee'); CREATE TABLE parted (id int PRIMARY KEY) PARTITION BY LIST (id); CREATE TABLE part PARTITION OF parted DEFAULT;
       CREATE OR REPLACE FUNCTION key(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';`,
      { database: 'late' },
    );
    late = await backUp(server, 'late');
    await server.psql('DROP DATABASE late');
  });
  after(async () => {
    for (const { remove } of [gated, spoilt, late]) remove();
    await server.stop();
  });

  test('for rows that cannot be restored leaves no database, and says why', async (t) => {
    const { exitCode, stderr } = await ask(t, spoilt, ['restore', '--latest', '--to', 'copy']);
    assert.equal(exitCode, 17, stderr);
    assert.match(
      stderr,
      /WARN: missing: .*COPY failed for (table|relation) "bad": ERROR: {2}new row for relation "bad" violates check constraint/,
    );
    assert.match(stderr, /1 objects or rows are missing, 0 rights/);
    assert.match(stderr, /The unfinished database "copy_restoring_[0-9a-f]{8}" was removed/);
    assert.match(stderr, /\[RESTORE_FAILED\] The restore into "copy" failed: .*"bad".* No half is left/);
    // Rows may be anything, and are not for logs.
    assert.doesNotMatch(stderr, /Failing row|424242/);
    assert.deepEqual(await databasesOf(server), ['gated', 'spoilt']);
  });

  for (const [what, backup, changes] of [
    ['in one transaction', () => spoilt, []],
    ['in one transaction, in the place of what is there,', () => spoilt, IN_PLACE],
    ['in one transaction, behind its large objects,', () => late, IN_PLACE],
  ] as const) {
    test(`${what} leaves the database as it was`, async (t) => {
      await server.createDatabase('there');
      t.after(() => server.psql('DROP DATABASE there'));
      if (changes.length > 0) {
        await server.psql('CREATE TABLE good AS SELECT 7 AS id; CREATE TABLE mine AS SELECT 8 AS id', {
          database: 'there',
        });
      }
      const before = await scriptOf(server, 'there');
      const args = ['restore', '--latest', '--to', 'there', ...changes];
      const { exitCode, stderr } = await ask(t, backup(), args);
      assert.equal(exitCode, 17, stderr);
      assert.match(
        stderr,
        /failed: .*(bad_id_check|of keys).*It ran in one transaction, so the database is as it was/,
      );
      assert.doesNotMatch(stderr, /Failing row|is duplicated/);
      assert.deepEqual(await scriptOf(server, 'there'), before);
    });
  }

  for (const [what, script] of [
    ['that dies half-way', '"$REAL" --section=pre-data "$@"; kill -KILL $$'],
    [
      'that gives up after something harmless',
      `"$REAL" --section=pre-data "$@"
       printf 'pg_restore: error: could not execute query: ERROR:  no such role\\nCommand was: GRANT SELECT ON TABLE x TO y;\\n\\n' >&2; exit 1`,
    ],
    ['that ends with another exit code', '"$REAL" --section=pre-data "$@"; exit 3'],
  ] as const) {
    test(`because of a pg_restore ${what} leaves no database`, async (t) => {
      const client = wrapClient(clientFor(15).directory, { pg_restore: script }, t);
      const { exitCode, stderr } = await ask(t, gated, ['restore', '--latest', '--to', 'copy'], {
        PG_BIN_DIR: client,
      });
      assert.equal(exitCode, 17, stderr);
      assert.match(
        stderr,
        /\[RESTORE_FAILED\] The restore into "copy" failed: .*(killed by SIGKILL|exit code [13])/,
      );
      assert.deepEqual(await databasesOf(server), ['gated', 'spoilt']);
    });
  }

  test('because of a psql that ends well before its script does leaves the database as it was', async (t) => {
    await server.psql('CREATE DATABASE there TEMPLATE gated');
    t.after(() => server.psql('DROP DATABASE there'));
    await server.psql('DELETE FROM first WHERE id > 9', { database: 'there' });
    const before = await scriptOf(server, 'there');
    const psql = 'case " $* " in *" --file=- "*) head -n 60 | "$REAL" "$@" ;; *) exec "$REAL" "$@" ;; esac';
    const client = wrapClient(clientFor(15).directory, { psql }, t);
    const args = ['restore', '--latest', '--to', 'there', ...IN_PLACE];
    const { exitCode, stderr } = await ask(t, gated, args, { PG_BIN_DIR: client });
    assert.equal(exitCode, 17, stderr);
    assert.deepEqual(await scriptOf(server, 'there'), before);
  });

  test('for want of connections leaves no database', async (t) => {
    await server.psql(`CREATE ROLE few CREATEDB LOGIN PASSWORD 'f3w' CONNECTION LIMIT 2`);
    const args = ['restore', '--latest', '--to', 'copy', '--no-owner', '-j', '4'];
    const { exitCode, stderr } = await ask(t, gated, args, {
      RESTORE_PG_USER: 'few',
      RESTORE_PG_PASSWORD: 'f3w',
    });
    assert.equal(exitCode, 17, stderr);
    // What the worker said is lost where pg_restore is quicker to end the others.
    assert.match(stderr, /too many connections for role|a worker process died unexpectedly/);
    assert.deepEqual(await databasesOf(server), ['gated', 'spoilt']);
  });

  test('because an administrator ended its session leaves no database', async (t) => {
    const { running, temporary } = await startGated(t, 'copy');
    await server.psql(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${temporary}' AND query LIKE 'COPY%'`,
    );
    const { exitCode, stderr } = await running.finished;
    assert.equal(exitCode, 17, stderr);
    assert.match(stderr, /terminating connection due to administrator command/);
    assert.deepEqual(await databasesOf(server), ['gated', 'spoilt']);
  });

  test('because of SIGTERM leaves no database and nothing else', async (t) => {
    const { here, running, temporary } = await startGated(t, 'copy');
    running.kill('SIGTERM');
    const { exitCode, stderr } = await running.finished;
    assert.equal(exitCode, 143, stderr);
    assert.ok(stderr.includes(`The unfinished database \\"${temporary}\\" was removed`), stderr);
    assert.deepEqual([await databasesOf(server), here.leftovers()], [['gated', 'spoilt'], []]);
  });

  test('because of SIGKILL leaves a database that the next plan names', async (t) => {
    const { here, running, temporary } = await startGated(t, 'copy');
    running.kill('SIGKILL');
    assert.equal((await running.finished).signal, 'SIGKILL');
    assert.deepEqual(await databasesOf(server), [temporary, 'gated', 'spoilt']);
    const plan = ['restore', '--latest', '--to', 'copy', '--plan'];
    const { exitCode, stdout } = await runInProcess(plan, here.env);
    assert.equal(exitCode, 0);
    assert.match(stdout, new RegExp(`^ {2}unfinished.* +"${temporary}"$`, 'm'));
    // Also where it had not got its mark yet, or had got its own comment already.
    await server.psql(`COMMENT ON DATABASE "${temporary}" IS NULL`);
    assert.match((await runInProcess(plan, here.env)).stdout, new RegExp(`"${temporary}"$`, 'm'));
    await server.psql(`DROP DATABASE "${temporary}" WITH (FORCE)`);
  });

  test('because its server died says which database to remove', async (t) => {
    const mortal = await startPostgres();
    t.after(() => mortal.stop());
    const { running, temporary } = await startGated(t, 'copy', mortal);
    await mortal.killNow();
    const { exitCode, stderr } = await running.finished;
    assert.equal(exitCode, 17, stderr);
    assert.ok(stderr.includes(`Remove it: DROP DATABASE \\"${temporary}\\" WITH (FORCE);`), stderr);
    assert.match(stderr, /What had been restored by then could not be removed: the log above names it/);
  });

  test('where somebody took the name meanwhile keeps the result and says how it gets its name', async (t) => {
    const { running, temporary, open } = await startGated(t, 'copy');
    await server.psql('CREATE DATABASE copy');
    await server.psql('CREATE TABLE theirs ()', { database: 'copy' });
    open();
    const { exitCode, stderr } = await running.finished;
    assert.equal(exitCode, 17, stderr);
    const [, rename = ''] =
      /database \\"copy\\" already exists.*was kept as .* Once the name is free: (ALTER DATABASE .*?;)/.exec(
        stderr,
      ) ?? [];
    assert.deepEqual(await databasesOf(server), ['copy', temporary, 'gated', 'spoilt']);
    assert.equal(
      await server.psql(`SELECT count(*) FROM pg_class WHERE relname = 'theirs'`, { database: 'copy' }),
      '1',
    );
    await server.psql(`DROP DATABASE copy; ${rename.replaceAll('\\"', '"')}`);
    assert.deepEqual(await scriptOf(server, 'copy'), await scriptOf(server, 'gated'));
    await server.psql('DROP DATABASE copy');
  });

  test('comes to its end where somebody looked into it meanwhile', async (t) => {
    const { running, temporary, open } = await startGated(t, 'copy');
    const monitor = connect(t, server, temporary, 'monitor');
    await untilConnected(server, `datname = '${temporary}' AND application_name = 'monitor'`, 1);
    open();
    // It is asked again once the server has given up to wait.
    const renaming = `query LIKE 'ALTER DATABASE "${temporary}" RENAME%'`;
    await untilConnected(server, renaming, 1);
    const first = await server.psql(
      `SELECT query_start FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND ${renaming}`,
    );
    await untilConnected(server, `${renaming} AND query_start > '${first}'`, 1);
    monitor.kill();
    const { exitCode, stderr } = await running.finished;
    assert.equal(exitCode, 0, stderr);
    assert.deepEqual(await databasesOf(server), ['copy', 'gated', 'spoilt']);
    await server.psql('DROP DATABASE copy');
  });

  describe('in one transaction', () => {
    for (const [signal, code] of [
      ['SIGTERM', 143],
      ['SIGKILL', null],
    ] as const) {
      test(`because of ${signal} leaves the database as it was`, async (t) => {
        await server.psql(`CREATE DATABASE there TEMPLATE gated`);
        t.after(() => server.psql('DROP DATABASE there WITH (FORCE)'));
        await server.psql('DELETE FROM first WHERE id > 9', { database: 'there' });
        const before = await scriptOf(server, 'there');
        // A psql that outlives its parent must not take the end of its input for the end of the script, most of which has not come yet.
        const client = wrapClient(clientFor(15).directory, { psql: '"$REAL" "$@"' }, t);
        const { running } = await startGated(t, 'there', server, IN_PLACE, { PG_BIN_DIR: client });
        running.kill(signal);
        assert.equal((await running.finished).exitCode, code);
        keeperOf(t)?.kill();
        await untilConnected(server, `datname = 'there'`, 0);
        assert.deepEqual(await scriptOf(server, 'there'), before);
      });
    }
  });

  const keepers = new WeakMap<TestContext, ChildProcess>();
  const keeperOf = (t: TestContext): ChildProcess | undefined => keepers.get(t);

  /** A restore that waits in the midst of its rows until the gate is opened. */
  async function startGated(
    t: TestContext,
    to: string,
    on: PostgresServer = server,
    flags: readonly string[] = [],
    changes: Env = {},
  ): Promise<{ here: Installation; running: RunningPgBackup; temporary: string; open: () => void }> {
    const keeper = connect(t, on, 'postgres', GATE);
    keepers.set(t, keeper);
    await untilConnected(on, `application_name = '${GATE}'`, 1);
    const here = install(t, server, 'gated', {
      ...gated.env,
      RESTORE_PG_PORT: String(on.port),
      RESTORE_PG_PASSWORD: on.password,
      ...changes,
    });
    const running = here.start(['restore', '--latest', '--to', to, ...flags]);
    const isAtGate = `datname ~ '^${to}(_restoring_[0-9a-f]{8})?$' AND query LIKE 'COPY %gated%'`;
    const ended = running.finished.then(({ stderr }) => {
      throw new Error(`it ended before it came to the gate: ${stderr}`);
    });
    await Promise.race([untilConnected(on, isAtGate, 1), ended]);
    const temporary = await on.psql(
      `SELECT datname FROM pg_database WHERE datname ~ '^${to}(_restoring_[0-9a-f]{8})?$'`,
    );
    return { here, running, temporary, open: () => keeper.kill() };
  }

  function ask(
    t: TestContext,
    { env }: BackedUp,
    args: readonly string[],
    changes: Env = {},
  ): Promise<CliResult> {
    return runInProcess(args, install(t, server, env['PG_DATABASE'] ?? '', { ...env, ...changes }).env);
  }
});
