import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { acceptRun } from '../../src/backup/accept.ts';
import type { BackupContext } from '../../src/backup/context.ts';
import { isAccountedFor, readAllKnownRuns, readKnownRuns } from '../../src/backup/known-runs.ts';
import { databasesThatFailed } from '../../src/backup/last-runs.ts';
import { ensureLayout } from '../../src/backup/open-run.ts';
import { noFindings } from '../../src/backup/outcome.ts';
import { sendWaitingRuns } from '../../src/backup/pending-uploads.ts';
import { planLocalPrune } from '../../src/backup/prune-local.ts';
import { createStages } from '../../src/backup/stages.ts';
import { warnOfAnomalies } from '../../src/backup/warn-of-anomalies.ts';
import { filesOfRun, type Layout, layoutOf } from '../../src/files/layout.ts';
import type { FingerprintSummary, RunRecord } from '../../src/report/record.ts';
import { openLocalStore } from '../../src/storage/local.ts';
import type { Store } from '../../src/storage/store.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { journalOf } from './dead-run.ts';
import { addPastRun, artifactsOf } from './past-run.ts';
import { type Logged, recordingContext } from './recording-context.ts';

const STAGES: RunRecord['stages'] = [
  { name: 'dump', startedAt: '2025-10-11T18:00:00.000Z', durationSeconds: 1, outcome: 'done' },
];
const WARNING = { anomalies: [{ kind: 'size', found: 1, median: 900_000 }] } as const;
/** From now. */
const IN_TWO_YEARS = -730;

test('where one database is asked for, of the others nothing is read but their names', async (t) => {
  const { layout, context } = await newPlace(t);
  const own = addPastRun(layout, 1);
  const other = addPastRun(layout, 2, { database: 'other' });
  const broken = addPastRun(layout, 3, { database: 'other' });
  writeFileSync(filesOfRun(layout, broken).record, '{');
  writeFileSync(join(layout.records, 'whose.json'), '{');
  const known = await readKnownRuns(context);
  assert.deepEqual([...known.byName.keys()], [own]);
  assert.deepEqual(known.others, new Set([other, broken]));
  assert.deepEqual(known.unreadable, ['whose.json']);
  for (const run of [own, other, broken])
    for (const name of artifactsOf(run)) assert.ok(isAccountedFor(name, known), name);
  assert.ok(!isAccountedFor('other_20200101T000000Z_h.dump', known));

  const all = await readAllKnownRuns(context);
  assert.deepEqual([...all.byName.keys()].sort(), [own, other, broken].sort());
  assert.deepEqual(all.unreadable, [`${broken}.json`, 'whose.json']);
});

test('of a record nothing is kept that grows with the tables', async (t) => {
  const { layout, context } = await newPlace(t);
  const run = addPastRun(layout, 1, { record: { fingerprint: counted(5), stages: STAGES } });
  const { record } = (await readKnownRuns(context)).byName.get(run) ?? {};
  assert.equal(record?.run, run);
  assert.ok(record && !('fingerprint' in record) && !('stages' in record));
});

test('an upload and an acceptance write back the whole record, with what was written meanwhile', async (t) => {
  const { layout, context } = await newPlace(t);
  const fingerprint = counted(5);
  const record = { fingerprint, stages: STAGES, warning: WARNING, awaitsUpload: true, mode: 'both' } as const;
  const run = addPastRun(layout, 1, { record });
  const store = storeOf(t, () => acceptRun(context, run));
  assert.deepEqual(await send(context, layout, store), []);
  const after = recordOf(layout, run);
  assert.ok(after.warning?.acceptedAt);
  assert.equal(after.awaitsUpload, false);
  assert.equal(after.remote.length, 4);
  assert.deepEqual([after.fingerprint, after.stages], [fingerprint, STAGES]);
});

test('an upload that is given up meanwhile brings no record back', async (t) => {
  const { layout, context, logged } = await newPlace(t);
  const run = addPastRun(layout, 1, { record: { awaitsUpload: true, mode: 'both' } });
  const { record } = filesOfRun(layout, run);
  const store = storeOf(t, async () => rmSync(record));
  assert.deepEqual(await send(context, layout, store), [run]);
  assert.throws(() => readFileSync(record), { code: 'ENOENT' });
  assert.ok(logged.some(({ id }) => id === 'PENDING_CHANGED'));
});

test('a failure that a wrong clock dated in the future makes no later success a recovery', async (t) => {
  const { layout, context } = await newPlace(t);
  const failed = { record: { status: 'FAILED' }, report: { status: 'FAILED' } } as const;
  addPastRun(layout, 3, failed);
  addPastRun(layout, 1, { ...failed, host: 'elsewhere' });
  addPastRun(layout, 1, { ...failed, database: 'other' });
  const failures = () => databasesThatFailed(context, ['community', 'other', 'unknown']);
  assert.deepEqual(await failures(), new Set(['community', 'other']));
  addPastRun(layout, 2);
  addPastRun(layout, IN_TWO_YEARS, failed);
  assert.deepEqual(await failures(), new Set(['other']));
  // Its files were complete, and were sent later.
  addPastRun(layout, 0.5, { ...failed, record: { status: 'FAILED', proof: 'stored' } });
  assert.deepEqual(await failures(), new Set(['other']));
});

test('a warned run that a wrong clock dated in the future holds no retention, and is not the one to accept', async (t) => {
  const { layout, context } = await newPlace(t);
  const reasons = async () =>
    Object.fromEntries((await planLocalPrune(context)).map(({ run, reason }) => [run.name, reason]));
  const [newest, old] = [addPastRun(layout, 1), addPastRun(layout, 90)];
  const future = addPastRun(layout, IN_TWO_YEARS, { record: { warning: WARNING } });
  assert.deepEqual(await reasons(), {
    [future]: 'in-the-future',
    [newest]: 'newest-good',
    [old]: 'expired',
  });
  await assert.rejects(acceptRun(context, undefined), { code: 'NO_SUCH_RUN' });
  const warned = addPastRun(layout, 0.5, { record: { warning: WARNING } });
  assert.equal((await reasons())[old], 'held');
  await acceptRun(context, undefined);
  assert.equal((await reasons())[old], 'expired');
  assert.ok(recordOf(layout, warned).warning?.acceptedAt);
  await acceptRun(context, future);
});

test('a run is compared with the past, and not with what a wrong clock dated in the future', async (t) => {
  const { layout, context, logged } = await newPlace(t);
  const journal = journalOf('community_20251011T180000Z_h');
  for (const days of [1, 2, 3]) addPastRun(layout, days, { record: { fingerprint: counted(5000) } });
  for (const days of [1, 2, 3, 4, 5, 6, 7])
    addPastRun(layout, IN_TWO_YEARS - days, { record: { fingerprint: counted(5) } });
  await warnOfAnomalies(context, { journal, layout }, { ...noFindings(), fingerprint: counted(5) });
  assert.ok(logged.some(({ id }) => id === 'RUN_UNLIKE'));
});

async function newPlace(
  t: TestContext,
): Promise<{ layout: Layout; context: BackupContext; logged: Logged[] }> {
  const layout = layoutOf(temporaryDirectory(t));
  await ensureLayout(layout);
  return { layout, ...recordingContext(layout.base) };
}

/** A real store; `meanwhile` happens once, before the first object is there. */
function storeOf(t: TestContext, meanwhile: () => Promise<void>): Store {
  const store = openLocalStore(join(temporaryDirectory(t), 'store'));
  let isOver = false;
  return {
    ...store,
    async put(...parameters) {
      if (!isOver) await meanwhile();
      isOver = true;
      await store.put(...parameters);
    },
  };
}

function send(context: BackupContext, layout: Layout, store: Store): Promise<string[]> {
  return sendWaitingRuns(context, layout, store, createStages(context, []));
}

function recordOf(layout: Layout, run: string): RunRecord {
  return JSON.parse(readFileSync(filesOfRun(layout, run).record, 'utf8')) as RunRecord;
}

function counted(rows: number): FingerprintSummary {
  return {
    ...{ level: 'counts', status: 'complete', durationSeconds: 1, sequences: 0, largeObjects: 0 },
    ...{ rowsByTable: { 'public.item': rows }, rows, inventory: { table: 1 } },
  };
}
