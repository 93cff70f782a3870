import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { untilConnected } from '../integration/connected.ts';
import { missing } from './parts.ts';
import { type PostgresServer, startPostgres } from './postgres-server.ts';
import { childrenOf } from './process-tree.ts';
import { temporaryDirectory } from './temporary-directory.ts';

for (const major of [14, 15, 16, 17, 18]) {
  test(`a server of major ${major} starts, answers and leaves nothing behind`, {
    skip: missing(`postgres-server-${major}`),
  }, async () => {
    const server = await startPostgres({ major });
    assert.match(await server.psql('SHOW server_version'), new RegExp(`^${major}\\.`));
    assert.equal(await server.psql('SHOW server_encoding'), 'UTF8');
    assert.ok(existsSync(server.socketDirectory));
    await server.stop();
    await assert.rejects(server.psql('SELECT 1'), /Connection refused/);
    assert.ok(!existsSync(server.socketDirectory));
    await server.stop();
  });
}

describe('a server', { skip: missing('postgres-server-15') }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres({ settings: { work_mem: '7MB' } });
  });
  after(() => server.stop());

  test('refuses a wrong password', async () => {
    await assert.rejects(server.psql('SELECT 1', { password: 'wrong' }), /password authentication failed/);
  });

  test('takes settings', async () => {
    assert.equal(await server.psql('SHOW fsync; SHOW work_mem'), 'off\n7MB');
  });

  test('stops a script at its first error and says which', async () => {
    await assert.rejects(
      server.psql('SELECT 1; SELECT nonsense; SELECT 2'),
      /column "nonsense" does not exist/,
    );
  });

  for (const name of [
    'a"b\'c',
    'postgresql://127.0.0.1/postgres',
    'host=nowhere',
    '--help',
    '备份 $(id) \\n;',
    ":'x'",
  ]) {
    test(`creates and reaches the database ${name}`, async () => {
      await server.createDatabase(name);
      assert.equal(await server.psql('SELECT current_database()', { database: name }), name);
    });
  }

  test('connects other users', async () => {
    await server.psql("CREATE ROLE reader LOGIN PASSWORD 'pass word'");
    assert.equal(
      await server.psql('SELECT current_user', { user: 'reader', password: 'pass word' }),
      'reader',
    );
  });
});

test('killNow ends the server and its backends without a shutdown', {
  skip: missing('postgres-server-15'),
  timeout: 60_000,
}, async () => {
  const server = await startPostgres();
  const query = assert.rejects(
    server.psql('SELECT pg_sleep(600)'),
    /server closed the connection unexpectedly/,
  );
  await untilConnected(server, `query LIKE '%pg_sleep(600)' AND state = 'active'`, 1);
  const postmaster = await postmasterPid(server);
  const children = childrenOf(postmaster);
  assert.ok(children.length > 3);
  await server.killNow();
  await query;
  while (children.some(isRunning)) await setImmediate();
  assert.match(
    await readFile(`${server.socketDirectory}/data/postmaster.pid`, 'utf8'),
    new RegExp(`^${postmaster}\n`),
  );
  await server.killNow();
  await server.stop();
});

test('a server dies with the process that started it', {
  skip: missing('postgres-server-15'),
  timeout: 60_000,
}, async (t) => {
  const directory = join(temporaryDirectory(t), 'postgres');
  const starter = spawn(process.execPath, [
    '--import=tsx',
    '--input-type=module',
    '--eval',
    `import { startPostgres } from ${JSON.stringify(import.meta.resolve('./postgres-server.ts'))};
     const server = await startPostgres({ directory: process.argv[1] });
     console.log(await server.psql("SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)"));`,
    directory,
  ]);
  const started = await Promise.race([once(starter.stdout, 'data'), once(starter, 'exit')]);
  const postmaster = Number(started[0]);
  assert.ok(isRunning(postmaster));
  starter.kill('SIGKILL');
  while (isRunning(postmaster)) await setImmediate();
});

async function postmasterPid(server: PostgresServer): Promise<number> {
  return Number(await server.psql("SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)"));
}

/** A zombie, which waits for its parent, does not run. */
function isRunning(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
