import assert from 'node:assert/strict';
import { readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { wrapClient } from '../harness/fake-bin.ts';
import { clientDirectories, missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { type Env, type Installation, install } from './installation.ts';
import { until } from './until.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15');

describe('many databases of one server', { skip }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
    for (const database of ['one', 'two', 'test_a', 'odd "name"']) {
      await server.createDatabase(database);
      await server.psql('CREATE TABLE item AS SELECT 1 AS id', { database });
    }
  });
  after(() => server.stop());

  test('those of a list are a run each, with a report of its own', async (t) => {
    const here = installMany(t, server, {
      PG_DATABASES: `one two 'odd "name"'`,
      BACKUP_LOG_FORMAT: 'pretty',
    });
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 0, stderr);
    assert.deepEqual(databasesOf(here), ['odd "name" SUCCESS', 'one SUCCESS', 'two SUCCESS']);
    for (const name of ['one', 'two', 'odd "name"'])
      assert.match(stderr, new RegExp(`\\[${name}\\] Backup succeeded`));
    assert.deepEqual(here.leftovers(), []);
  });

  test('one that fails keeps no other from its turn, and the exit code sums up', async (t) => {
    const here = installMany(t, server, { PG_DATABASES: 'gone one two' });
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 4, 'that of the one that failed');
    assert.match(stderr, /1 of 3 failed: gone \(DATABASE_MISSING\)/);
    assert.deepEqual(databasesOf(here), ['gone FAILED', 'one SUCCESS', 'two SUCCESS']);
  });

  test('where they fail for different reasons, the exit code says just that', async (t) => {
    const client = wrapClient(
      clientDirectories().get(15) ?? '',
      { pg_dump: `case "$*" in *"dbname='two'"*) exit 1;; esac; exec "$REAL" "$@"` },
      t,
    );
    const here = installMany(t, server, { PG_DATABASES: 'gone one two', PG_BIN_DIR: client });
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 22);
    assert.match(stderr, /2 of 3 failed: gone \(DATABASE_MISSING\), two \(DUMP_FAILED\)/);
    assert.deepEqual(databasesOf(here), ['gone FAILED', 'one SUCCESS', 'two FAILED']);
  });

  test('BACKUP_PARALLEL of them are under way at a time', async (t) => {
    const here = installMany(t, server, { PG_DATABASES: 'one two test_a', BACKUP_PARALLEL: '2' });
    const gate = join(here.directory, 'gate');
    const client = wrapClient(
      clientDirectories().get(15) ?? '',
      { pg_dump: `until [[ -e '${gate}' ]]; do sleep 0.05; done; exec "$REAL" "$@"` },
      t,
    );
    const running = here.start(['backup'], { PG_BIN_DIR: client });
    // Both wait in pg_dump, and the third has not begun.
    await running.waitForOutput(/"stage":"preflight"/);
    await until(() => marks(here), 2);
    writeFileSync(gate, '');
    const { exitCode, stderr } = await running.finished;
    assert.equal(exitCode, 0, stderr);
    assert.equal(databasesOf(here).length, 3);
  });

  test('an interruption ends those that are under way, and the others are not begun', async (t) => {
    const here = installMany(t, server, { PG_DATABASES: 'one two' });
    const client = wrapClient(
      clientDirectories().get(15) ?? '',
      { pg_dump: 'echo waiting >&2; exec sleep 60' },
      t,
    );
    const running = here.start(['backup'], { PG_BIN_DIR: client });
    await running.waitForOutput(/waiting/);
    running.kill('SIGTERM');
    assert.equal((await running.finished).exitCode, 143);
    assert.deepEqual(databasesOf(here), ['one FAILED']);
    assert.deepEqual(here.leftovers(), []);
  });
});

describe('every database of a server', { skip }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
    for (const database of ['one', 'test_a', 'test_b']) await server.createDatabase(database);
  });
  after(() => server.stop());

  test('new ones are found by themselves, and gone ones are told', async (t) => {
    const here = installMany(t, server, { PG_DATABASES: '*', PG_EXCLUDE_DATABASES: 'test_* postgres' });
    assert.equal((await here.run(['backup'])).exitCode, 0);
    assert.deepEqual(databasesOf(here), ['one SUCCESS'], 'neither templates nor what is excluded');

    await server.createDatabase('born later');
    const second = await here.run(['backup']);
    assert.equal(second.exitCode, 0, second.stderr);
    assert.match(second.stderr, /New on the server: the database born later/);
    assert.deepEqual(databasesOf(here), ['born later SUCCESS', 'one SUCCESS', 'one SUCCESS']);

    await server.psql('DROP DATABASE "born later"');
    const third = await here.run(['backup']);
    assert.match(third.stderr, /Gone from the server: the database born later/);

    const listed = await here.run(['list', '--json']);
    const names = (JSON.parse(listed.stdout) as { database: string }[]).map(({ database }) => database);
    assert.deepEqual(
      [...new Set(names)].sort(),
      ['born later', 'one'],
      'backups of what is gone are still shown',
    );
    const table = await here.run(['list']);
    assert.match(table.stdout, /^one:\n[\s\S]*^born later:\n/m);
  });

  test('what belongs to one of them has to say which', async (t) => {
    const here = installMany(t, server, { PG_DATABASES: 'one test_a' });
    assert.equal((await here.run(['backup', '--database', 'one'])).exitCode, 0);
    assert.deepEqual(databasesOf(here), ['one SUCCESS']);
    const asked = await here.run(['restore', '--latest', '--to', 'copy']);
    assert.equal(asked.exitCode, 2);
    assert.match(asked.stderr, /Name a run, or one with --database: one, test_a/);
    const restored = await here.run(['restore', here.newest().name, '--to', 'copy', '--yes']);
    assert.equal(restored.exitCode, 0, restored.stderr);
    const verified = await here.run(['verify', '--database', 'one']);
    assert.equal(verified.exitCode, 0, verified.stderr);
  });

  test('where the server cannot be asked, those of the last time fail each with a report of its own', async (t) => {
    const here = installMany(t, server, { PG_DATABASES: '*', PG_EXCLUDE_DATABASES: 'postgres born* copy' });
    assert.equal((await here.run(['backup'])).exitCode, 0);
    const { exitCode, stderr } = await here.run(['backup'], { PG_PORT: '9' });
    assert.equal(exitCode, 4, 'another port is another server, which was never asked');
    assert.match(stderr, /CONNECTION_FAILED/);
    assert.equal((await here.run(['backup'], { PGPASSWORD: 'wrong' })).exitCode, 5);
    const before = databasesOf(here).filter((one) => one.endsWith('FAILED'));
    assert.deepEqual(before, ['one FAILED', 'test_a FAILED', 'test_b FAILED']);
    assert.deepEqual(here.leftovers(), []);
  });

  test('where none is left there is nothing to call a success', async (t) => {
    const here = installMany(t, server, { PG_DATABASES: '*', PG_EXCLUDE_DATABASES: '*' });
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 4);
    assert.match(stderr, /NO_DATABASES/);
    assert.equal((await here.run(['backup'], { PG_DATABASES: ' ' })).exitCode, 2);
  });

  test('a server that cannot be asked is one clear failure', async (t) => {
    const here = installMany(t, server, { PG_DATABASES: '*', PGPASSWORD: 'wrong' });
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 5);
    assert.match(stderr, /AUTHENTICATION_FAILED/);
    assert.deepEqual(here.leftovers(), []);
  });
});

describe('several targets', { skip }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
    for (const database of ['shop', 'forum']) await server.createDatabase(database);
  });
  after(() => server.stop());

  test('each file of the directory is one, with a name and settings of its own', async (t) => {
    const { here, env } = installTargets(t, server, {
      shop: 'PG_DATABASE=shop\n',
      forum: 'PG_DATABASE=forum\n',
    });
    const { exitCode, stderr } = await here.run(['backup'], { ...env, BACKUP_LOG_FORMAT: 'pretty' });
    assert.equal(exitCode, 0, stderr);
    assert.match(stderr, /\[forum\] Backup succeeded[\s\S]*\[shop\] Backup succeeded/);
    assert.deepEqual(databasesOf(here), ['forum SUCCESS', 'shop SUCCESS']);

    assert.equal((await here.run(['backup', '--target', 'shop'], env)).exitCode, 0);
    assert.deepEqual(databasesOf(here), ['forum SUCCESS', 'shop SUCCESS', 'shop SUCCESS']);
    const unknown = await here.run(['backup', '--target', 'blog'], env);
    assert.equal(unknown.exitCode, 2);
    assert.match(unknown.stderr, /There is no target blog. There are: forum, shop/);
    const shown = await here.run(['config'], env);
    assert.match(shown.stdout, /^# forum\n[\s\S]*^# shop\n/m);
    const restore = await here.run(['restore', '--latest', '--to', 'x'], env);
    assert.match(restore.stderr, /Which target\? Name one with --target: forum, shop/);
  });

  test('one with a mistake in its file keeps no other from its own', async (t) => {
    const { here, env } = installTargets(t, server, {
      '--help': 'PG_DATABASE=forum\n',
      bad: 'PG_DATABASE=shop\nPG_PORT=x\n',
    });
    symlinkSync('/nowhere', join(here.directory, 'lock.env'));
    assert.equal((await here.run(['backup', '--target=--help'], env)).exitCode, 0);
    assert.deepEqual(databasesOf(here), ['forum SUCCESS']);
    assert.equal((await here.run(['backup', '--target', 'bad'], env)).exitCode, 2);
  });

  test('one that cannot be backed up keeps no other from its turn', async (t) => {
    const { here, env } = installTargets(t, server, {
      broken: 'PG_DATABASE=shop\nPGPASSWORD=wrong\n',
      good: 'PG_DATABASE=forum\n',
    });
    const { exitCode } = await here.run(['backup'], env);
    assert.equal(exitCode, 5);
    assert.deepEqual(databasesOf(here), ['forum SUCCESS', 'shop FAILED']);
  });

  test('a mistake in any file is told with the file, and nothing is done', async (t) => {
    const { here, env } = installTargets(t, server, {
      bad: 'PG_DATABASE=shop\nPG_PORT=x\n',
      good: 'PG_DATABASE=forum\n',
    });
    const { exitCode, stderr } = await here.run(['backup'], env);
    assert.equal(exitCode, 2);
    assert.match(stderr, /bad\.env: PG_PORT=x/);
    assert.deepEqual(databasesOf(here), []);
    const empty = installTargets(t, server, {});
    const nothing = await empty.here.run(['backup'], empty.env);
    assert.equal(nothing.exitCode, 2);
    assert.match(nothing.stderr, /has no file NAME\.env/);
  });
});

type Context = Parameters<typeof install>[0];

/** An installation without PG_DATABASE. */
function installMany(t: Context, server: PostgresServer, changes: Env): Installation {
  return install(t, server, '', { PG_DATABASE: '', ...changes });
}

function installTargets(
  t: Context,
  server: PostgresServer,
  files: Readonly<Record<string, string>>,
): { here: Installation; env: Env } {
  const here = installMany(t, server, {});
  for (const [name, text] of Object.entries(files)) writeFileSync(join(here.directory, `${name}.env`), text);
  writeFileSync(join(here.directory, 'notes.txt'), 'no target\n');
  return { here, env: { BACKUP_ENV_FILE: here.directory } };
}

function databasesOf(here: Installation): string[] {
  return here
    .reports()
    .map(({ report }) => `${report.database} ${report.status}`)
    .sort();
}

function marks(here: Installation): number {
  return readdirSync(join(here.base, 'running')).filter((name) => !name.startsWith('.')).length;
}
