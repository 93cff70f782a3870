import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  asUser,
  type Command,
  type CommandResult,
  describeOutcome,
  findCommand,
  pathDirectories,
  runCommand,
  startCommand,
} from '../src/exec.ts';
import { startChildScript } from './harness/child-script.ts';
import { missing } from './harness/parts.ts';
import { reachableDirectory } from './harness/server-programs.ts';
import { temporaryDirectory } from './harness/temporary-directory.ts';
import { until } from './integration/until.ts';

test('a program gets its arguments as they are and the given environment alone, and no input', async () => {
  const args = ['a b', '$(id)', '*', "'", ''];
  const print = `printf '%s|' "$@"; env | sort; cat; echo bad >&2; exit 3`;
  const result = await sh(print, { args, environment: { ONLY: 'this', PATH: '/usr/bin:/bin' } });
  assert.equal(result.exitCode, 3);
  assert.equal(result.signal, undefined);
  // Node itself adds where it collects coverage.
  const said = result.stdout.replace(/NODE_V8_COVERAGE=.*\n/, '');
  assert.match(said, /^a b\|\$\(id\)\|\*\|'\|\|ONLY=this\nPATH=\/usr\/bin:\/bin\nPWD=\S+\n$/);
  assert.equal(result.stderr, 'bad\n');
  assert.equal(describeOutcome(result), 'exit code 3');
});

test('a program that ends by a signal is a result that names it', async () => {
  const result = await sh('kill -SEGV $$');
  assert.equal(describeOutcome(result), 'killed by SIGSEGV');
});

test('a program that cannot be started is a result and not a crash', async (t) => {
  const directory = temporaryDirectory(t);
  const notExecutable = join(directory, 'text');
  writeFileSync(notExecutable, 'text');
  for (const file of [join(directory, 'missing'), notExecutable, directory]) {
    const result = await runCommand({ file, args: [], environment: {} });
    assert.notEqual(result.exitCode, 0);
    assert.match(result.stderr, new RegExp(file));
  }
});

test('a working directory that is missing is a result too', async () => {
  const result = await sh('exit 0', { workingDirectory: '/nowhere' });
  assert.equal(result.exitCode, undefined);
  assert.match(result.stderr, /ENOENT.*\/nowhere/);
});

test('of a long error output every line is told and the last 64 KiB are kept', async () => {
  const lines: string[] = [];
  const result = await sh('seq 1 200000 >&2; printf "the end" >&2', {
    onErrorLine: (line) => lines.push(line),
  });
  assert.equal(lines.length, 200_001);
  assert.equal(lines[0], '1');
  assert.equal(lines.at(-1), 'the end');
  assert.equal(result.stderr.length, 64 * 1024);
  assert.ok(result.stderr.endsWith('199999\n200000\nthe end'));
});

test('letters that arrive in pieces are put together', async () => {
  const lines: string[] = [];
  await sh(`printf '\\347\\244' >&2; sleep 0.05; printf '\\276\\n' >&2`, {
    onErrorLine: (line) => lines.push(line),
  });
  assert.deepEqual(lines, ['社']);
});

test('an abort ends the whole process group, grandchildren included', { timeout: 60_000 }, async () => {
  const controller = new AbortController();
  const pids: number[] = [];
  const result = await sh('sleep 1000 & echo $! >&2; echo $$ >&2; wait', {
    signal: controller.signal,
    onErrorLine: (line) => {
      pids.push(Number(line));
      if (pids.length === 2) controller.abort();
    },
  });
  assert.equal(result.signal, 'SIGTERM');
  for (const pid of pids) await until(() => isAlive(pid), false);
});

test('a program that is started after the abort ends at once', { timeout: 60_000 }, async () => {
  const result = await sh('sleep 1000', { signal: AbortSignal.abort() });
  assert.equal(result.signal, 'SIGTERM');
});

test('a program that needs time to end gets the time that it was given', { timeout: 60_000 }, async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const controller = new AbortController();
  const lines: string[] = [];
  const work = `trap 'echo told >&2; told=1' TERM; echo ready >&2; while :; do sleep 0.05; [ -z "$told" ] || echo working >&2; done`;
  const result = await sh(work, {
    signal: controller.signal,
    graceSeconds: 25,
    onErrorLine: (line) => {
      lines.push(line);
      if (line === 'ready') controller.abort();
      if (line === 'told') t.mock.timers.tick(24_999);
      if (line === 'working') t.mock.timers.tick(1);
    },
  });
  assert.equal(result.signal, 'SIGKILL');
  // The shell tells of its `sleep`, which is in the same group.
  const own = lines.filter((line) => line !== 'Terminated');
  assert.deepEqual(own.slice(0, 3), ['ready', 'told', 'working']);
});

test('an abort after the end reaches nobody', async () => {
  const controller = new AbortController();
  const result = await sh('exit 0', { signal: controller.signal });
  controller.abort();
  assert.equal(result.exitCode, 0);
});

const skip = existsSync('/usr/bin/setpriv') ? false : 'needs setpriv, which this machine lacks';
test('a program dies with us even after kill -9', { skip, timeout: 60_000 }, async (t) => {
  const pid = await orphan(t, 'KILL', temporaryDirectory(t));
  await until(() => isAlive(pid), false);
});

test('a program that asks for SIGQUIT gets that when we die', { skip, timeout: 60_000 }, async (t) => {
  const directory = temporaryDirectory(t);
  await orphan(t, 'QUIT', directory);
  await until(() => existsSync(join(directory, 'quit')), true);
});

test('a program that asks for no signal outlives us', { timeout: 60_000 }, async (t) => {
  const directory = temporaryDirectory(t);
  await orphan(t, 'none', directory);
  writeFileSync(join(directory, 'end'), '');
  await until(() => existsSync(join(directory, 'ended')), true);
});

test('a program becomes another user for good, and still gets the signal when we die', {
  skip: missing('root'),
  timeout: 60_000,
}, async (t) => {
  const facts = 'id -u; id -g; id -G; grep -E "^(NoNewPrivs|CapPrm|CapEff):" /proc/self/status';
  const { stdout } = await sh(facts, { userId: 65_534 });
  assert.match(stdout, /^65534\n65534\n65534\nCapPrm:\t0+\nCapEff:\t0+\nNoNewPrivs:\t1\n$/);
  const directory = reachableDirectory(t);
  chmodSync(directory, 0o777);
  await orphan(t, 'QUIT', directory, 65_534);
  await until(() => existsSync(join(directory, 'quit')), true);
});

test('what stands before a command makes it run as another user', { skip: missing('root') }, async () => {
  const { stdout } = await sh('"$@" id -u', { args: asUser(65_534) });
  assert.equal(stdout, '65534\n');
  assert.deepEqual(asUser(undefined), []);
});

test('a program can be talked to', async () => {
  const cat = startCommand({ file: '/bin/cat', args: [], environment: {} });
  cat.stdin.write('hello\n');
  const [chunk] = await once(cat.stdout, 'data');
  cat.stdin.end();
  assert.equal(String(chunk), 'hello\n');
  assert.equal((await cat.ended).exitCode, 0);
});

test('a command is found in the first directory that has it as a program', (t) => {
  const [first, second, third] = [temporaryDirectory(t), temporaryDirectory(t), temporaryDirectory(t)];
  mkdirSync(join(first, 'tool'));
  writeFileSync(join(second, 'tool'), 'not executable');
  writeFileSync(join(third, 'tool'), '#!/bin/sh\n');
  chmodSync(join(third, 'tool'), 0o755);
  assert.equal(findCommand('tool', [first, second, third], 'get it'), join(third, 'tool'));
});

test('a command that is nowhere is told in the words of the handbook, with where it was looked for', () => {
  assert.throws(() => findCommand('pg_dump', ['/a', '/b'], 'apt-get install it'), {
    code: 'COMMAND_MISSING',
    message: /^Missing command: pg_dump \(looked in \/a, \/b\)/,
  });
});

test('only absolute directories of a PATH count', () => {
  assert.deepEqual(pathDirectories('/usr/bin::.:bin:/bin:'), ['/usr/bin', '/bin']);
  assert.deepEqual(pathDirectories(undefined), []);
});

function sh(script: string, more: Partial<Command> = {}): Promise<CommandResult> {
  return runCommand({
    file: '/bin/sh',
    environment: { PATH: '/usr/bin:/bin' },
    ...more,
    args: ['-c', script, 'sh', ...(more.args ?? [])],
  });
}

/** The process id of a program whose parent got a kill -9. */
async function orphan(
  t: TestContext,
  deathSignal: 'KILL' | 'QUIT' | 'none',
  directory: string,
  userId?: number,
): Promise<number> {
  const args = [deathSignal, directory, ...(userId === undefined ? [] : [String(userId)])];
  const parent = startChildScript(t, new URL('./run-sleep.ts', import.meta.url), args);
  const pid = Number(await parent.nextLine());
  assert.ok(isAlive(pid));
  t.after(() => {
    if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  });
  parent.child.kill('SIGKILL');
  assert.equal(await parent.ended, 'SIGKILL');
  return pid;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
