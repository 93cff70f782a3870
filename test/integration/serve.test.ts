import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { layoutOf } from '../../src/files/layout.ts';
import { runPgBackup, startPgBackup } from '../harness/pg-backup.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { recordRun } from '../schedule/recorded-run.ts';
import { lifetime } from './installation.ts';
import { until } from './until.ts';

const LIMIT = { timeout: 60_000 };
const TOKEN = 'correct-horse-battery';

test('the report server needs no database, writes nothing, and goes on as runs come', LIMIT, async (t) => {
  const directory = temporaryDirectory(t);
  const base = join(directory, 'base');
  const tokenFile = join(directory, 'token');
  writeFileSync(tokenFile, `${TOKEN}\n`);
  mkdirSync(base);
  const layout = layoutOf(base);
  const first = recordRun(layout, { startedAt: new Date(Date.now() - 3_600_000) });
  const env = {
    BACKUP_BASE_DIR: base,
    BACKUP_LOG_DIR: join(directory, 'logs'),
    HOME: join(directory, 'home'),
    TMPDIR: join(directory, 'tmp'),
    REPORT_TOKEN_FILE: tokenFile,
    REPORT_ALLOWED_HOSTS: 'localhost',
    BASE_PATH: '/backups',
  };
  mkdirSync(env.TMPDIR);
  const before = readdirSync(directory, { recursive: true }).sort();
  const port = await freePort();
  const program = startPgBackup(['serve', '--host', '127.0.0.1', '--port', String(port)], {
    env,
    signal: lifetime(t),
  });
  await program.waitForOutput(/SERVING/);
  const address = `http://localhost:${port}/backups`;
  const headers = { authorization: `Bearer ${TOKEN}` };
  const get = async (path: string) => {
    const answer = await fetch(address + path, { headers });
    return { status: answer.status, text: await answer.text() };
  };
  await until(async () => (await fetch(`${address}/readyz`)).status, 200);
  assert.equal((await fetch(`${address}/api/v1/summary`)).status, 401);
  assert.equal((await fetch(`http://127.0.0.1:${port}/api/v1/summary`, { headers })).status, 421);
  assert.match(
    (await get('/api/admin/backup/latest')).text,
    /^\{"code":200,"message":"","data":\{"database":"/,
  );
  assert.equal((await get('/healthz')).status, 200);
  assert.match((await get(`/api/v1/runs/${first}`)).text, new RegExp(`"run":"${first}"`));
  assert.match((await get('/metrics')).text, /^pg_backup_freshness\{.*state="fresh"\} 1$/m);
  assert.deepEqual(readdirSync(directory, { recursive: true }).sort(), before);
  assert.equal(existsSync(env.BACKUP_LOG_DIR), false);

  const events = await fetch(`${address}/api/v1/events`, { headers });
  const reader = events.body?.getReader();
  await reader?.read();
  const second = recordRun(layout, { startedAt: new Date() });
  await reader?.read();
  assert.match((await get('/api/v1/runs?limit=1')).text, new RegExp(`"run":"${second}"`));

  program.kill('SIGTERM');
  const { exitCode, stdout, stderr } = await program.finished;
  assert.equal(exitCode, 0, stderr);
  assert.doesNotMatch(stdout + stderr, new RegExp(TOKEN));
});

test('settings of the server that cannot be used are told', LIMIT, async (t) => {
  for (const [name, value, shown] of [
    ['REPORT_TOKEN', 'short', '\\*\\*\\*'],
    ['REPORT_ALLOWED_HOSTS', 'a,b', 'a,b'],
    ['BASE_PATH', 'backups', 'backups'],
    ['BASE_PATH', '/api/v1', '/api/v1'],
  ] as const) {
    const { exitCode, stderr } = await runPgBackup(['serve'], {
      env: { BACKUP_BASE_DIR: temporaryDirectory(t), [name]: value },
      signal: t.signal,
    });
    assert.equal(exitCode, 2, stderr);
    assert.match(stderr, new RegExp(`${name}=${shown} \\(environment\\): expected `));
  }
});

test('a token for one of two targets is no token, and the server does not start', LIMIT, async (t) => {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, 'a.env'), '');
  writeFileSync(join(directory, 'b.env'), `REPORT_TOKEN=${TOKEN}\n`);
  const env = { BACKUP_BASE_DIR: temporaryDirectory(t), BACKUP_ENV_FILE: directory };
  const { exitCode, stderr } = await runPgBackup(['serve', '--port', String(await freePort())], {
    env,
    signal: t.signal,
  });
  assert.equal(exitCode, 2, stderr);
  assert.match(stderr, /REPORT_TOKEN: expected the same for all targets, .*; a\.env and b\.env differ/);
  assert.doesNotMatch(stderr, new RegExp(TOKEN));
  // A token that is not asked for is no reason for anything else to fail.
  assert.notEqual((await runPgBackup(['healthcheck'], { env, signal: t.signal })).exitCode, 2);
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
