import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import {
  createPrivateFile,
  ensureDirectory,
  isAtomicLeftover,
  publishFile,
  removeFiles,
  syncDirectory,
  writeDurably,
} from '../../src/files/durable-files.ts';
import { startChildScript } from '../harness/child-script.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

test('a directory gets its mode whatever the umask is', async (t) => {
  const directory = strictDirectory(t);
  await ensureDirectory(join(directory, 'public'), 0o755);
  await ensureDirectory(join(directory, 'private'), 0o700);
  assert.equal(modeOf(join(directory, 'public')), 0o755);
  assert.equal(modeOf(join(directory, 'private')), 0o700);
});

test('the parents that are made on the way to a public directory can be passed by everybody', async (t) => {
  const directory = strictDirectory(t);
  await ensureDirectory(join(directory, 'a/b/c'), 0o755);
  for (const path of ['a', 'a/b', 'a/b/c']) assert.equal(modeOf(join(directory, path)), 0o755, path);
});

test('a directory that is there already keeps its mode', async (t) => {
  const directory = strictDirectory(t);
  mkdirSync(join(directory, 'd'), { mode: 0o750 });
  await ensureDirectory(join(directory, 'd'), 0o755);
  assert.equal(modeOf(join(directory, 'd')), 0o700);
});

test('a file in the place of a directory is a storage error that names it', async (t) => {
  const directory = strictDirectory(t);
  writeFileSync(join(directory, 'f'), '');
  await assert.rejects(ensureDirectory(join(directory, 'f/sub'), 0o755), {
    code: 'STORAGE_FAILED',
    message: new RegExp(join(directory, 'f/sub')),
  });
});

test('a private file is private from the start, and never one that was there', async (t) => {
  const directory = temporaryDirectory(t);
  const before = process.umask(0);
  t.after(() => process.umask(before));
  await createPrivateFile(join(directory, 'f'));
  assert.equal(modeOf(join(directory, 'f')), 0o600);
  await assert.rejects(createPrivateFile(join(directory, 'f')), {
    code: 'STORAGE_FAILED',
    message: /EEXIST/,
  });
});

test('a text is written with its mode, also over an older file of another mode, and nothing else is left', async (t) => {
  const directory = strictDirectory(t);
  const path = join(directory, 'report.json');
  await writeDurably(path, 'one', 0o600);
  assert.equal(modeOf(path), 0o600);
  await writeDurably(path, 'two', 0o644);
  assert.equal(modeOf(path), 0o644);
  assert.equal(readFileSync(path, 'utf8'), 'two');
  assert.deepEqual(readdirSync(directory), ['report.json']);
});

test('a killed writer leaves the old text or the new one, and its leftovers are recognised', {
  timeout: 60_000,
}, async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'report.json');
  let leftovers = 0;
  // It may be just done when the kill arrives; a few attempts make sure that one hits it in the middle.
  for (let attempt = 0; attempt < 10 && leftovers === 0; attempt += 1) {
    const writer = startChildScript(t, new URL('./write-for-ever.ts', import.meta.url), [path]);
    await writer.nextLine();
    while (readdirSync(directory).length === 1) await setImmediate();
    writer.child.kill('SIGKILL');
    await writer.ended;
    assert.match(readFileSync(path, 'utf8'), /^(a{1000000}|b{1000000})$/);
    const others = readdirSync(directory).filter((name) => name !== 'report.json');
    leftovers = others.length;
    for (const name of others) {
      assert.ok(isAtomicLeftover(name, path), name);
      assert.ok(!isAtomicLeftover(name, join(directory, 'other.json')), name);
    }
  }
  assert.ok(leftovers > 0, 'no kill hit the writer in the middle');
});

test('files that only look similar are no leftovers', () => {
  for (const name of [
    'run.json',
    'run.json.',
    'run.json.bak',
    'run.json.12.json',
    'xrun.json.12',
    'run2.json.12',
  ]) {
    assert.ok(!isAtomicLeftover(name, '/reports/run.json'), name);
  }
  assert.ok(isAtomicLeftover('run.json.4294967295', '/reports/run.json'));
});

test('a finished file gets its final name', async (t) => {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, '.x.partial'), 'data');
  await publishFile(join(directory, '.x.partial'), join(directory, 'x'));
  await syncDirectory(directory);
  assert.deepEqual(readdirSync(directory), ['x']);
  assert.equal(readFileSync(join(directory, 'x'), 'utf8'), 'data');
});

test('publishing a file that is gone is a storage error that names where it should be', async (t) => {
  const directory = temporaryDirectory(t);
  await assert.rejects(publishFile(join(directory, '.x.partial'), join(directory, 'x')), {
    code: 'STORAGE_FAILED',
    message: /ENOENT/,
  });
});

test('removing files that are partly gone removes the others', async (t) => {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, 'b'), '');
  await removeFiles([join(directory, 'a'), join(directory, 'b')]);
  assert.deepEqual(readdirSync(directory), []);
});

/** An empty directory, and the umask of the program. */
function strictDirectory(t: TestContext): string {
  const before = process.umask(0o077);
  t.after(() => process.umask(before));
  return temporaryDirectory(t);
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}
