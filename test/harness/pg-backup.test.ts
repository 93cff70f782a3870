import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { runPgBackup, startPgBackup } from './pg-backup.ts';

test('the program gets the given environment, PATH and an empty HOME that is gone afterwards', async () => {
  const script = 'console.log(JSON.stringify({ ...process.env, cwd: process.cwd() })); process.exit(3)';
  const result = await runPgBackup([], { env: { NODE_OPTIONS: preload(script), PG_HOST: 'db' } });
  assert.equal(result.exitCode, 3);
  // Node itself adds where it collects coverage.
  const { HOME, PATH, cwd, NODE_OPTIONS, NODE_V8_COVERAGE: _, ...others } = JSON.parse(result.stdout);
  assert.equal(PATH, process.env['PATH']);
  assert.equal(cwd, HOME);
  assert.ok(!existsSync(HOME));
  assert.ok(NODE_OPTIONS);
  assert.deepEqual(others, { PG_HOST: 'db' });
});

test('the program runs on the Node of the test, with its arguments', async () => {
  const script = 'console.error(process.version, process.argv.slice(2).join()); process.exit(0)';
  const { stderr } = await runPgBackup(['a b', '--c'], { env: { NODE_OPTIONS: preload(script) } });
  assert.equal(stderr, `${process.version} a b,--c\n`);
});

test('waitForOutput sees what comes later, and kill sends the signal', async () => {
  const script = 'console.log("port " + 17); await new Promise(() => setInterval(() => {}, 1000))';
  const running = startPgBackup([], { env: { NODE_OPTIONS: preload(script) } });
  const match = await running.waitForOutput(/port (\d+)/);
  assert.equal(match[1], '17');
  running.kill('SIGTERM');
  const result = await running.finished;
  assert.deepEqual([result.exitCode, result.signal], [null, 'SIGTERM']);
  await assert.rejects(running.waitForOutput(/never/), /ended without printing \/never\/:\nport 17/);
});

test('an aborted program is killed', async () => {
  const abort = new AbortController();
  const script =
    'process.on("SIGTERM", () => {}); console.log("up"); await new Promise(() => setInterval(() => {}, 1000))';
  const running = startPgBackup([], { env: { NODE_OPTIONS: preload(script) }, signal: abort.signal });
  await running.waitForOutput(/up/);
  abort.abort();
  assert.equal((await running.finished).signal, 'SIGKILL');
});

/** NODE_OPTIONS that run a script instead of the program. */
function preload(script: string): string {
  return `--import=data:text/javascript,${encodeURIComponent(script)}`;
}
