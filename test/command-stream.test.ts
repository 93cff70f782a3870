import assert from 'node:assert/strict';
import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { test } from 'node:test';
import { type CommandStream, streamCommand } from '../src/command-stream.ts';
import type { CommandResult } from '../src/exec.ts';
import { until } from './integration/until.ts';

const UNWELL = new Error('it ended badly');

test('the output is all of what a program writes, and ends when it ended well', async () => {
  const { output, ended } = sh('head -c 3000000 /dev/zero; echo told >&2');
  assert.equal((await buffer(output)).length, 3_000_000);
  const result = await ended;
  assert.deepEqual([result.exitCode, result.stderr, result.stdout], [0, 'told\n', '']);
});

test('a program reads what it is given', async () => {
  const { output } = sh('rev', { input: Readable.from(['abc\n', 'def\n']) });
  assert.equal(await text(output), 'cba\nfed\n');
});

test('a program that died after it closed its output is no success', async () => {
  for (const script of ['echo half; exit 3', 'echo half; exec >&-; exit 3', 'echo half; kill -KILL $$']) {
    await assert.rejects(text(sh(script).output), UNWELL);
  }
});

test('an input that breaks off ends the program before it can call it whole', async () => {
  const broken = new Error('the source broke');
  const input = new PassThrough();
  const { output, ended } = sh('cat', { input });
  const all = text(output);
  input.write('half');
  setImmediate(() => input.destroy(broken));
  await assert.rejects(all, broken);
  await ended;

  const silent = new PassThrough();
  const stream = sh('cat', { input: silent });
  setImmediate(() => silent.destroy());
  await assert.rejects(text(stream.output), { code: 'ERR_STREAM_PREMATURE_CLOSE' });
});

test('of a program that ends before its input, the program tells why', async () => {
  const endless = Readable.from(
    (function* () {
      for (;;) yield Buffer.alloc(100_000);
    })(),
  );
  await assert.rejects(text(sh('exit 2', { input: endless }).output), UNWELL);
  await until(() => endless.destroyed, true);
});

test('a program that leaves its input unread has not done well', async () => {
  const input = new PassThrough();
  const all = text(sh('exit 0', { input }).output);
  input.write(Buffer.alloc(1_000_000));
  await assert.rejects(all);
});

test('whoever stops reading ends the program, even one that writes nothing', {
  timeout: 60_000,
}, async () => {
  const input = new PassThrough();
  const { output, ended } = sh('echo first; exec sleep 1000', { input });
  await once(output, 'readable');
  output.destroy();
  assert.equal((await ended).signal, 'SIGTERM');
  assert.ok(input.destroyed);
});

test('an abort is told by its reason', { timeout: 60_000 }, async () => {
  const controller = new AbortController();
  const reason = new Error('stop');
  const { output } = sh('echo first; exec sleep 1000', { signal: controller.signal });
  const all = text(output);
  controller.abort(reason);
  await assert.rejects(all, reason);
});

test('nothing is kept of what nobody reads yet', { timeout: 60_000 }, async () => {
  const { output, ended } = sh('head -c 1000000000 /dev/zero');
  await once(output, 'readable');
  const before = process.memoryUsage().rss;
  for (let round = 0; round < 50; round += 1) await new Promise(setImmediate);
  assert.ok(process.memoryUsage().rss - before < 50_000_000);
  output.destroy();
  await ended;
});

function sh(script: string, more: { input?: Readable; signal?: AbortSignal } = {}): CommandStream {
  const { input, signal } = more;
  return streamCommand(
    { file: '/bin/sh', args: ['-c', script], environment: { PATH: '/usr/bin:/bin' }, signal },
    {
      ...(input ? { input } : {}),
      failure: ({ exitCode }: CommandResult, inputError) =>
        inputError ?? (exitCode === 0 ? undefined : UNWELL),
    },
  );
}

test('a failure before anybody reads is met by whoever reads then', async () => {
  const controller = new AbortController();
  const { output, ended } = streamCommand(
    { file: '/bin/sleep', args: ['1000'], environment: {}, signal: controller.signal },
    { failure: () => undefined },
  );
  const closed = new Promise((resolve) => output.once('close', resolve));
  controller.abort(new Error('enough'));
  await Promise.all([ended, closed]);
  await assert.rejects(output.toArray(), /enough/);
});
