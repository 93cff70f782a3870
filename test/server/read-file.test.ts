import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { NEW, readLater, readNow } from '../../src/server/run-index/read-file.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

const LIMIT = { timeout: 60_000 };
const KIND = { check: () => [], maximumBytes: 100_000 };
const OLD = new Date('2020-01-01T00:00:00.500Z');

for (const [way, read] of [
  ['at once', async (...given: Parameters<typeof readNow>) => readNow(...given)],
  ['in the background', readLater],
] as const) {
  test(`${way}: a file is read, and read again only when it has changed`, LIMIT, async (t) => {
    const path = fileIn(t, '{"a":1}');
    const { size, ino } = statSync(path);
    const stamp = { sizeBytes: size, modifiedAt: OLD.getTime(), inode: ino };
    assert.deepEqual(await read(path, NEW, KIND), { stamp, value: { a: 1 } });
    assert.equal(await read(path, stamp, KIND), 'same');
    for (const change of [{ sizeBytes: size + 1 }, { modifiedAt: 1 }, { inode: 1 }])
      assert.deepEqual(await read(path, { ...stamp, ...change }, KIND), { stamp, value: { a: 1 } });
    assert.deepEqual(await read(path, undefined, KIND), { stamp, value: { a: 1 } });
  });

  test(`${way}: what was written just now is looked at once more`, LIMIT, async (t) => {
    const path = fileIn(t, '{}');
    utimesSync(path, new Date(), new Date());
    assert.deepEqual(await read(path, NEW, KIND), { stamp: undefined, value: {} });
  });

  test(`${way}: more than the usual is read in full, and more than allowed not at all`, LIMIT, async (t) => {
    const long = 'ä'.repeat(40_000);
    const { value } = (await read(fileIn(t, JSON.stringify(long)), NEW, KIND)) as { value: unknown };
    assert.equal(value, long);
    const large = await read(fileIn(t, JSON.stringify('x'.repeat(100_000))), NEW, KIND);
    assert.equal((large as { value?: unknown }).value, undefined);
  });

  // As it is where something takes the place of a file after its directory was listed.
  test(`${way}: a link or a FIFO in place of a file is neither followed nor waited for`, LIMIT, async (t) => {
    const target = fileIn(t, '{}');
    const directory = temporaryDirectory(t);
    symlinkSync(target, join(directory, 'link'));
    execFileSync('mkfifo', [join(directory, 'fifo')]);
    for (const known of [NEW, undefined] as const) {
      for (const name of ['link', 'fifo', '.']) {
        const reading = await read(join(directory, name), known, KIND);
        assert.equal(typeof reading === 'object' && reading.value === undefined, true, name);
      }
      assert.equal(await read(join(directory, 'gone'), known, KIND), 'gone');
    }
  });
}

function fileIn(t: TestContext, text: string): string {
  const path = join(temporaryDirectory(t), 'x.json');
  writeFileSync(path, text);
  utimesSync(path, OLD, OLD);
  return path;
}
