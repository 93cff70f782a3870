import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { readRecords, readReports, writeReport } from '../../src/report/directory.ts';
import type { Report } from '../../src/report/report.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { REPORT_EXAMPLE } from './report-example.ts';

test('a written report is read back, is alone in its directory, and everybody may read it', async (t) => {
  const directory = temporaryDirectory(t);
  const before = process.umask(0o077);
  t.after(() => process.umask(before));
  await writeReport(join(directory, 'run.json'), REPORT_EXAMPLE);
  assert.equal(statSync(join(directory, 'run.json')).mode & 0o777, 0o644);
  assert.deepEqual(readdirSync(directory), ['run.json']);
  assert.deepEqual(JSON.parse(readFileSync(join(directory, 'run.json'), 'utf8')), REPORT_EXAMPLE);
  const { entries, unreadable } = await readReports(directory);
  assert.deepEqual([...entries], [['run', REPORT_EXAMPLE]]);
  assert.deepEqual(unreadable, []);
});

test('whatever stands in the error message, the report is valid JSON with the same text', async (t) => {
  const path = join(temporaryDirectory(t), 'run.json');
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), async (errorMessage) => {
      await writeReport(path, { ...REPORT_EXAMPLE, errorMessage });
      assert.equal(JSON.parse(readFileSync(path, 'utf8')).errorMessage, errorMessage);
    }),
    { numRuns: 50 },
  );
});

test('a report of another shape is never written', async (t) => {
  const directory = temporaryDirectory(t);
  const wrong = { ...REPORT_EXAMPLE, proof: 'read' } as Report;
  await assert.rejects(writeReport(join(directory, 'run.json'), wrong), /wrong shape.*proof/);
  assert.deepEqual(readdirSync(directory), []);
});

/** What the old script and the world leave in the directory. */
const EXAMPLE_TEXT = JSON.stringify(REPORT_EXAMPLE, undefined, 2);
const UNREADABLE: Readonly<Record<string, (path: string) => void>> = {
  'an unescaped quote in errorMessage': (path) =>
    writeFileSync(path, EXAMPLE_TEXT.replace('"errorMessage": ""', '"errorMessage": "no "table" there"')),
  'a file cut short by a full disk': (path) => writeFileSync(path, EXAMPLE_TEXT.slice(0, 200)),
  'an empty file': (path) => writeFileSync(path, ''),
  'JSON that is no object': (path) => writeFileSync(path, '[1, 2]'),
  'JSON that is null': (path) => writeFileSync(path, 'null'),
  "somebody else's JSON": (path) => writeFileSync(path, '{"name": "package"}'),
  'an unknown status': (path) => writeFileSync(path, EXAMPLE_TEXT.replace('SUCCESS', 'RUNNING')),
  'an impossible time': (path) => writeFileSync(path, EXAMPLE_TEXT.replaceAll('2025-10-11T', '11.10.2025 ')),
  'deeply nested JSON': (path) => writeFileSync(path, `${'['.repeat(400_000)}${']'.repeat(400_000)}`),
  'a file above the size limit': (path) => writeFileSync(path, EXAMPLE_TEXT + ' '.repeat(2 * 1024 * 1024)),
  'bytes that are no UTF-8': (path) => writeFileSync(path, Buffer.from([0xff, 0xfe, 0x00, 0x7b])),
  'a directory': (path) => mkdirSync(path),
  'a FIFO that nobody writes to': (path) => execFileSync('mkfifo', [path]),
  'a symbolic link to a good report': (path) => {
    writeFileSync(`${path}.target`, EXAMPLE_TEXT);
    symlinkSync(`${path}.target`, path);
  },
  'a symbolic link to nowhere': (path) => symlinkSync('/nowhere', path),
};
for (const [what, make] of Object.entries(UNREADABLE)) {
  test(`${what} is passed over and counted, and the other reports are read`, {
    timeout: 60_000,
  }, async (t) => {
    const directory = temporaryDirectory(t);
    writeFileSync(join(directory, 'good.json'), EXAMPLE_TEXT);
    make(join(directory, 'broken.json'));
    const { entries, unreadable } = await readReports(directory);
    assert.deepEqual([...entries.keys()], ['good']);
    assert.deepEqual(unreadable, ['broken.json']);
  });
}

const OLD_SCRIPT: Readonly<Record<string, object>> = {
  'an empty address where nothing was uploaded': { remote: { urls: [''] } },
  'an empty checksum and size 0': { local: { ...REPORT_EXAMPLE.local, checksumSha256: '', sizeBytes: 0 } },
  'no finishing time': { finishedAt: undefined },
  'a property that we do not know': { more: true },
};
for (const [what, change] of Object.entries(OLD_SCRIPT)) {
  test(`a report of the old script with ${what} is read`, async (t) => {
    const directory = temporaryDirectory(t);
    writeFileSync(join(directory, 'old.json'), JSON.stringify({ ...REPORT_EXAMPLE, ...change }));
    const { entries, unreadable } = await readReports(directory);
    assert.deepEqual(unreadable, []);
    assert.equal(entries.get('old')?.database, 'community');
  });
}

test('files of other kinds are neither reports nor counted', async (t) => {
  const directory = temporaryDirectory(t);
  for (const name of ['run.json.123456', 'notes.txt', '.hidden']) writeFileSync(join(directory, name), 'x');
  assert.deepEqual(await readReports(directory), { entries: new Map(), unreadable: [], unread: [] });
});

test('a directory that is not there yet has no reports', async (t) => {
  const missing = join(temporaryDirectory(t), 'missing');
  assert.deepEqual(await readReports(missing), { entries: new Map(), unreadable: [], unread: [] });
});

test('a directory that cannot be read at all is a storage error', async (t) => {
  const file = join(temporaryDirectory(t), 'file');
  writeFileSync(file, '');
  await assert.rejects(readReports(file), { code: 'STORAGE_FAILED' });
});

test('a record of another version, or without its artifacts or remote objects, is passed over', async (t) => {
  const directory = temporaryDirectory(t);
  const record = { version: 1, run: 'r', artifacts: [], remote: [], awaitsUpload: false };
  writeFileSync(join(directory, 'good.json'), JSON.stringify({ ...record, addedLater: 1 }));
  writeFileSync(join(directory, 'newer.json'), JSON.stringify({ ...record, version: 2 }));
  writeFileSync(join(directory, 'part.json'), JSON.stringify({ ...record, artifacts: undefined }));
  writeFileSync(join(directory, 'unsent.json'), JSON.stringify({ ...record, remote: undefined }));
  const { entries, unreadable } = await readRecords(directory);
  assert.deepEqual([...entries.keys()], ['good']);
  assert.deepEqual(unreadable, ['newer.json', 'part.json', 'unsent.json']);
});
