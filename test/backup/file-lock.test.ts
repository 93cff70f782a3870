import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { tryFileLock } from '../../src/backup/file-lock.ts';
import { startChildScript } from '../harness/child-script.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

const PATH = process.env['PATH'];

test('a lock is held by one at a time, and free again after its release', async (t) => {
  const path = join(temporaryDirectory(t), 'lock');
  const first = await tryFileLock(path, PATH);
  assert.ok(first);
  assert.equal(await tryFileLock(path, PATH), undefined);
  await first.release();
  const second = await tryFileLock(path, PATH);
  assert.ok(second);
  await second.release();
});

test('a lock of another process is seen, and a kill -9 of its holder frees it', {
  timeout: 30_000,
}, async (t) => {
  const path = join(temporaryDirectory(t), 'lock');
  const holder = startChildScript(t, new URL('./hold-file-lock.ts', import.meta.url), [path]);
  assert.equal(await holder.nextLine(), 'held');
  assert.equal(await tryFileLock(path, PATH), undefined);
  holder.child.kill('SIGKILL');
  await holder.ended;
  let lock = await tryFileLock(path, PATH);
  for (let attempt = 0; !lock && attempt < 200; attempt += 1) lock = await tryFileLock(path, PATH);
  assert.ok(lock, 'the lock of a killed process is free');
  await lock.release();
});

test('different files are different locks', async (t) => {
  const directory = temporaryDirectory(t);
  const locks = [
    await tryFileLock(join(directory, 'a'), PATH),
    await tryFileLock(join(directory, 'b c'), PATH),
  ];
  for (const lock of locks) {
    assert.ok(lock);
    await lock.release();
  }
});

test('a lock in a directory that is gone is not taken', async (t) => {
  assert.equal(await tryFileLock(join(temporaryDirectory(t), 'gone/lock'), PATH), undefined);
});
