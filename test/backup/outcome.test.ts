import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { ensureLayout } from '../../src/backup/open-run.ts';
import { type Findings, noFindings, type Outcome, publishOutcome } from '../../src/backup/outcome.ts';
import { filesOfRun, layoutOf, type RunFiles } from '../../src/files/layout.ts';
import type { RunRecord } from '../../src/report/record.ts';
import type { Report } from '../../src/report/report.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { journalOf } from './dead-run.ts';

const RUN = 'community_20251011T180000Z_db01';
const FINISHED = new Date('2025-10-11T18:05:12.900Z');
const COMPLETE: Partial<Findings> = {
  globals: 'with passwords',
  proof: 'read',
  artifacts: ['.dump', '.dump.sha256', '_globals.sql', '_fingerprint.json'].map((suffix, index) => ({
    ...{ name: RUN + suffix, sizeBytes: 100 + index, sha256: `sha${index}`, crc64: `${index}` },
  })),
};
const REMOTE = COMPLETE.artifacts?.map(({ name, sizeBytes, crc64 = '' }) => ({
  ...{ url: `oss://b/${name}`, sizeBytes, crc64, confirmedAt: '2025-10-11T18:05:00.000Z' },
}));

test('a local success has the report of the contract', async (t) => {
  const { report, files } = await publish(t, 'local', COMPLETE);
  assert.deepEqual(report, {
    database: 'community',
    host: 'db',
    port: '5432',
    startedAt: '2025-10-11T18:00:00Z',
    finishedAt: '2025-10-11T18:05:12Z',
    durationSeconds: 312,
    mode: 'local',
    tool: 'ossutil',
    status: 'SUCCESS',
    errorMessage: '',
    local: { file: files.dump, globalsFile: files.globals, checksumSha256: 'sha0', sizeBytes: 100 },
    remote: { urls: [] },
  });
});

test('in mode oss the report names the remote dump and no local file that is gone', async (t) => {
  const { report, record } = await publish(
    t,
    'oss',
    { ...COMPLETE, proof: 'stored', remote: REMOTE ?? [] },
    false,
  );
  assert.deepEqual(report.local, { file: '', globalsFile: '', checksumSha256: 'sha0', sizeBytes: 100 });
  assert.deepEqual(report.remote, { urls: [`oss://b/${RUN}.dump`] });
  assert.equal(record.awaitsUpload, false);
});

test('files wait for their upload until the remote copy of every one is confirmed', async (t) => {
  for (const [mode, confirmed, awaits] of [
    ['both', 0, true],
    ['both', 3, true],
    ['both', 4, false],
    ['oss', 0, true],
    ['local', 0, false],
  ] as const) {
    const { record } = await publish(t, mode, { ...COMPLETE, remote: REMOTE?.slice(0, confirmed) ?? [] });
    assert.equal(record.awaitsUpload, awaits, `${mode} ${confirmed}`);
  }
});

test('a failure tells what happened and what to do, and no file that is not there', async (t) => {
  const { report, record } = await publish(t, 'both', {}, false, {
    status: 'FAILED',
    error: { code: 'BUSY', exitCode: 7, message: 'It "failed".', hint: 'Do\nthis.', stage: 'lock' },
  });
  assert.equal(report.errorMessage, 'It "failed". Do\nthis.');
  assert.deepEqual(report.local, { file: '', globalsFile: '', checksumSha256: '', sizeBytes: 0 });
  assert.equal(record.awaitsUpload, false);
  assert.equal(record.error?.stage, 'lock');
});

test('a clock that was set back makes no negative duration', async (t) => {
  const { report } = await publish(t, 'local', COMPLETE, true, {
    finishedAt: new Date('2025-10-11T17:00:00Z'),
  });
  assert.equal(report.durationSeconds, 0);
});

test('the record has nothing that only a repair needs', async (t) => {
  const { record } = await publish(t, 'local', COMPLETE);
  assert.equal('bootId' in record || 'temporaryDirectory' in record, false);
});

async function publish(
  t: TestContext,
  mode: 'local' | 'oss' | 'both',
  findings: Partial<Findings>,
  keepsLocalFiles = true,
  outcome: Partial<Outcome> = {},
): Promise<{ report: Report; record: RunRecord; files: RunFiles }> {
  const layout = layoutOf(temporaryDirectory(t));
  await ensureLayout(layout);
  const files = filesOfRun(layout, RUN);
  const returned = await publishOutcome(
    { ...journalOf(RUN), mode },
    files,
    { ...noFindings(), ...findings },
    { status: 'SUCCESS', finishedAt: FINISHED, keepsLocalFiles, ...outcome },
  );
  const record = JSON.parse(readFileSync(files.record, 'utf8')) as RunRecord;
  assert.deepEqual(record, JSON.parse(JSON.stringify(returned)));
  return { report: JSON.parse(readFileSync(files.report, 'utf8')), record, files };
}
