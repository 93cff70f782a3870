import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ensureLayout } from '../../src/backup/open-run.ts';
import { planLocalPrune, pruneLocal } from '../../src/backup/prune-local.ts';
import { describeLocalPlan } from '../../src/backup/prune-plan.ts';
import { runName } from '../../src/backup/run-name.ts';
import { filesOfRun, type Layout, layoutOf } from '../../src/files/layout.ts';
import type { Report } from '../../src/report/report.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { REPORT_EXAMPLE } from '../report/report-example.ts';
import { journalOf, leaveDeadRun } from './dead-run.ts';
import { recordingContext } from './recording-context.ts';

const DAY = 24 * 60 * 60 * 1000;
const SUFFIXES = ['.dump', '.dump.sha256', '_globals.sql', '_fingerprint.json'];

test('old runs go with all of their files, the newest good run stays, and the history stays whole', async (t) => {
  const layout = await newLayout(t);
  const [newest, old] = [addRun(layout, 10), addRun(layout, 20)];
  const failed = addRun(layout, 9, { report: { status: 'FAILED' } });
  await pruneNow(layout);
  assert.deepEqual(readdirSync(layout.data).sort(), filesNamed(newest).sort());
  assert.deepEqual(
    readdirSync(layout.reports).sort(),
    [newest, old, failed].map((run) => `${run}.json`).sort(),
  );
});

test('files that are not ours stay: of nobody, of another database, hidden ones, directories and links', async (t) => {
  const layout = await newLayout(t);
  addRun(layout, 1);
  const old = runName({ database: 'community', startedAt: new Date(Date.now() - 99 * DAY), host: 'h' });
  const other = addRun(layout, 98, { database: 'other' });
  writeFileSync(join(layout.data, `${old}.dump`), 'without a report');
  writeFileSync(join(layout.data, 'notes.dump'), 'x');
  const link = addRun(layout, 97, { files: [] });
  symlinkSync('/etc/hostname', join(layout.data, `${link}.dump`));
  const directory = addRun(layout, 96, { files: [] });
  mkdirSync(join(layout.data, `${directory}.dump`));
  writeFileSync(join(layout.data, `.${addRun(layout, 95, { files: [] })}.dump.partial`), 'x');
  const before = readdirSync(layout.data);
  await pruneNow(layout);
  assert.deepEqual(readdirSync(layout.data), before);
  assert.ok(before.includes(`${other}.dump`));
});

test('a run that waits for its upload and one that is marked as under way stay', async (t) => {
  const layout = await newLayout(t);
  addRun(layout, 1);
  const waiting = addRun(layout, 30, { report: { status: 'FAILED' }, record: { awaitsUpload: true } });
  const running = addRun(layout, 31);
  leaveDeadRun(layout, journalOf(running));
  await pruneNow(layout);
  const left = readdirSync(layout.data);
  for (const run of [waiting, running])
    for (const name of filesNamed(run)) assert.ok(left.includes(name), name);
});

test('a run whose report says success but whose dump is gone or empty is not the good one that stays', async (t) => {
  const layout = await newLayout(t);
  const good = addRun(layout, 40);
  const withoutDump = addRun(layout, 1, { files: ['_globals.sql'] });
  const empty = addRun(layout, 2, { files: [] });
  writeFileSync(join(layout.data, `${empty}.dump`), '');
  const { context } = recordingContext(layout.base);
  const plan = await planLocalPrune(context);
  assert.deepEqual(
    plan.map(({ run, reason }) => `${run.name} ${reason}`),
    [`${withoutDump} recent`, `${empty} recent`, `${good} newest-good`],
  );
});

test('a link in place of the dump makes no good run', async (t) => {
  const layout = await newLayout(t);
  const good = addRun(layout, 40);
  const linked = addRun(layout, 30, { files: ['_globals.sql'] });
  symlinkSync('/etc/hostname', join(layout.data, `${linked}.dump`));
  const { context } = recordingContext(layout.base);
  assert.deepEqual(
    (await planLocalPrune(context)).map(({ run, reason }) => `${run.name} ${reason}`),
    [`${linked} expired`, `${good} newest-good`],
  );
});

test('a run whose dump has another size than its record, or its report, tells is not the good one that stays', async (t) => {
  const layout = await newLayout(t);
  const good = addRun(layout, 40);
  const recorded = addRun(layout, 20, { report: { local: { ...REPORT_EXAMPLE.local, sizeBytes: 1 } } });
  const artifacts = [{ name: `${recorded}.dump`, sizeBytes: 'data'.length, sha256: '' }];
  const facts = { host: REPORT_EXAMPLE.host, port: 5432, status: 'SUCCESS', awaitsUpload: false };
  writeFileSync(
    filesOfRun(layout, recorded).record,
    JSON.stringify({ version: 1, run: recorded, artifacts, remote: [], ...facts }),
  );
  const reported = addRun(layout, 30);
  for (const run of [recorded, reported]) writeFileSync(join(layout.data, `${run}.dump`), 'x');
  const { context } = recordingContext(layout.base);
  assert.deepEqual(
    (await planLocalPrune(context)).map(({ run, reason }) => `${run.name} ${reason}`),
    [`${recorded} expired`, `${reported} expired`, `${good} newest-good`],
  );
});

test('of a report that knows no size any dump is good', async (t) => {
  const layout = await newLayout(t);
  const good = addRun(layout, 40, { report: { local: { ...REPORT_EXAMPLE.local, sizeBytes: 0 } } });
  const { context } = recordingContext(layout.base);
  assert.deepEqual(
    (await planLocalPrune(context)).map(({ run, reason }) => `${run.name} ${reason}`),
    [`${good} newest-good`],
  );
});

test('RETENTION_KEEP keeps what is older than RETENTION_DAYS', async (t) => {
  const layout = await newLayout(t);
  const [newest, kept, old] = [addRun(layout, 10), addRun(layout, 20), addRun(layout, 30)];
  const { context } = recordingContext(layout.base);
  const settings = { ...context.settings, RETENTION_KEEP: 'last=2' };
  assert.deepEqual(
    (await planLocalPrune({ ...context, settings })).map(({ run, reason }) => `${run.name} ${reason}`),
    [`${newest} newest-good`, `${kept} keep-last`, `${old} expired`],
  );
});

test('an upload that was made good later makes a failed run a good one', async (t) => {
  const layout = await newLayout(t);
  const mended = addRun(layout, 30, { report: { status: 'FAILED' }, record: { proof: 'stored' } });
  const { context } = recordingContext(layout.base);
  assert.deepEqual(
    (await planLocalPrune(context)).map(({ run, reason }) => `${run.name} ${reason}`),
    [`${mended} newest-good`],
  );
});

test('reports of the old script count, and broken ones are told', async (t) => {
  const layout = await newLayout(t);
  addRun(layout, 1);
  const files = ['.dump', '.dump.sha256', '_globals.sql'];
  const old = addRun(layout, 50, { files, report: { remote: { urls: [''] } } });
  writeFileSync(join(layout.reports, 'broken.json'), '{');
  const logged = await pruneNow(layout);
  assert.ok(!readdirSync(layout.data).some((name) => name.startsWith(old)));
  assert.deepEqual(logged.find(({ id }) => id === 'REPORTS_UNREADABLE')?.parameters['files'], 'broken.json');
});

test('the plan for people says of each run whether it goes and why, in both languages', async (t) => {
  const layout = await newLayout(t);
  const [newest, old] = [addRun(layout, 10), addRun(layout, 20)];
  const { context } = recordingContext(layout.base);
  const plan = await planLocalPrune(context);
  assert.equal(
    describeLocalPlan(plan, 'en'),
    `keep    ${newest}  4 B  the newest good run\nremove  ${old}  4 B  older than RETENTION_DAYS\n`,
  );
  assert.match(describeLocalPlan(plan, 'zh'), /^保留/);
  assert.equal(describeLocalPlan([], 'en'), 'No local backups yet.\n');
  assert.equal(readdirSync(layout.data).length, 8, 'a plan removes nothing');
});

test('an interruption stops before the next run', async (t) => {
  const layout = await newLayout(t);
  for (const days of [1, 20, 30]) addRun(layout, days);
  const { context } = recordingContext(layout.base, { signal: AbortSignal.abort(new Error('stop')) });
  await assert.rejects(pruneLocal(context), /stop/);
  assert.equal(readdirSync(layout.data).length, 12);
});

async function newLayout(t: TestContext): Promise<Layout> {
  const layout = layoutOf(temporaryDirectory(t));
  await ensureLayout(layout);
  return layout;
}

/** Writes what a finished run leaves, by default a good one; returns its name. */
function addRun(
  layout: Layout,
  ageDays: number,
  facts: {
    database?: string;
    report?: Partial<Report>;
    record?: object;
    files?: readonly string[];
  } = {},
): string {
  const { database = 'community', report, record, files = SUFFIXES } = facts;
  const run = runName({ database, startedAt: new Date(Date.now() - ageDays * DAY), host: 'h' });
  for (const suffix of files) writeFileSync(join(layout.data, run + suffix), 'data');
  const paths = filesOfRun(layout, run);
  const local = { ...REPORT_EXAMPLE.local, sizeBytes: 'data'.length };
  writeFileSync(paths.report, JSON.stringify({ ...REPORT_EXAMPLE, database, local, ...report }));
  if (record) {
    const { host, port, status } = { ...REPORT_EXAMPLE, ...report };
    const facts = { version: 1, run, host, port: Number(port), status, artifacts: [], remote: [] };
    writeFileSync(paths.record, JSON.stringify({ ...facts, awaitsUpload: false, ...record }));
  }
  return run;
}

function filesNamed(run: string): string[] {
  return SUFFIXES.map((suffix) => run + suffix);
}

async function pruneNow(layout: Layout): Promise<ReturnType<typeof recordingContext>['logged']> {
  const { context, logged } = recordingContext(layout.base);
  await pruneLocal(context);
  return logged;
}
