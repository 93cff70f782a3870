import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { killGroup } from '../src/kill-group.ts';
import { until } from './integration/until.ts';

test('a group that ignores SIGTERM is killed after five seconds', { timeout: 60_000 }, async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { leader, nextLine } = await startGroup(t, `trap 'echo told' TERM`);
  const controller = new AbortController();
  killGroup(leader, controller.signal);
  controller.abort();
  assert.equal(await nextLine(), 'told');
  t.mock.timers.tick(4_999);
  assert.equal(leader.exitCode ?? leader.signalCode, null);
  const ended = once(leader, 'exit');
  t.mock.timers.tick(1);
  assert.deepEqual(await ended, [null, 'SIGKILL']);
});

test('what outlives its leader after an interruption is killed', { timeout: 60_000 }, async (t) => {
  const { leader } = await startGroup(t, `trap '' TERM; sleep 60 & trap - TERM`);
  const controller = new AbortController();
  const stopCaring = killGroup(leader, controller.signal);
  controller.abort();
  const ended = once(leader, 'exit');
  leader.kill('SIGKILL');
  await ended;
  assert.ok(isGroupAlive(leader.pid), 'the one that ignores SIGTERM');
  stopCaring();
  await until(() => isGroupAlive(leader.pid), false);
});

test('a group that was never interrupted is left alone', { timeout: 60_000 }, async (t) => {
  const { leader, nextLine } = await startGroup(t, `trap 'echo told' TERM`);
  killGroup(leader, new AbortController().signal)();
  process.kill(-leader.pid, 'SIGTERM');
  assert.equal(await nextLine(), 'told', 'it is alive still');
});

test('a group that is gone already, and a program that never started, are no fault', async (t) => {
  const { leader } = await startGroup(t, ':');
  const ended = once(leader, 'exit');
  leader.kill('SIGKILL');
  await ended;
  killGroup(leader, AbortSignal.abort())();
  killGroup({ pid: undefined }, AbortSignal.abort())();
});

/** A shell that leads a process group, did `preparation` and then waits for ever. */
async function startGroup(
  t: TestContext,
  preparation: string,
): Promise<{ leader: ChildProcess & { readonly pid: number }; nextLine: () => Promise<string> }> {
  const script = `${preparation}; echo ready; while :; do sleep 0.05; done`;
  const leader = spawn('/bin/sh', ['-c', script], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => leader.kill('SIGKILL'));
  const lines = createInterface({ input: leader.stdout })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => (await lines.next()).value ?? '';
  assert.equal(await nextLine(), 'ready');
  return { leader: leader as ChildProcess & { readonly pid: number }, nextLine };
}

/** True while any process of the group is there, a zombie that nobody has reaped included. */
function isGroupAlive(leaderPid: number): boolean {
  try {
    return process.kill(-leaderPid, 0);
  } catch {
    return false;
  }
}
