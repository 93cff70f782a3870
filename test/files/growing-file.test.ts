import assert from 'node:assert/strict';
import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { openOnceBegun, readGrowing } from '../../src/files/growing-file.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { until } from '../integration/until.ts';

const LONG = { timeout: 30_000 };
/** More than is read at a time. */
const LARGE = Buffer.alloc(3_000_000, 'growing');

test('a file is read as it grows, to the end that it has once it is whole', LONG, async (t) => {
  const { path, whole, read } = start(t);
  await setImmediate();
  writeFileSync(path, '');
  appendFileSync(path, 'first ');
  const reading = read();
  await until(() => reading.text(), 'first ');
  appendFileSync(path, 'second ');
  await until(() => reading.text(), 'first second ');
  assert.equal(reading.isOver(), false);
  appendFileSync(path, LARGE);
  whole.abort();
  await reading.ended;
  assert.equal(reading.text(), `first second ${LARGE}`);
});

test('a file that is whole before anybody looks is read to its end, also an empty one', LONG, async (t) => {
  for (const content of ['all of it', '']) {
    const { path, whole, read } = start(t);
    writeFileSync(path, content);
    whole.abort();
    const reading = read();
    await reading.ended;
    assert.equal(reading.text(), content);
  }
});

test(
  'a file that is made anew before anything was written to it is the one that is read',
  LONG,
  async (t) => {
    const { path, whole, read } = start(t);
    writeFileSync(path, '');
    const reading = read();
    await setImmediate();
    rmSync(path);
    writeFileSync(path, 'the second one');
    await until(() => reading.text(), 'the second one');
    whole.abort();
    await reading.ended;
  },
);

test('whoever stops it ends it at once, at whatever it waits for', LONG, async (t) => {
  for (const content of [undefined, '', 'something']) {
    const { path, stop, read } = start(t);
    if (content !== undefined) writeFileSync(path, content);
    const reading = read();
    await until(() => reading.text(), content ?? '');
    stop.abort(new Error('the dump has failed'));
    await assert.rejects(reading.ended, /the dump has failed/);
  }
});

test('a file that is not there although it should be whole is a fault of the storage', LONG, async (t) => {
  const { whole, read } = start(t);
  whole.abort();
  await assert.rejects(read().ended, { code: 'STORAGE_FAILED' });
});

function start(t: TestContext) {
  const path = join(temporaryDirectory(t), 'file');
  const [whole, stop] = [new AbortController(), new AbortController()];
  const read = () => {
    let text = '';
    let isOver = false;
    const ended = (async () => {
      const until = { whole: whole.signal, signal: stop.signal };
      await using file = await openOnceBegun(path, until);
      for await (const block of readGrowing(path, file, until)) text += block;
      isOver = true;
    })();
    ended.catch(() => {});
    return { ended, text: () => text, isOver: () => isOver };
  };
  return { path, whole, stop, read };
}
