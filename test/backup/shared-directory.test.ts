import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { acceptRun } from '../../src/backup/accept.ts';
import type { BackupContext } from '../../src/backup/context.ts';
import { findCopies } from '../../src/backup/copies.ts';
import { listBackups } from '../../src/backup/list-backups.ts';
import { ensureLayout } from '../../src/backup/open-run.ts';
import { readOwnDrills } from '../../src/backup/own-drills.ts';
import { clearAbandoned, sendWaitingRuns } from '../../src/backup/pending-uploads.ts';
import { pruneLocal } from '../../src/backup/prune-local.ts';
import { planRemotePrune, pruneRemote } from '../../src/backup/prune-remote.ts';
import { createStages } from '../../src/backup/stages.ts';
import { verifyCopies } from '../../src/backup/verify-copies.ts';
import { filesOfRun, type Layout, layoutOf } from '../../src/files/layout.ts';
import type { DrillOutcome } from '../../src/report/drill-record.ts';
import type { RunRecord } from '../../src/report/record.ts';
import { chooseRun } from '../../src/restore/choose-run.ts';
import { type Draft, publishDrill } from '../../src/restore/drill-outcome.ts';
import { didLastDrillFail } from '../../src/restore/tell-drills.ts';
import { openLocalStore } from '../../src/storage/local.ts';
import type { Store } from '../../src/storage/store.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { addPastRun, artifactsOf, type PastRunFacts } from './past-run.ts';
import { recordingContext } from './recording-context.ts';

// Two targets keep the backups of databases of one name, of two servers, in one directory: `db` is the one that acts.

const NEIGHBOUR = { host: 'db', port: 5433 };

test('retention of one target leaves the old files of the other', async (t) => {
  const place = await newPlace(t);
  const [newest, old] = [add(place, 2), add(place, 10)];
  const theirs = [add(place, 10.5, NEIGHBOUR), add(place, 20, NEIGHBOUR)];
  await pruneLocal(place.context);
  assert.deepEqual(
    readdirSync(place.layout.data).sort(),
    [newest, ...theirs].flatMap((run) => artifactsOf(run)).sort(),
  );
  assert.ok(!theirs.includes(old));
});

test('and its copies in the store, which count as others', async (t) => {
  const place = await newPlace(t);
  const newest = add(place, 2, { store: place.directory });
  add(place, 10, { store: place.directory });
  const theirs = [10.5, 20].map((days) => add(place, days, { ...NEIGHBOUR, store: place.directory }));
  assert.equal((await planRemotePrune(place.context, place.store)).others, 8);
  await pruneRemote(place.context, place.store);
  assert.deepEqual(
    readdirSync(place.directory).sort(),
    [newest, ...theirs].flatMap((run) => artifactsOf(run)).sort(),
  );
});

test('an upload of one target leaves what waits for the other, and what the other has yet to clear', async (t) => {
  const place = await newPlace(t);
  const waits = { awaitsUpload: true, mode: 'both', status: 'FAILED' } as const;
  const own = add(place, 2, { record: waits });
  const theirs = add(place, 3, { ...NEIGHBOUR, record: waits });
  const confirmed = { url: '', sizeBytes: 1, crc64: '', confirmedAt: '' };
  const sent = add(place, 4, { ...NEIGHBOUR, record: { mode: 'oss', remote: [confirmed] } });
  const remaining = await sendWaitingRuns(
    place.context,
    place.layout,
    place.store,
    createStages(place.context, []),
  );
  assert.deepEqual(remaining, []);
  assert.deepEqual(readdirSync(place.directory).sort(), [...artifactsOf(own)].sort());
  const record = JSON.parse(readFileSync(filesOfRun(place.layout, theirs).record, 'utf8')) as RunRecord;
  assert.equal(record.awaitsUpload, true);
  for (const name of artifactsOf(sent)) assert.ok(readdirSync(place.layout.data).includes(name), name);
});

test('an upload that the other target has left half-way is that one’s to give up', async (t) => {
  const place = await newPlace(t);
  const [own, theirs] = [add(place, 2), add(place, 3, NEIGHBOUR)];
  // As the old script leaves it.
  rmSync(filesOfRun(place.layout, theirs).record);
  const answers: boolean[][] = [];
  const store: Store = {
    ...place.store,
    async clearAbandoned({ isWaiting, isKnown }) {
      answers.push([own, theirs].map((run) => isWaiting(`${run}.dump`)));
      assert.ok(isKnown(`${own}.dump`) && !isKnown(`${theirs}.dump`));
      return [];
    },
  };
  await clearAbandoned(place.context, store);
  await sendWaitingRuns(place.context, place.layout, store, createStages(place.context, []));
  assert.deepEqual(answers, [
    [false, true],
    [false, true],
  ]);
});

test('what is listed, verified and chosen for a restore is of one target, and nothing of the other is foreign', async (t) => {
  const place = await newPlace(t);
  const own = add(place, 5, { store: place.directory });
  const theirs = [1, 2].map((days) => add(place, days, { ...NEIGHBOUR, store: place.directory }));
  const copies = await findCopies(place.context, place.store);
  assert.deepEqual(
    copies.runs.map(({ name }) => name),
    [own],
  );
  assert.deepEqual([copies.foreignFiles, copies.foreignObjects], [[], []]);
  assert.equal(chooseRun(copies.runs, { latest: true }, 'community').name, own);
  assert.throws(() => chooseRun(copies.runs, { run: theirs[0] }, 'community'), { code: 'NO_SUCH_RUN' });

  const local = withMode(place.context, 'local');
  let text = '';
  const write = (line: string): unknown => (text += line);
  await listBackups([local], { json: false, write });
  // What these files hold is no archive.
  const options = { run: undefined, all: true, remote: false, write };
  await assert.rejects(verifyCopies(local, options), { code: 'COPIES_DAMAGED' });
  assert.match(text, new RegExp(own));
  for (const run of theirs) assert.doesNotMatch(text, new RegExp(run));
  assert.doesNotMatch(text, /belong to no run/);

  const alone = { ...place.context, foreignSeries: new Set<string>() };
  assert.equal(
    (await findCopies(alone, place.store)).runs.length,
    3,
    'without another target they are all ours',
  );
});

test('a warning of the other target is not ours to accept', async (t) => {
  const place = await newPlace(t);
  const warning = { anomalies: [{ kind: 'size', found: 1, median: 9 }] } as const;
  const theirs = add(place, 1, { ...NEIGHBOUR, record: { warning } });
  await assert.rejects(acceptRun(place.context, undefined), { code: 'NO_SUCH_RUN' });
  await assert.rejects(acceptRun(place.context, theirs), { code: 'NO_SUCH_RUN' });
  const own = add(place, 2, { record: { warning } });
  await acceptRun(place.context, undefined);
  const record = JSON.parse(readFileSync(filesOfRun(place.layout, own).record, 'utf8')) as RunRecord;
  assert.ok(record.warning?.acceptedAt);
});

test('the last drill is that of an own run', async (t) => {
  const place = await newPlace(t);
  const [own, theirs] = [add(place, 2), add(place, 1, NEIGHBOUR)];
  await drilled(place, own, 'equal', 2);
  await drilled(place, theirs, 'failed', 1);
  assert.equal(await didLastDrillFail(place.context, 'community'), false);
  assert.deepEqual(
    (await readOwnDrills(place.context)).map(({ run }) => run),
    [own],
  );
  const alone = { ...place.context, foreignSeries: new Set<string>() };
  assert.equal(await didLastDrillFail(alone, 'community'), true);
});

interface Place {
  readonly layout: Layout;
  /** Of the store. */
  readonly directory: string;
  readonly store: Store;
  readonly context: BackupContext;
}

async function newPlace(t: TestContext): Promise<Place> {
  const layout = layoutOf(temporaryDirectory(t));
  await ensureLayout(layout);
  const directory = join(temporaryDirectory(t), 'store');
  const { context } = recordingContext(layout.base, { foreignSeries: new Set(['db:5433']) });
  const changes = { RETENTION_DAYS: 1, REMOTE_RETENTION_DAYS: 1, BACKUP_MODE: 'both' } as const;
  const settings = { ...context.settings, ...changes };
  return { layout, directory, store: openLocalStore(directory), context: { ...context, settings } };
}

function withMode(context: BackupContext, mode: 'local'): BackupContext {
  return { ...context, settings: { ...context.settings, BACKUP_MODE: mode } };
}

function add(place: Place, ageDays: number, facts: PastRunFacts = {}): string {
  return addPastRun(place.layout, ageDays, facts);
}

async function drilled(
  { context }: Place,
  run: string,
  outcome: Extract<DrillOutcome, 'equal' | 'failed'>,
  hoursAgo: number,
): Promise<void> {
  const compared = {
    ...{ tables: 1, rows: 1, sequences: 0, largeObjects: 0, objects: 1 },
    ...{ contents: true, definitions: true, collation: true },
  };
  const draft: Draft = {
    ...{ run, database: 'community', phases: [], place: 'local', sizeBytes: 1, isEncrypted: false, jobs: 1 },
    startedAt: new Date(Date.now() - hoursAgo * 3_600_000),
    ...(outcome === 'equal' ? { comparison: { compared, differences: [], omissions: [] } } : {}),
  };
  await publishDrill(context, draft);
}
