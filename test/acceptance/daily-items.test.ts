import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { retentionItem, waitingItem, warningItem } from '../../src/acceptance/daily-items.ts';
import { gatherEvidence } from '../../src/acceptance/evidence.ts';
import { layoutOf } from '../../src/files/layout.ts';
import type { RunRecord } from '../../src/report/record.ts';

import { addPastRun, type PastRunFacts } from '../backup/past-run.ts';
import { recordingContext } from '../backup/recording-context.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

const UNLIKE = { anomalies: [{ kind: 'size', found: 1, median: 100 }] } as const;

test('a warning is open until somebody accepts it', async (t) => {
  const stateFor = async (warning: RunRecord['warning']) =>
    warningItem(await evidence(t, [2, {}], [1, { record: { ...ended(1), ...(warning && { warning }) } }]))
      .state;
  assert.equal(await stateFor(undefined), 'done');
  assert.equal(await stateFor(UNLIKE), 'open');
  assert.equal(await stateFor({ ...UNLIKE, acceptedAt: '2027-01-10T03:00:00.000Z' }), 'done');
  const one = await evidence(t, [1, { record: ended(1) }]);
  assert.equal(warningItem(one).state, 'not-applicable');
});

test('an upload that waits is open, in mode local too', async (t) => {
  const waits = await evidence(t, [1, { record: { ...ended(1), awaitsUpload: true } }]);
  assert.equal(waitingItem(waits).state, 'open');
  assert.equal(waitingItem(await evidence(t, [1, {}])).state, 'not-applicable');
});

test('what was too old when the newest run ended must be gone', async (t) => {
  const newest: Past = [1, { record: ended(1) }];
  assert.equal((await retentionItem(await evidence(t, [6, {}], newest))).state, 'done');
  // It became too old since, and the next run will remove it.
  assert.equal((await retentionItem(await evidence(t, [7.5, {}], newest))).state, 'done');
  assert.equal((await retentionItem(await evidence(t, [9, {}], newest))).state, 'open');
  const held = await retentionItem(
    await evidence(t, [9, {}], [1, { record: { ...ended(1), warning: UNLIKE } }]),
  );
  assert.deepEqual(held.remedies, ['pg-backup accept']);
});

type Past = readonly [ageDays: number, facts: PastRunFacts];

async function evidence(t: TestContext, ...runs: readonly Past[]) {
  const base = temporaryDirectory(t);
  const layout = layoutOf(base);
  for (const directory of [layout.data, layout.reports, layout.records]) mkdirSync(directory);
  for (const [ageDays, facts] of runs) addPastRun(layout, ageDays, facts);
  const { context } = recordingContext(base);
  return gatherEvidence(context, { findings: [], history: { context } });
}

function ended(ageDays: number): Partial<RunRecord> {
  return { finishedAt: new Date(Date.now() - ageDays * 24 * 60 * 60 * 1000).toISOString() };
}
