import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openLocalStore } from '../../src/storage/local.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { testFile } from './contract/store-under-test.ts';

const { signal } = new AbortController();

test('what is put is private, and what a killed put left is replaced', async (t) => {
  const { store, directory, file } = await start(t);
  writeFileSync(join(directory, '.x.partial'), 'what a killed put left, which is longer');
  await store.put(file.path, file.artifact, { overwrite: false, signal });
  assert.equal(readFileSync(join(directory, 'x'), 'utf8'), 'content');
  assert.equal(statSync(join(directory, 'x')).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(directory), ['x']);
});

test('a directory that is missing is made, and is private', async (t) => {
  const { directory, file } = await start(t);
  const inner = join(directory, 'a', 'b');
  const store = openLocalStore(inner);
  assert.deepEqual(await Array.fromAsync(store.list(signal)), []);
  await store.put(file.path, file.artifact, { overwrite: false, signal });
  assert.equal(statSync(inner).mode & 0o777, 0o700);
});

test('hidden files, directories and links are not its objects', async (t) => {
  const { store, directory } = await start(t);
  writeFileSync(join(directory, '.hidden'), '');
  writeFileSync(join(directory, 'seen'), '');
  symlinkSync('seen', join(directory, 'link'));
  const names = (await Array.fromAsync(store.list(signal))).map(({ name }) => name);
  assert.deepEqual(names, ['seen']);
});

test('the checksum is counted from what lies there now', async (t) => {
  const { store, directory, file } = await start(t);
  await store.put(file.path, file.artifact, { overwrite: false, signal });
  writeFileSync(join(directory, 'x'), 'Content');
  const present = await store.stat('x', signal);
  assert.equal(present?.sizeBytes, file.artifact.sizeBytes);
  assert.notEqual(present?.crc64, file.artifact.crc64);
});

test('a file that cannot be read is an error of the disk', async (t) => {
  const { store, directory, file } = await start(t);
  await assert.rejects(store.put(join(directory, 'none'), file.artifact, { overwrite: false, signal }), {
    code: 'STORAGE_FAILED',
  });
  assert.ok(!existsSync(join(directory, 'x')));
});

async function start(t: TestContext) {
  const directory = temporaryDirectory(t);
  const store = openLocalStore(directory);
  const file = await testFile(store, temporaryDirectory(t), 'x', 'content');
  return { directory, store, file };
}
