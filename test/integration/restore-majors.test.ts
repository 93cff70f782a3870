import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { ageKey } from '../encryption/keys.ts';
import { clientDirectories, missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { type BackedUp, backUp, databasesOf, scriptOf } from './backed-up.ts';
import { type Env, install, searchPath } from './installation.ts';
import { type CliResult, runInProcess } from './run-in-process.ts';

const MAJORS = [14, 15, 17, 18] as const;
type Major = (typeof MAJORS)[number];
const skip =
  missing(...MAJORS.map((major) => `postgres-server-${major}` as const)) ||
  missing('postgres-client-15', 'postgres-client-17', 'postgres-client-18', 'age');
const EVERY_OBJECT_TYPE = readFileSync(new URL('../harness/every-object-type.sql', import.meta.url), 'utf8');
/** All clients to choose from. */
const PATH = [...clientDirectories().values(), searchPath()].join(delimiter);
const client17 = clientDirectories().get(17) ?? '';

describe('a backup of one major', { skip }, () => {
  const servers = new Map<Major, PostgresServer>();
  const made: BackedUp[] = [];
  before(async () => {
    await Promise.all(MAJORS.map(async (major) => servers.set(major, await startPostgres({ major }))));
    for (const major of [14, 15] as const) {
      await on(major).createDatabase('every');
      await on(major).psql(EVERY_OBJECT_TYPE, { database: 'every' });
      // A newer client writes what an older server cannot be told of one.
      await on(major).psql('DROP SUBSCRIPTION sleeping', { database: 'every' });
    }
  });
  after(async () => {
    for (const { remove } of made) remove();
    await Promise.all([...servers.values()].map((server) => server.stop()));
  });

  test('14 is restored into 18', async (t) => {
    const backup = await keep(backUp(on(14), 'every', { PATH }));
    const { exitCode, stdout, stderr } = await ask(
      t,
      18,
      ['restore', '--latest', '--to', 'of 14', '--globals'],
      backup.env,
    );
    assert.equal(exitCode, 0, stderr);
    assert.match(stdout, /^ {2}taken from +"every", PostgreSQL 14\.\d+.*; pg_dump 15\./m);
    assert.match(stdout, /^ {2}to server .*PostgreSQL 18\./m);
    assert.match(stdout, /^ {2}with +pg_restore 18\./m);
    const counts = `SELECT (SELECT count(*) FROM shop.customer), (SELECT count(*) FROM shop.event), (SELECT count(*) FROM shop.product),
      (SELECT count(*) FROM pg_largeobject_metadata), shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()`;
    assert.equal(
      await on(18).psql(counts, { database: 'of 14' }),
      await on(14).psql(counts, { database: 'every' }),
    );
  });

  test('15 by a newer client is restored into 15, whose server does not know all that the client says', async (t) => {
    const backup = await keep(backUp(on(15), 'every', { PG_BIN_DIR: client17 }));
    const env = { ...backup.env, PG_BIN_DIR: client17 };
    const before = await scriptOf(on(15), 'every');
    const parallel = await ask(t, 15, ['restore', '--latest', '--to', 'parallel', '-j', '2'], env);
    assert.equal(parallel.exitCode, 0, parallel.stderr);
    assert.match(
      parallel.stderr,
      /INFO: harmless: .*unrecognized configuration parameter "transaction_timeout"/,
    );
    assert.match(
      parallel.stderr,
      /0 objects or rows are missing, 0 rights, owners, comments or the like are missing, [1-9]\d* mean nothing/,
    );
    assert.deepEqual(await scriptOf(on(15), 'parallel'), before);

    await on(15).createDatabase('in place');
    const inPlace = ['restore', '--latest', '--to', 'in place'];
    const empty = await ask(t, 15, inPlace, env);
    assert.equal(empty.exitCode, 0, empty.stderr);
    assert.deepEqual(await scriptOf(on(15), 'in place'), before);
    const clean = await ask(t, 15, [...inPlace, '--into-existing', '--clean', '--yes'], env);
    assert.equal(clean.exitCode, 0, clean.stderr);
    assert.deepEqual(await scriptOf(on(15), 'in place'), before);
  });

  test('15, encrypted, by a newer client is restored into 15 in one transaction', async (t) => {
    const key = await ageKey(t);
    const encrypted = { BACKUP_ENCRYPTION: 'age', BACKUP_ENCRYPTION_RECIPIENTS: key.recipient };
    const backup = await keep(backUp(on(15), 'every', { ...encrypted, PG_BIN_DIR: client17 }));
    await on(15).createDatabase('encrypted');
    const { exitCode, stderr } = await ask(t, 15, ['restore', '--latest', '--to', 'encrypted'], {
      ...backup.env,
      PG_BIN_DIR: client17,
      BACKUP_ENCRYPTION_IDENTITY_FILE: key.identityFile,
    });
    assert.equal(exitCode, 0, stderr);
    assert.deepEqual(await scriptOf(on(15), 'encrypted'), await scriptOf(on(15), 'every'));
  });

  test('17 is restored into 15, with the locale that 15 has', async (t) => {
    await on(17).psql(
      `CREATE DATABASE newer TEMPLATE template0 LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C.UTF-8'`,
    );
    await on(17).psql('CREATE TABLE item (id int PRIMARY KEY); INSERT INTO item VALUES (1), (2)', {
      database: 'newer',
    });
    const backup = await keep(backUp(on(17), 'newer', { PATH }));
    for (const [to, flags] of [
      ['older', []],
      ['older in place', ['--into-existing', '--clean', '--yes']],
    ] as const) {
      if (flags.length > 0) await on(15).psql(`CREATE DATABASE "${to}" TEMPLATE older`);
      const { exitCode, stdout, stderr } = await ask(
        t,
        15,
        ['restore', '--latest', '--to', to, ...flags],
        backup.env,
      );
      assert.equal(exitCode, 0, stderr);
      assert.match(stdout, /^ {2}with +pg_restore 17\./m);
      if (flags.length === 0) {
        assert.match(
          stdout,
          /^ {2}encoding +UTF8, C\.UTF-8 \(builtin\) ! this server does not know that provider: its C library sorts instead$/m,
        );
      }
      assert.equal(await on(15).psql('SELECT sum(id) FROM item', { database: to }), '3');
    }
  });

  test('18 is not restored into 15 where 15 cannot have what it has, which is said', async (t) => {
    await on(18).createDatabase('newest');
    await on(18).psql('CREATE TABLE item (id int, twice int GENERATED ALWAYS AS (id * 2) VIRTUAL)', {
      database: 'newest',
    });
    const backup = await keep(backUp(on(18), 'newest', { PATH }));
    const { exitCode, stderr } = await ask(t, 15, ['restore', '--latest', '--to', 'newest'], backup.env);
    assert.equal(exitCode, 17, stderr);
    assert.match(stderr, /\[RESTORE_FAILED\] The restore into "newest" failed: .*syntax error/);
    assert.ok(!(await databasesOf(on(15))).includes('newest'));
  });

  test('17 cannot be read by the clients of 15, which is said', async (t) => {
    const backup = await keep(backUp(on(17), 'newer', { PATH }));
    const { exitCode, stderr } = await ask(t, 15, ['restore', '--latest', '--to', 'unread'], {
      ...backup.env,
      PG_BIN_DIR: clientDirectories().get(15) ?? '',
    });
    assert.equal(exitCode, 3, stderr);
    assert.match(stderr, /Missing command: pg_restore 17 .*apt-get install postgresql-client-17/);
  });

  function on(major: Major): PostgresServer {
    const server = servers.get(major);
    if (!server) throw new Error(`there is no server ${major}`);
    return server;
  }

  async function keep(backup: Promise<BackedUp>): Promise<BackedUp> {
    made.push(await backup);
    return backup;
  }

  function ask(t: TestContext, major: Major, args: readonly string[], changes: Env): Promise<CliResult> {
    const { env } = install(t, on(major), '', changes);
    return runInProcess(args, { PATH, ...env, ...changes });
  }
});
