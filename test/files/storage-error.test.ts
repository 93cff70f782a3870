import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { PgBackupError } from '../../src/errors.ts';
import { freeBytes, fromDisk, hasErrorCode, onDisk } from '../../src/files/storage-error.ts';
import { startChildScript } from '../harness/child-script.ts';
import { missing } from '../harness/parts.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

test('what the file system throws becomes a storage error with the path, the reason and a remedy', async (t) => {
  const path = join(temporaryDirectory(t), 'missing/file');
  await assert.rejects(
    onDisk(path, () => readFile(path)),
    (error) => {
      assert.ok(error instanceof PgBackupError);
      assert.equal(error.code, 'STORAGE_FAILED');
      assert.match(String(error.parameters['detail']), /ENOENT/);
      assert.match(String(error.parameters['remedy']), /^chown -R \d+:\d+ .*\/missing$/);
      assert.ok(hasErrorCode(error.cause, 'ENOENT'));
      return true;
    },
  );
});

test('what cannot be read is told as that', async (t) => {
  const path = join(temporaryDirectory(t), 'missing/file');
  await assert.rejects(
    fromDisk(path, () => readFile(path)),
    (error) => {
      assert.ok(error instanceof PgBackupError);
      assert.equal(error.code, 'READING_FAILED');
      assert.match(error.message, /^Cannot read \S+\/missing\/file: ENOENT/);
      assert.ok(hasErrorCode(error.cause, 'ENOENT'));
      return true;
    },
  );
  for (const error of [new PgBackupError('BUSY'), new TypeError('bug')])
    await assert.rejects(
      fromDisk(path, () => Promise.reject(error)),
      error,
    );
});

test('our own errors, bugs and interruptions pass as they are', async () => {
  const abort = new AbortController();
  abort.abort();
  for (const error of [new PgBackupError('BUSY'), new TypeError('bug'), abort.signal.reason, 'text']) {
    const passed = await onDisk('/x', () => Promise.reject(error)).catch((thrown: unknown) => thrown);
    assert.equal(passed, error);
  }
});

test('a quota that is used up is a full disk too', async () => {
  const quota = Object.assign(new Error('EDQUOT: disk quota exceeded, write'), {
    code: 'EDQUOT',
    syscall: 'write',
  });
  await assert.rejects(
    onDisk('/tmp/x', () => Promise.reject(quota)),
    { code: 'DISK_FULL', message: /\/tmp\/x/ },
  );
});

test('the free bytes of a directory are known, those of nowhere are not', () => {
  assert.ok((freeBytes('/') ?? -1) >= 0);
  assert.equal(freeBytes('/nowhere'), undefined);
});

const skip = missing('root') || missing('tmpfs');

test('a disk that is full is told with the path and what is free', { skip }, async (t) => {
  const { outcome } = await writeOnTinyDisk(t, { diskKibibytes: 64, fillKibibytes: 64, textBytes: 100 });
  assert.match(
    outcome,
    /^DISK_FULL No space left on the device while writing \S+\/report\.json \(0 B free\)\.$/,
  );
});

test('a text that fits only in part is a full disk, and the old text stays', { skip }, async (t) => {
  const { outcome, text } = await writeOnTinyDisk(t, {
    diskKibibytes: 64,
    fillKibibytes: 52,
    textBytes: 50_000,
  });
  assert.match(outcome, /^DISK_FULL /);
  assert.equal(text, 'old');
});

test('a text that fits is written', { skip }, async (t) => {
  const { outcome, text } = await writeOnTinyDisk(t, {
    diskKibibytes: 64,
    fillKibibytes: 4,
    textBytes: 10_000,
  });
  assert.equal(outcome, 'written');
  assert.equal(text, 'x'.repeat(10_000));
});

/** Replaces the text of a file on a file system of that size, of which a part is taken. */
async function writeOnTinyDisk(
  t: TestContext,
  sizes: { diskKibibytes: number; fillKibibytes: number; textBytes: number },
): Promise<{ outcome: string; text: string }> {
  const directory = temporaryDirectory(t);
  await mkdir(join(directory, 'disk'));
  writeFileSync(join(directory, 'fill'), Buffer.alloc(sizes.fillKibibytes * 1024));
  const mount = `mount -t tmpfs -o size=${sizes.diskKibibytes}k tmpfs "$0/disk" && exec "$@"`;
  const writer = startChildScript(
    t,
    new URL('./write-on-disk.ts', import.meta.url),
    [directory, String(sizes.textBytes)],
    ['unshare', '--mount', 'sh', '-c', mount, directory],
  );
  return { outcome: await writer.nextLine(), text: await writer.nextLine() };
}
