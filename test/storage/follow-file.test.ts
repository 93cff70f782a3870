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

test('the parts come as soon as they are full, without the first one and without the growing end', async (t) => {
  const { path, file } = await openFile(t);
  const stopping = new AbortController();
  truncateSync(path, 2 * FIRST_PART_BYTES - 1);
  const sizes = [3 * FIRST_PART_BYTES, 4 * FIRST_PART_BYTES - 1];
  const watched = whenAsked(file, (times) => {
    if (times === 3) truncateSync(path, sizes[0]);
    if (times === 5) truncateSync(path, sizes[1]);
    if (times === 8) stopping.abort();
  });
  const numbers: number[] = [];
  for await (const part of growingParts(watched, stopping.signal)) numbers.push(part.number);
  assert.deepEqual(numbers, [2, 3]);
});

test('nothing comes of a file that stays below two parts', async (t) => {
  const { path, file } = await openFile(t);
  truncateSync(path, 2 * FIRST_PART_BYTES - 1);
  const stopping = new AbortController();
  const watched = whenAsked(file, (times) => times === 3 && stopping.abort());
  const parts: Part[] = [];
  for await (const part of growingParts(watched, stopping.signal)) parts.push(part);
  assert.deepEqual(parts, []);
});

test('after the stop nothing more comes, even of what is there', async (t) => {
  const { path, file } = await openFile(t);
  truncateSync(path, 10 * FIRST_PART_BYTES);
  const stopping = new AbortController();
  const parts = growingParts(file, stopping.signal);
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
