import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ensureLayout } from '../../src/backup/open-run.ts';
import { repairKilledRuns } from '../../src/backup/repair.ts';
import { artifactFiles, filesOfRun, type Layout, layoutOf, partialFiles } from '../../src/files/layout.ts';
import type { RunRecord } from '../../src/report/record.ts';
import type { Report } from '../../src/report/report.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { REPORT_EXAMPLE } from '../report/report-example.ts';
import { journalOf, leaveDeadRun } from './dead-run.ts';
import { artifactsOf } from './past-run.ts';
import { type Logged, recordingContext } from './recording-context.ts';

const RUN = 'community_20251011T180000Z_db01';
const DATA_SHA256 = createHash('sha256').update('data').digest('hex');

test('a run that was killed while it dumped is reported once, and nothing unfinished is left of it', async (t) => {
  const layout = await newLayout(t);
  leaveDeadRun(layout, journalOf(RUN));
  const files = filesOfRun(layout, RUN);
  const [, ...withoutDump] = artifactFiles(files);
  for (const path of [...partialFiles(files), ...withoutDump]) writeFileSync(path, 'x');
  for (const path of [files.report, files.record]) writeFileSync(`${path}.12345`, '{"data');

  const logged = await repair(layout);
  assert.deepEqual(
    logged.map(({ id }) => id),
    ['REPAIRED'],
  );
  assert.deepEqual(filesBelow(layout), [`records/${RUN}.json`, `reports/${RUN}.json`]);
  const report = readJson<Report>(files.report);
  assert.equal(report.status, 'FAILED');
  assert.match(report.errorMessage, /process was killed.*unfinished files were removed/);
  assert.deepEqual(report.local, { file: '', globalsFile: '', checksumSha256: '', sizeBytes: 0 });
  const record = readJson<RunRecord>(files.record);
  assert.deepEqual([record.error?.code, record.error?.exitCode, record.proof], ['KILLED', 137, 'none']);

  const before = statSync(files.report);
  assert.deepEqual(await repair(layout), [], 'the second time there is nothing to do');
  assert.deepEqual(statSync(files.report), before);
});

test('complete files of a killed run are kept, and wait for their upload where the run would upload', async (t) => {
  for (const mode of ['local', 'both'] as const) {
    const layout = await newLayout(t);
    leaveDeadRun(layout, { ...journalOf(RUN), mode });
    const files = filesOfRun(layout, RUN);
    for (const path of [files.dump, files.globals, files.fingerprint]) writeFileSync(path, 'data');
    writeFileSync(files.checksum, `${DATA_SHA256}  ${RUN}.dump\n`);
    await repair(layout);
    const report = readJson<Report>(files.report);
    assert.equal(report.status, 'FAILED');
    assert.equal(report.local.file, files.dump);
    assert.equal(report.local.globalsFile, files.globals);
    assert.equal(report.local.sizeBytes, 4);
    const record = readJson<RunRecord>(files.record);
    assert.equal(record.awaitsUpload, mode === 'both');
    assert.deepEqual(
      record.artifacts.map(({ name }) => name),
      artifactsOf(RUN),
    );
    assert.equal(record.artifacts[0]?.crc64 !== undefined, mode === 'both');
    assert.equal(record.proof, 'read');
  }
});

test('an encrypted run is found by its names, and nobody claims that it was read back', async (t) => {
  for (const encryption of ['age', 'gpg'] as const) {
    const layout = await newLayout(t);
    leaveDeadRun(layout, { ...journalOf(RUN), encryption });
    const files = filesOfRun(layout, RUN, encryption);
    for (const path of [files.partialDump, files.partialFingerprint]) writeFileSync(path, 'x');
    await repair(layout);
    assert.deepEqual(filesBelow(layout), [`records/${RUN}.json`, `reports/${RUN}.json`]);

    const complete = await newLayout(t);
    leaveDeadRun(complete, { ...journalOf(RUN), mode: 'both', encryption });
    const kept = filesOfRun(complete, RUN, encryption);
    for (const path of [kept.dump, kept.globals, kept.fingerprint]) writeFileSync(path, 'data');
    writeFileSync(kept.checksum, `${DATA_SHA256}  ${RUN}.dump.${encryption}\n`);
    await repair(complete);
    const record = readJson<RunRecord>(kept.record);
    assert.deepEqual([record.encryption, record.proof, record.awaitsUpload], [encryption, 'none', true]);
    assert.equal(record.artifacts.at(-1)?.name, `${RUN}_fingerprint.json.${encryption}`);
    assert.equal(readJson<Report>(kept.report).local.file, kept.dump);
  }
});

test('a dump that does not fit its own checksum is left as it is and never counts as a backup', async (t) => {
  for (const checksum of [`${'0'.repeat(64)}  ${RUN}.dump\n`, undefined]) {
    const layout = await newLayout(t);
    leaveDeadRun(layout, { ...journalOf(RUN), mode: 'both' });
    const files = filesOfRun(layout, RUN);
    writeFileSync(files.dump, 'data');
    if (checksum !== undefined) writeFileSync(files.checksum, checksum);
    await repair(layout);
    const record = readJson<RunRecord>(files.record);
    assert.deepEqual([record.proof, record.awaitsUpload, record.artifacts], ['none', false, []]);
    assert.match(readJson<Report>(files.report).errorMessage, /does not fit its checksum/);
    assert.equal(readFileSync(files.dump, 'utf8'), 'data');
  }
});

test('a repair of mode oss that was killed behind its report does not lose, the next time, the files that it left', async (t) => {
  const layout = await newLayout(t);
  const files = filesOfRun(layout, RUN);
  writeFileSync(files.dump, 'data');
  writeFileSync(files.checksum, `${'0'.repeat(64)}  ${RUN}.dump\n`);
  const journal = { ...journalOf(RUN), mode: 'oss' as const };
  for (const _ of [1, 2]) {
    leaveDeadRun(layout, journal);
    await repair(layout);
    assert.equal(readFileSync(files.dump, 'utf8'), 'data');
  }
});

test('a run that was killed behind its report keeps that report', async (t) => {
  const layout = await newLayout(t);
  leaveDeadRun(layout, journalOf(RUN));
  const files = filesOfRun(layout, RUN);
  writeFileSync(files.report, JSON.stringify(REPORT_EXAMPLE));
  writeFileSync(files.dump, 'data');
  assert.deepEqual(await repair(layout), []);
  assert.deepEqual(readJson(files.report), REPORT_EXAMPLE);
  assert.deepEqual(filesBelow(layout), [`data/${RUN}.dump`, `reports/${RUN}.json`]);
});

test('the temporary directory with the secrets of a killed run goes, another directory that a journal names stays', async (t) => {
  const ours = mkdtempSync(join(tmpdir(), 'pg-backup-'));
  const precious = join(temporaryDirectory(t), 'pg-backup-precious');
  mkdirSync(precious);
  writeFileSync(join(ours, 'pgpass'), 'x');
  const layout = await newLayout(t);
  for (const [index, temporary] of [ours, precious, '/'].entries()) {
    leaveDeadRun(layout, { ...journalOf(`${RUN}${index}`), temporaryDirectory: temporary });
  }
  await repair(layout);
  assert.throws(() => statSync(ours), { code: 'ENOENT' });
  assert.ok(statSync(precious).isDirectory());
});

test('a mark with a broken journal does not keep the others from their repair', async (t) => {
  const layout = await newLayout(t);
  for (const run of ['a_20251011T180000Z_h', RUN, 'z_20251011T180000Z_h'])
    leaveDeadRun(layout, journalOf(run));
  for (const run of ['a_20251011T180000Z_h', 'z_20251011T180000Z_h'])
    writeFileSync(join(layout.running, run, 'journal.json'), '');
  await repair(layout);
  assert.deepEqual(readdirSync(layout.reports), [`${RUN}.json`]);
});

test('a run of another target in the same directory is left to that one', async (t) => {
  const layout = await newLayout(t);
  leaveDeadRun(layout, journalOf(RUN));
  const { host, port } = journalOf(RUN);
  const { context } = recordingContext(layout.base, { foreignSeries: new Set([`${host}:${port}`]) });
  assert.deepEqual(await repairKilledRuns(context), []);
  assert.deepEqual([readdirSync(layout.running), readdirSync(layout.reports)], [[RUN], []]);
  await repair(layout);
  assert.deepEqual([readdirSync(layout.running), readdirSync(layout.reports)], [[], [`${RUN}.json`]]);
});

test('what a kill in the middle of marking or of unmarking left goes too', async (t) => {
  const layout = await newLayout(t);
  const [abandoned, fresh] = ['.draft-000000000001', '.draft-000000000002'];
  for (const name of [abandoned, fresh, RUN]) mkdirSync(join(layout.running, name), { recursive: true });
  const longAgo = new Date(Date.now() - 60 * 60_000);
  utimesSync(join(layout.running, abandoned), longAgo, longAgo);
  writeFileSync(join(layout.running, RUN, 'lock'), '');
  await repair(layout);
  assert.deepEqual(readdirSync(layout.running), [fresh], 'what may be under way stays');
});

async function newLayout(t: TestContext): Promise<Layout> {
  const layout = layoutOf(temporaryDirectory(t));
  await ensureLayout(layout);
  return layout;
}

async function repair(layout: Layout): Promise<Logged[]> {
  const { context, logged } = recordingContext(layout.base);
  await repairKilledRuns(context);
  return logged;
}

function filesBelow(layout: Layout): string[] {
  return readdirSync(layout.base, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(layout.base.length + 1))
    .sort();
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8'));
}
