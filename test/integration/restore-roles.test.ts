import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs';
import { after, before, describe, type TestContext, test } from 'node:test';
import { missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { serverUserId } from '../harness/server-user.ts';
import { type BackedUp, backUp, databasesOf, scriptOf } from './backed-up.ts';
import { type Env, install } from './installation.ts';
import { type CliResult, runInProcess } from './run-in-process.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15');
const SHOP = `
  CREATE ROLE keeper NOLOGIN; CREATE ROLE clerk LOGIN PASSWORD 'cl3rk' IN ROLE keeper; CREATE ROLE "shop reader";
  CREATE ROLE settled CREATEDB CONNECTION LIMIT 5; COMMENT ON ROLE clerk IS 'at the desk';
  ALTER ROLE clerk SET work_mem = '8MB';
  ALTER DATABASE shop OWNER TO keeper; ALTER ROLE "shop reader" IN DATABASE shop SET work_mem = '9MB';
  CREATE TABLE item AS SELECT generate_series(1, 10) AS id; ALTER TABLE item OWNER TO keeper;
  GRANT SELECT ON item TO "shop reader";`;

describe('the roles of a restore', { skip }, () => {
  let source: PostgresServer;
  let target: PostgresServer;
  let shop: BackedUp;
  const made: BackedUp[] = [];
  const places: string[] = [];
  before(async () => {
    [source, target] = await Promise.all([startPostgres(), startPostgres()]);
    await source.createDatabase('shop');
    await source.psql(SHOP, { database: 'shop' });
    shop = await keep(backUp(source, 'shop'));
  });
  after(async () => {
    for (const { remove } of made) remove();
    await Promise.all([source.stop(), target.stop()]);
    for (const place of places) rmSync(place, { recursive: true, force: true });
  });

  test('are left out on request, all that is theirs then belongs to who restores', async (t) => {
    const args = ['restore', '--latest', '--to', 'without', '--no-owner', '--no-privileges'];
    const { exitCode, stderr } = await ask(t, args);
    assert.equal(exitCode, 0, stderr);
    // A setting that is for nobody here.
    assert.match(
      stderr,
      /A setting of the database could not be given to it: role "shop reader" does not exist/,
    );
    const owners = `SELECT pg_get_userbyid(datdba), (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 'item') FROM pg_database
      WHERE datname = 'without'`;
    assert.equal(await target.psql(owners, { database: 'without' }), 'postgres|postgres');
    assert.equal(
      await target.psql(`SELECT count(*) FROM pg_roles WHERE rolname IN ('keeper', 'shop reader')`),
      '0',
    );
  });

  test('come from the backup with --globals, with their passwords; those that are there are left alone', async (t) => {
    await target.psql(`CREATE ROLE settled LOGIN PASSWORD 's3ttled' CONNECTION LIMIT 2`);
    const ofSettled = `SELECT * FROM pg_authid WHERE rolname = 'settled'`;
    const before = await target.psql(ofSettled);
    const { exitCode, stderr, stdout } = await ask(t, ['restore', '--latest', '--to', 'shop', '--globals']);
    assert.equal(exitCode, 0, stderr);
    assert.match(stdout, /^ {2}missing roles +keeper, shop reader$/m);
    assert.match(stdout, /^ {2}roles to create +(?=.*clerk)(?=.*keeper)(?=.*shop reader)/m);
    assert.deepEqual(
      stdout.split('\n').filter((line) => /role differs +settled: /.test(line)).length,
      3,
      stdout,
    );
    assert.match(stderr, /Created the roles (?=.*clerk)(?=.*keeper)(?=.*shop reader)/);
    assert.equal(await target.psql(ofSettled), before);
    assert.deepEqual(await scriptOf(target, 'shop'), await scriptOf(source, 'shop'));
    const asClerk = { user: 'clerk', password: 'cl3rk', database: 'shop' };
    assert.equal(
      await target.psql('SELECT count(*), current_setting($$work_mem$$) FROM item', asClerk),
      '10|8MB',
    );
    await target.psql('DROP DATABASE shop');
    // All are there now.
    const again = await ask(t, ['restore', '--latest', '--to', 'shop']);
    assert.equal(again.exitCode, 0, again.stderr);
    assert.doesNotMatch(again.stderr, /roles: done/);
  });

  test('cannot come from a backup without globals', async (t) => {
    const bare = await keep(backUp(source, 'shop', { INCLUDE_GLOBALS: 'false' }));
    const { exitCode, stderr } = await ask(t, ['restore', '--latest', '--to', 'bare', '--globals'], bare.env);
    assert.equal(exitCode, 2, stderr);
    assert.match(stderr, /the backup was made without globals\. Leave --globals out\./);
  });

  test('are created all or none', async (t) => {
    await source.psql('CREATE ROLE above SUPERUSER; CREATE ROLE beside;');
    const more = await keep(backUp(source, 'shop'));
    await target.psql(`CREATE ROLE maker CREATEDB CREATEROLE LOGIN PASSWORD 'm4ker'; GRANT keeper TO maker;`);
    const as = { ...more.env, RESTORE_PG_USER: 'maker', RESTORE_PG_PASSWORD: 'm4ker' };
    const { exitCode, stderr } = await ask(
      t,
      ['restore', '--latest', '--to', 'more', '--globals', '--no-owner'],
      as,
    );
    assert.equal(exitCode, 17, stderr);
    assert.match(stderr, /failed: roles: must be superuser to create superusers\.? .*No role was created/);
    assert.equal(
      await target.psql(`SELECT count(*) FROM pg_roles WHERE rolname IN ('above', 'beside')`),
      '0',
    );
    assert.ok(!(await databasesOf(target)).includes('more'));
  });

  test('may be given what is theirs by a member of them, and by nobody else', async (t) => {
    const as = { RESTORE_PG_USER: 'maker', RESTORE_PG_PASSWORD: 'm4ker' };
    const member = await ask(t, ['restore', '--latest', '--to', 'by a member'], as);
    assert.equal(member.exitCode, 0, member.stderr);
    assert.deepEqual(await scriptOf(target, 'by a member'), await scriptOf(source, 'shop'));
    await target.psql('REVOKE keeper FROM maker');
    const { exitCode, stderr, stdout } = await ask(t, ['restore', '--latest', '--to', 'by another'], as);
    assert.equal(exitCode, 2, stderr);
    assert.match(stdout, /^ {2}may not be given to +keeper$/m);
    assert.match(stderr, /the user "maker" may not give anything to the roles keeper/);
    // Nor would it be a member of one that it creates.
    for (const database of ['without', 'by a member', 'shop'])
      await target.psql(`DROP DATABASE "${database}"`);
    await target.psql('DROP ROLE keeper');
    const created = await ask(t, ['restore', '--latest', '--to', 'by another', '--globals'], as);
    assert.equal(created.exitCode, 2, created.stderr);
    assert.match(created.stderr, /may not give anything to the roles keeper/);
    const without = await ask(t, ['restore', '--latest', '--to', 'by another', '--no-owner'], as);
    assert.equal(without.exitCode, 0, without.stderr);
  });

  test('may get less than they had, which the exit code and the log tell', async (t) => {
    await source.createDatabase('lesser');
    await source.psql(
      `CREATE TABLE item AS SELECT generate_series(1, 10) AS id;
       GRANT EXECUTE ON FUNCTION pg_catalog.pg_ls_dir(text) TO "shop reader"; REVOKE USAGE ON SCHEMA public FROM PUBLIC;`,
      { database: 'lesser' },
    );
    const lesser = await keep(backUp(source, 'lesser'));
    const as = { ...lesser.env, RESTORE_PG_USER: 'maker', RESTORE_PG_PASSWORD: 'm4ker' };
    const args = ['restore', '--latest', '--to', 'lesser', '--no-owner'];
    const { exitCode, stderr } = await ask(t, args, as);
    assert.equal(exitCode, 18, stderr);
    assert.match(
      stderr,
      /not restored: ACL FUNCTION pg_ls_dir\(text\) postgres: ERROR: {2}permission denied for function pg_ls_dir/,
    );
    assert.match(
      stderr,
      /0 objects or rows are missing, 1 rights, owners, comments or the like are missing, 0 mean nothing/,
    );
    assert.match(
      stderr,
      /\[RESTORE_INCOMPLETE\] "lesser" was restored with all rows, but without: 1 rights, .* The log above names them/,
    );
    assert.equal(await target.psql('SELECT count(*) FROM item', { database: 'lesser' }), '10');

    // In a database of somebody else's, the server refuses the right to the schema with a warning only.
    await target.psql(`CREATE DATABASE theirs TEMPLATE template0`);
    await target.psql(`GRANT CREATE ON SCHEMA public TO maker`, { database: 'theirs' });
    await source.psql(`REVOKE EXECUTE ON FUNCTION pg_catalog.pg_ls_dir(text) FROM "shop reader"`, {
      database: 'lesser',
    });
    const warned = await keep(backUp(source, 'lesser'));
    const there = await ask(t, ['restore', '--latest', '--to', 'theirs', '--no-owner'], {
      ...as,
      ...warned.env,
    });
    assert.equal(there.exitCode, 18, there.stderr);
    assert.match(there.stderr, /not restored: .*no privileges could be revoked for "public"/);
  });

  test('tablespaces are asked for, used, or left out on request', async (t) => {
    const at = (server: PostgresServer, name: string): Promise<string> => {
      const place = mkdtempSync('/tmp/pg-backup-space-');
      places.push(place);
      chmodSync(place, 0o700);
      if (serverUserId !== undefined) chownSync(place, serverUserId, serverUserId);
      return server.psql(`CREATE TABLESPACE ${name} LOCATION '${place}'`);
    };
    await at(source, 'fast');
    await at(source, '"the other"');
    await source.psql('CREATE DATABASE spaced TEMPLATE template0 TABLESPACE fast');
    await source.psql('CREATE TABLE here (); CREATE TABLE there () TABLESPACE "the other"', {
      database: 'spaced',
    });
    const { env } = await keep(backUp(source, 'spaced'));
    const restore = ['restore', '--latest', '--to'];
    const lacking = await ask(t, [...restore, 'spaced'], env);
    assert.equal(lacking.exitCode, 2, lacking.stderr);
    assert.match(lacking.stdout, /^ {2}missing tablespaces +fast, the other$/m);
    assert.match(lacking.stderr, /the server lacks tablespaces: fast, the other\. .*--no-tablespaces/);

    const without = await ask(t, [...restore, 'without spaces', '--no-tablespaces'], env);
    assert.equal(without.exitCode, 0, without.stderr);
    const spaces = (database: string) =>
      target.psql(
        `SELECT (SELECT spcname FROM pg_database d JOIN pg_tablespace s ON s.oid = dattablespace WHERE datname = current_database()),
           (SELECT spcname FROM pg_class c JOIN pg_tablespace s ON s.oid = reltablespace WHERE relname = 'there')`,
        { database },
      );
    assert.equal(await spaces('without spaces'), 'pg_default|');
    await at(target, 'fast');
    await at(target, '"the other"');
    const used = await ask(t, [...restore, 'spaced'], env);
    assert.equal(used.exitCode, 0, used.stderr);
    assert.equal(await spaces('spaced'), 'fast|the other');

    // What keeps the server from making the database is told, and is no bug.
    const as = { ...env, RESTORE_PG_USER: 'maker', RESTORE_PG_PASSWORD: 'm4ker' };
    const denied = await ask(t, [...restore, 'denied', '--no-owner'], as);
    assert.equal(denied.exitCode, 17, denied.stderr);
    assert.match(denied.stderr, /failed: permission denied for tablespace fast\.? No half is left/);
  });

  async function keep(backup: Promise<BackedUp>): Promise<BackedUp> {
    made.push(await backup);
    return backup;
  }

  function ask(t: TestContext, args: readonly string[], changes: Env = {}): Promise<CliResult> {
    const here = install(t, source, 'shop', {
      ...shop.env,
      RESTORE_PG_HOST: target.host,
      RESTORE_PG_PORT: String(target.port),
      RESTORE_PG_PASSWORD: target.password,
      ...changes,
    });
    return runInProcess(args, here.env);
  }
});
