import assert from 'node:assert/strict';
import { readdirSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openUploadStates, type UploadState } from '../../src/storage/upload-state.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

const STATE: UploadState = {
  version: 1,
  name: 'ein Tag 数据库.dump',
  url: 'oss://backups/p/ein Tag 数据库.dump',
  uploadId: 'ABC',
  token: 'a-token',
  parts: [{ number: 2, offset: 8, sizeBytes: 8, md5: 'bWQ1', etag: '"E"' }],
};

test('a state is read as it was written, for this user alone', async (t) => {
  const directory = join(temporaryDirectory(t), 'a', 'uploads');
  const states = openUploadStates(directory);
  assert.equal(await states.read(STATE.url), undefined);
  assert.deepEqual(await states.list(), []);
  await states.write(STATE);
  assert.deepEqual(await openUploadStates(directory).read(STATE.url), STATE);
  assert.deepEqual(await states.list(), [STATE]);
  assert.equal(statSync(directory).mode & 0o777, 0o700);
  for (const name of readdirSync(directory))
    assert.equal(statSync(join(directory, name)).mode & 0o777, 0o600);
});

test('a name as long as file names may be, and one for each of two buckets', async (t) => {
  const states = openUploadStates(temporaryDirectory(t));
  const name = `${'x'.repeat(250)}.dump`;
  const one = { ...STATE, name, url: `oss://one/${name}` };
  const two = { ...STATE, name, url: `oss://two/${name}`, uploadId: 'DEF' };
  await states.write(one);
  await states.write(two);
  assert.deepEqual(await states.read(one.url), one);
  await states.remove(one.url);
  await states.remove(one.url);
  assert.deepEqual(await states.list(), [two]);
});

test('what is no state counts as none', async (t) => {
  const directory = temporaryDirectory(t);
  const states = openUploadStates(directory);
  await states.write(STATE);
  const [file = ''] = readdirSync(directory);
  const path = join(directory, file);
  const text = JSON.stringify(STATE);
  for (const broken of [
    '',
    text.slice(0, -5),
    '[]',
    'null',
    text.replace('"version":1', '"version":2'),
    text.replace('"uploadId":"ABC"', '"uploadId":""'),
    text.replace('"number":2', '"number":"2"'),
  ]) {
    writeFileSync(path, broken);
    assert.equal(await states.read(STATE.url), undefined, broken);
    assert.deepEqual(await states.list(), []);
  }
  writeFileSync(path, text);
  assert.deepEqual(await states.read(STATE.url), STATE);
});

test('what killed writes left is cleared, but nothing of a write that is under way', async (t) => {
  const directory = temporaryDirectory(t);
  const states = openUploadStates(directory);
  await states.clearDrafts();
  await states.write(STATE);
  const [file = ''] = readdirSync(directory);
  const others = [`${file}.7`, 'shop.lock', 'notes.json.txt'];
  for (const name of [...others, `${file}.123456`]) writeFileSync(join(directory, name), '');
  const longAgo = new Date(Date.now() - 3_600_000);
  for (const name of [file, 'shop.lock', 'notes.json.txt', `${file}.123456`]) {
    utimesSync(join(directory, name), longAgo, longAgo);
  }
  await states.clearDrafts();
  assert.deepEqual(readdirSync(directory).sort(), [file, ...others].sort());
  assert.deepEqual(await states.list(), [STATE]);
});

test('a directory that cannot be used is told as such', async (t) => {
  const directory = join(temporaryDirectory(t), 'uploads');
  symlinkSync('/proc/self/nothing-there', directory);
  await assert.rejects(openUploadStates(directory).write(STATE), { code: 'STORAGE_FAILED' });
});
