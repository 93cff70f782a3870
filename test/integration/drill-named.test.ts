import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { wrapClient } from '../harness/fake-bin.ts';
import { clientDirectories, missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { untilConnected } from './connected.ts';
import {
  addBackups,
  assertEqual,
  assertNotEqual,
  type Backups,
  type DrillInstallation,
  differencesOf,
  installDrills,
  makeBackups,
  proofOf,
} from './drill-installation.ts';
import type { Env } from './installation.ts';
import { until } from './until.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15');
const client15 = clientDirectories().get(15) ?? '';
const directory = temporaryDirectory();
/** Says that it is there, and goes on when it may. */
const HOLD = `touch 'PLACE/held'; until [ -e 'PLACE/go' ]; do sleep 0.05; done; exec "$REAL" "$@"`;
const CONNINFO_SECRET = 'p4ss-of-the-publisher';
const SHOP = `
  CREATE ROLE keeper;
  CREATE TABLE item AS SELECT i AS id, 'item ' || i AS name FROM generate_series(1, 1000) AS i;
  ALTER TABLE item OWNER TO keeper;
  ALTER ROLE keeper IN DATABASE shop SET work_mem = '9MB';
  CREATE TABLE own (id int); INSERT INTO own VALUES (1), (2);
  ALTER TABLE own ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
  CREATE POLICY the_first ON own USING (id = 1);
  CREATE SUBSCRIPTION "from elsewhere" CONNECTION 'host=elsewhere password=${CONNINFO_SECRET}' PUBLICATION p
    WITH (connect = false, slot_name = NONE);`;

describe('a drill on a server that the settings name', { skip }, () => {
  let source: PostgresServer;
  let scratch: PostgresServer;
  let shop: Backups;
  let template: Backups;
  /** All of it belongs to one role, which is no superuser. */
  let kept: Backups;
  before(async () => {
    [source, scratch] = await Promise.all([startPostgres(), startPostgres()]);
    for (const database of ['shop', 'model', 'kept']) await source.createDatabase(database);
    await source.psql(SHOP, { database: 'shop' });
    await source.psql(`CREATE TABLE item (id int); COMMENT ON DATABASE model IS 'a model'`, {
      database: 'model',
    });
    await source.psql('ALTER DATABASE model IS_TEMPLATE true; ALTER DATABASE kept OWNER TO keeper');
    await source.psql('CREATE TABLE item AS SELECT 1 AS id; ALTER TABLE item OWNER TO keeper', {
      database: 'kept',
    });
    shop = await makeBackups(directory, source, 'shop', { BACKUP_FINGERPRINT: 'content' });
    template = await makeBackups(directory, source, 'model', {});
    kept = await makeBackups(directory, source, 'kept', { BACKUP_FINGERPRINT: 'content' });
    await scratch.psql('CREATE ROLE keeper');
    await scratch.psql(`CREATE ROLE plain LOGIN CREATEDB PASSWORD 'plain-p4ss'`);
  });
  after(() => Promise.all([source.stop(), scratch.stop()]));

  async function start(t: TestContext, changes: Env = {}, backups = shop): Promise<DrillInstallation> {
    const here = await installDrills(t, source, backups.runs[0]?.replace(/_.*/, '') ?? '', {
      ...{ DRILL_PG_HOST: scratch.host, DRILL_PG_PORT: String(scratch.port) },
      ...{ DRILL_PG_USER: scratch.user, DRILL_PG_PASSWORD: scratch.password },
      ...changes,
    });
    addBackups(here, backups);
    return here;
  }

  /** Every database but those that all servers have. */
  const databasesOf = async (server: PostgresServer): Promise<string[]> =>
    (await server.psql(`SELECT datname FROM pg_database WHERE datname !~ '^(postgres|template[01])$'`))
      .split('\n')
      .filter((name) => name !== '')
      .sort();

  /** Sessions that were begun on the server so far, this one included. */
  const sessionsOf = async (server: PostgresServer): Promise<number> =>
    Number(
      await server.psql('SELECT pg_stat_force_next_flush(); SELECT sum(sessions) FROM pg_stat_database'),
    );

  test('restores there, compares, drops its database, and leaves the source alone', async (t) => {
    const here = await start(t);
    // No connection to the source can be had.
    const result = await here.run(['drill'], { PGPASSWORD: 'wrong' });
    assertEqual(here, result);
    assert.equal(here.newestDrill().server?.kind, 'named');
    assert.match(result.stdout, /restored {2}into a scratch database of PostgreSQL 15\./);
    assert.deepEqual(await databasesOf(scratch), []);
    assert.deepEqual(await databasesOf(source), ['kept', 'model', 'shop']);
  });

  test('drops its database also where the source was a template', async (t) => {
    const here = await start(t, {}, template);
    assertEqual(here, await here.run(['drill']));
    assert.deepEqual(await databasesOf(scratch), []);
  });

  test('does not compare owners and rights where roles are missing, and proves nothing', async (t) => {
    await scratch.psql('ALTER ROLE keeper RENAME TO nobody_knows');
    t.after(() => scratch.psql('ALTER ROLE nobody_knows RENAME TO keeper'));
    const here = await start(t);
    const result = await here.run(['drill']);
    const { omissions } = assertNotEqual(here, result, { exitCode: 18, outcome: 'incomplete' });
    assert.deepEqual(
      omissions.map(({ kind }) => kind),
      ['owners', 'grants'],
    );
    assert.match(result.stdout, /\? not compared: the owners, .*\n.*\? not compared: the rights, /);
    assert.equal(proofOf(here, shop.runs[0] ?? ''), 'read');
    assert.deepEqual(await databasesOf(scratch), []);
  });

  test('tells what a user without rights could not restore or read, and no secret of it', async (t) => {
    const here = await start(t, { DRILL_PG_USER: 'plain', DRILL_PG_PASSWORD: 'plain-p4ss' });
    for (const jobs of ['1', '2']) {
      const result = await here.run(['drill', '-j', jobs]);
      const drill = assertNotEqual(here, result, { exitCode: 19, outcome: 'different' });
      const differences = differencesOf(drill);
      assert.ok(differences.includes('unreadable: table public.own'), result.stdout);
      // Two workers may write into each other's lines.
      const told = jobs === '1' ? /^not restored: .*SUBSCRIPTION/ : /^not restored: /;
      assert.ok(
        differences.some((difference) => told.test(difference)),
        result.stdout,
      );
      assert.ok(differences.includes('missing: subscription "from elsewhere"'), result.stdout);
      assert.deepEqual(
        drill.omissions.map(({ kind }) => kind),
        ['owners', 'grants'],
      );
      const everything = JSON.stringify(here.drills()) + result.stdout + result.stderr + here.log();
      for (const secret of [CONNINFO_SECRET, 'plain-p4ss', source.password]) {
        assert.ok(!everything.includes(secret), secret);
      }
      assert.equal(proofOf(here, shop.runs[0] ?? ''), 'read');
      assert.deepEqual(await databasesOf(scratch), []);
    }
  });

  test('needs no superuser where the user is a member of every owner', async (t) => {
    await scratch.psql(`CREATE ROLE member LOGIN CREATEDB PASSWORD 'p4ss'; GRANT keeper TO member`);
    const here = await start(t, { DRILL_PG_USER: 'member', DRILL_PG_PASSWORD: 'p4ss' }, kept);
    const result = await here.run(['drill']);
    assertEqual(here, result);
    assert.match(result.stdout, /restored, and equal\n$/);
    assert.deepEqual(await databasesOf(scratch), []);
  });

  test('is refused to a user who may not create databases', async (t) => {
    await scratch.psql(`CREATE ROLE poor LOGIN PASSWORD 'p4ss'`);
    const here = await start(t, { DRILL_PG_USER: 'poor', DRILL_PG_PASSWORD: 'p4ss' });
    const result = await here.run(['drill']);
    assertNotEqual(here, result, { exitCode: 2, outcome: 'failed' });
    assert.match(result.stderr, /may not create databases .*ALTER ROLE \\"poor\\" CREATEDB;/);
  });

  test('is refused on the server that was backed up, which is not even connected to', async (t) => {
    const here = await start(t, {
      ...{
        DRILL_PG_HOST: source.host,
        DRILL_PG_PORT: String(source.port),
        DRILL_PG_PASSWORD: source.password,
      },
    });
    const before = await sessionsOf(source);
    const result = await here.run(['drill']);
    assert.equal(await sessionsOf(source), before + 1);
    const { error, server } = assertNotEqual(here, result, { exitCode: 2, outcome: 'failed' });
    assert.deepEqual([error?.code, error?.phase, server], ['DRILL_REFUSED', 'prepare', undefined]);
    assert.match(error?.message ?? '', /is the server that the backup was taken from/);
    assert.match(error?.hint ?? '', /--on-source-server/);
    // Also where the settings have moved on since.
    const moved = await here.run(['drill'], { PG_HOST: 'elsewhere' });
    assertNotEqual(here, moved, { exitCode: 2, outcome: 'failed' });
  });

  for (const [what, host] of [
    ['another name of the host', () => 'localhost'],
    ['its socket', () => source.socketDirectory],
  ] as const) {
    test(`is refused on the server that was backed up by ${what}, unless told twice`, async (t) => {
      const here = await start(t, {
        ...{ DRILL_PG_HOST: host(), DRILL_PG_PORT: String(source.port), DRILL_PG_PASSWORD: source.password },
      });
      const { error } = assertNotEqual(here, await here.run(['drill']), { exitCode: 2, outcome: 'failed' });
      assert.equal(error?.code, 'DRILL_REFUSED');
      assert.deepEqual(await databasesOf(source), ['kept', 'model', 'shop']);
      assertEqual(here, await here.run(['drill', '--on-source-server']));
      assert.deepEqual(await databasesOf(source), ['kept', 'model', 'shop']);
      assert.equal(await source.psql('SELECT count(*) FROM item', { database: 'shop' }), '1000');
    });
  }

  test('drops its database where pg_restore dies in the middle', async (t) => {
    for (const [script, said] of [
      ['kill -KILL $$', /killed by SIGKILL/],
      ['"$REAL" "$@"; exit 3', /exit code 3/],
    ] as const) {
      const here = await start(t, { PG_BIN_DIR: wrapClient(client15, { pg_restore: script }, t) });
      const { error } = assertNotEqual(here, await here.run(['drill']), { exitCode: 17, outcome: 'failed' });
      assert.deepEqual([error?.code, error?.phase], ['RESTORE_FAILED', 'restore']);
      assert.match(error?.message ?? '', said);
      assert.deepEqual(await databasesOf(scratch), []);
    }
  });

  test('drops its database when it is told to stop, and records that', async (t) => {
    const { here, running } = await hold(t, await start(t));
    running.kill('SIGTERM');
    const result = await running.finished;
    const { error } = assertNotEqual(here, result, { exitCode: 143, outcome: 'failed' });
    assert.deepEqual([error?.code, error?.phase], ['INTERRUPTED', 'restore']);
    assert.deepEqual(await databasesOf(scratch), []);
  });

  test('leaves no database that the server was making when it was told to stop', async (t) => {
    const here = await start(t);
    // Nobody can make a database for as long as this is held.
    const locking = scratch.psql(
      'BEGIN; LOCK pg_database IN SHARE ROW EXCLUSIVE MODE; SELECT pg_sleep(600);',
    );
    const ended = assert.rejects(locking);
    const isLocker = `query LIKE '%pg_sleep(600)%' AND wait_event = 'PgSleep'`;
    await untilConnected(scratch, isLocker, 1);
    const isMaking = `query LIKE 'CREATE DATABASE%' AND state = 'active'`;
    const running = here.start(['drill']);
    await untilConnected(scratch, isMaking, 1);
    running.kill('SIGTERM');
    await untilConnected(scratch, isMaking, 0);
    await scratch.psql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${isLocker}`);
    await ended;
    assertNotEqual(here, await running.finished, { exitCode: 143, outcome: 'failed' });
    assert.deepEqual(await databasesOf(scratch), []);
  });

  test('removes what a killed one left, and nothing that a living one uses', async (t) => {
    const killed = await hold(t, await start(t));
    killed.running.kill('SIGKILL');
    await killed.running.finished;
    await until(() => killed.here.leftovers().filter((name) => name.startsWith('process')), []);
    const [left = ''] = await databasesOf(scratch);
    assert.match(left, /^pgbackup_drill_/);

    const living = await hold(t, await start(t));
    const between = await databasesOf(scratch);
    assert.equal(between.length, 1);
    assert.notEqual(between[0], left);
    const other = await start(t);
    assertEqual(other, await other.run(['drill']));
    assert.deepEqual(await databasesOf(scratch), between);
    living.goOn();
    assertEqual(living.here, await living.running.finished);
    assert.deepEqual(await databasesOf(scratch), []);
  });
});

/** A drill that has made its database, and whose pg_restore waits. */
async function hold(t: TestContext, here: DrillInstallation) {
  const script = HOLD.replaceAll('PLACE', here.directory);
  const running = here.start(['drill'], { PG_BIN_DIR: wrapClient(client15, { pg_restore: script }, t) });
  await until(() => existsSync(join(here.directory, 'held')), true);
  return { here, running, goOn: () => writeFileSync(join(here.directory, 'go'), '') };
}

describe('a drill on another server', {
  skip: missing('postgres-server-14', 'postgres-server-15', 'postgres-client-15'),
}, () => {
  test('is refused where that is older than the source', async (t) => {
    const [source, older] = await Promise.all([startPostgres(), startPostgres({ major: 14 })]);
    t.after(() => Promise.all([source.stop(), older.stop()]));
    await source.createDatabase('shop');
    const here = await installDrills(t, source, 'shop', {
      ...{ DRILL_PG_HOST: older.host, DRILL_PG_PORT: String(older.port) },
      ...{ DRILL_PG_USER: older.user, DRILL_PG_PASSWORD: older.password },
    });
    assert.equal((await here.run(['backup'])).exitCode, 0);
    const { error } = assertNotEqual(here, await here.run(['drill']), { exitCode: 2, outcome: 'failed' });
    assert.match(error?.message ?? '', /is a server 14, and the backup is of a server 15/);
  });

  test('says so where that goes away, and what may be left on it', async (t) => {
    const [source, scratch] = await Promise.all([startPostgres(), startPostgres()]);
    t.after(() => Promise.all([source.stop(), scratch.stop()]));
    await source.createDatabase('shop');
    await source.psql('CREATE TABLE item (id int)', { database: 'shop' });
    const here = await installDrills(t, source, 'shop', {
      ...{ DRILL_PG_HOST: scratch.host, DRILL_PG_PORT: String(scratch.port) },
      ...{ DRILL_PG_USER: scratch.user, DRILL_PG_PASSWORD: scratch.password },
    });
    assert.equal((await here.run(['backup'])).exitCode, 0);
    const { running, goOn } = await hold(t, here);
    await scratch.killNow();
    goOn();
    const result = await running.finished;
    const { error, phases } = assertNotEqual(here, result, { exitCode: 17, outcome: 'failed' });
    assert.equal(error?.phase, 'restore');
    assert.match(error?.message ?? '', /Connection refused/);
    assert.deepEqual([phases.at(-1)?.name, phases.at(-1)?.outcome], ['clear', 'failed']);
    assert.match(
      result.stderr,
      /Remove it: DROP DATABASE \\"?pgbackup_drill_[0-9a-f]{12}\\"? WITH \(FORCE\);/,
    );
  });
});
