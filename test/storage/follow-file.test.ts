import assert from 'node:assert/strict';
import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { OpenFile } from '../../src/storage/file-range.ts';
import { growingParts, openWhenThere } from '../../src/storage/follow-file.ts';
import { FIRST_PART_BYTES, type Part } from '../../src/storage/part-plan.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

const { signal: NEVER } = new AbortController();

test('the parts come as soon as they are full, then the rest of the whole file, and the first one last', async (t) => {
  const { path, file } = await openFile(t);
  const whole = new AbortController();
  truncateSync(path, 2 * FIRST_PART_BYTES - 1);
  const sizes = [3 * FIRST_PART_BYTES, 4 * FIRST_PART_BYTES - 1];
  const watched = whenAsked(file, (times) => {
    if (times === 3) truncateSync(path, sizes[0]);
    if (times === 5) truncateSync(path, sizes[1]);
    if (times === 8) whole.abort();
  });
  const came: string[] = [];
  for await (const { number, sizeBytes } of growingParts(watched, { whole: whole.signal, stop: NEVER })) {
    came.push(`${number} ${sizeBytes} ${whole.signal.aborted ? 'whole' : 'growing'}`);
  }
  assert.deepEqual(came, [
    `2 ${FIRST_PART_BYTES} growing`,
    `3 ${FIRST_PART_BYTES} growing`,
    `4 ${FIRST_PART_BYTES - 1} whole`,
    `1 ${FIRST_PART_BYTES} whole`,
  ]);
});

test('of a file that stays below two parts both come at its end, and nothing of one that is sent at once', async (t) => {
  for (const [size, numbers] of [
    [2 * FIRST_PART_BYTES - 1, [2, 1]],
    [FIRST_PART_BYTES, []],
  ] as const) {
    const { path, file } = await openFile(t);
    truncateSync(path, size);
    const whole = new AbortController();
    const watched = whenAsked(file, (times) => times === 3 && whole.abort());
    const parts: Part[] = [];
    for await (const part of growingParts(watched, { whole: whole.signal, stop: NEVER })) parts.push(part);
    assert.deepEqual(
      parts.map(({ number }) => number),
      numbers,
    );
  }
});

test('after the stop nothing more comes, even of what is there', async (t) => {
  const { path, file } = await openFile(t);
  truncateSync(path, 10 * FIRST_PART_BYTES);
  const stopping = new AbortController();
  const parts = growingParts(file, { whole: NEVER, stop: stopping.signal });
  assert.equal((await parts.next()).value?.number, 2);
  stopping.abort();
  assert.equal((await parts.next()).done, true);
});

test('a file is opened once it is there, and stays the same when its name changes', async (t) => {
  const path = join(temporaryDirectory(t), 'file');
  const opening = openWhenThere(path, NEVER);
  writeFileSync(path, 'content');
  const file = await opening;
  assert.ok(file);
  await using handle = file.handle;
  rmSync(path);
  assert.equal((await handle.stat()).size, 7);
  assert.equal(await openWhenThere(path, AbortSignal.abort()), undefined);
  await assert.rejects(openWhenThere(join(path, '\0'), NEVER), { code: 'ERR_INVALID_ARG_VALUE' });
});

async function openFile(t: TestContext): Promise<{ path: string; file: OpenFile }> {
  const path = join(temporaryDirectory(t), 'file');
  writeFileSync(path, '');
  const file = await openWhenThere(path, NEVER);
  if (!file) throw new Error('it is there');
  t.after(() => file.handle.close());
  return { path, file };
}

/** The same file; tells how often its size has been asked for, before it answers. */
function whenAsked(file: OpenFile, tell: (times: number) => unknown): OpenFile {
  let times = 0;
  const stat = (): ReturnType<FileHandle['stat']> => {
    times += 1;
    tell(times);
    return file.handle.stat();
  };
  return { path: file.path, handle: { stat } as FileHandle };
}
