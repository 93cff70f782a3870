import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createProgress, describeProgress } from '../src/progress.ts';

test('progress tells the bytes, the yardstick, the rate and the time as far as they are known', () => {
  assert.equal(
    describeProgress({ bytesDone: 5_000_000, yardstickBytes: 50_000_000 }, 2.9),
    '5 MB / 50 MB, 1.72 MB/s, 2 s',
  );
  assert.equal(describeProgress({ bytesDone: 0 }, 0), '0 B, 0 s');
  assert.equal(describeProgress({}, 61), '61 s');
});

test('on a terminal there is one line, drawn again and again, cut to the width and taken away at the end', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const written: string[] = [];
  const output = { isTTY: true, columns: 20, write: (text: string) => written.push(text) };
  const progress = createProgress(output, () => assert.fail('nothing is logged'));
  const stop = progress.start('dump', () => ({ bytesDone: 123_456_789_012 }));
  t.mock.timers.tick(1_000);
  assert.equal(written.length, 3);
  for (const line of written) {
    assert.ok(line.startsWith('\r\u001b[2Kdump  123 GB'));
    assert.ok(line.length <= '\r\u001b[2K'.length + 19);
  }
  stop();
  stop();
  assert.deepEqual(written.slice(3), ['\r\u001b[2K']);
  t.mock.timers.tick(5_000);
  assert.equal(written.length, 4);
});

test('elsewhere there is a log line every thirty seconds and nothing else', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const logged: unknown[] = [];
  const output = { write: () => assert.fail('nothing is drawn') };
  const progress = createProgress(output, (level, id, parameters) =>
    logged.push([level, id, parameters?.['stage']]),
  );
  const stop = progress.start('upload');
  t.mock.timers.tick(29_999);
  assert.deepEqual(logged, []);
  t.mock.timers.tick(30_001);
  assert.deepEqual(logged, [
    ['info', 'STAGE_PROGRESS', 'upload'],
    ['info', 'STAGE_PROGRESS', 'upload'],
  ]);
  stop();
  t.mock.timers.tick(60_000);
  assert.equal(logged.length, 2);
});

test('of stages that go on at the same time the oldest is shown, and then the next one', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const written: string[] = [];
  const output = { isTTY: true, columns: 80, write: (text: string) => written.push(text) };
  const progress = createProgress(output, () => assert.fail('nothing is logged'));
  const shown = (): string[] => {
    const lines = written.splice(0).map((line) => line.slice('\r\u001b[2K'.length).split(' ')[0] ?? '');
    return [...new Set(lines.filter((line) => line !== ''))];
  };
  const endDump = progress.start('dump');
  const endVerify = progress.start('verify');
  const endGlobals = progress.start('globals');
  t.mock.timers.tick(1_000);
  endGlobals();
  assert.deepEqual(shown(), ['dump']);
  endDump();
  assert.deepEqual(shown(), ['verify']);
  t.mock.timers.tick(1_000);
  assert.deepEqual(shown(), ['verify']);
  endVerify();
  t.mock.timers.tick(1_000);
  assert.deepEqual(shown(), []);
});
