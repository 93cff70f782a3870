import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { checksumLine, measureFile } from '../../src/backup/checksum.ts';
import { runName } from '../../src/backup/run-name.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

test('a file is measured: size, sha256, and CRC-64/ECMA-182 in decimal where asked for', async (t) => {
  const path = join(temporaryDirectory(t), 'x');
  writeFileSync(path, '123456789');
  const expected = {
    name: 'run.dump',
    sizeBytes: 9,
    sha256: '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225',
  };
  assert.deepEqual(await measureFile(path, '/data/run.dump', {}), expected);
  // 0x995dc9bbdf1939fa, the check value of CRC-64/XZ in the catalogue of parametrised CRC algorithms.
  assert.deepEqual(await measureFile(path, 'run.dump', { also: 'crc64' }), {
    ...expected,
    crc64: '11051210869376104954',
  });
});

test('a file of many blocks is measured as one, and its progress ends at its size', async (t) => {
  const path = join(temporaryDirectory(t), 'x');
  const content = Buffer.alloc(5 * 1024 * 1024 + 17, 'pg-backup');
  writeFileSync(path, content);
  const progress: number[] = [];
  const { sha256, sizeBytes } = await measureFile(path, 'x', {
    also: 'crc64',
    onBytes: (done) => progress.push(done),
  });
  assert.equal(sha256, execFileSync('sha256sum', [path], { encoding: 'utf8' }).slice(0, 64));
  assert.equal(sizeBytes, content.length);
  assert.equal(progress.at(-1), content.length);
  assert.ok(progress.length > 1);
});

test('an empty file has the checksums of nothing', async (t) => {
  const path = join(temporaryDirectory(t), 'x');
  writeFileSync(path, '');
  const { crc64, sha256 } = await measureFile(path, 'x', { also: 'crc64' });
  assert.equal(crc64, '0');
  assert.equal(sha256, 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
});

test('sha256sum -c accepts the pair in any directory that it is copied to', async (t) => {
  const directory = temporaryDirectory(t);
  const elsewhere = join(directory, 'elsewhere');
  mkdirSync(elsewhere);
  for (const database of ['community', ' a b\\c\nd', '-f', '*社']) {
    const name = `${runName({ database, startedAt: new Date(), host: 'h' })}.dump`;
    const dump = join(directory, name);
    writeFileSync(dump, database);
    writeFileSync(`${dump}.sha256`, checksumLine(await measureFile(dump, dump, {})));
    for (const file of [dump, `${dump}.sha256`]) copyFileSync(file, join(elsewhere, basename(file)));
    const output = execFileSync('sha256sum', ['--strict', '-c', `${name}.sha256`], {
      cwd: elsewhere,
      encoding: 'utf8',
      env: { LC_ALL: 'C.UTF-8', PATH: process.env['PATH'] },
    });
    assert.match(output, /: OK\n$/);
  }
});

test('an interruption ends the reading', async (t) => {
  const path = join(temporaryDirectory(t), 'x');
  writeFileSync(path, Buffer.alloc(4 * 1024 * 1024));
  const controller = new AbortController();
  const measured = measureFile(path, 'x', {
    signal: controller.signal,
    onBytes: () => controller.abort(),
  });
  await assert.rejects(measured, { name: 'AbortError' });
});

test('a file that cannot be read is a storage error that names it', async (t) => {
  const path = join(temporaryDirectory(t), 'missing');
  await assert.rejects(measureFile(path, 'x', {}), {
    code: 'STORAGE_FAILED',
    message: new RegExp(path),
  });
});
