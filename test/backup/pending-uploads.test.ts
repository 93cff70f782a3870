import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { BackupContext } from '../../src/backup/context.ts';
import { ensureLayout } from '../../src/backup/open-run.ts';
import { sendPendingUploads, sendWaitingRuns } from '../../src/backup/pending-uploads.ts';
import { createStages } from '../../src/backup/stages.ts';
import { PgBackupError } from '../../src/errors.ts';
import { filesOfRun, type Layout, layoutOf } from '../../src/files/layout.ts';
import type { RunRecord } from '../../src/report/record.ts';
import { openLocalStore } from '../../src/storage/local.ts';
import type { Store } from '../../src/storage/store.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { journalOf, leaveDeadRun } from './dead-run.ts';
import { addPastRun, artifactsOf, type PastRunFacts } from './past-run.ts';
import { type Logged, recordingContext } from './recording-context.ts';

// The store is a real one, of the local kind; what only a bucket can be asked is noted down.

const WAITING: PastRunFacts = {
  record: { awaitsUpload: true, mode: 'both', status: 'FAILED', proof: 'read' },
};

test('what waits is sent, oldest first, and its record says so', async (t) => {
  const place = await newPlace(t);
  const [newer, older] = [addPastRun(place.layout, 1, WAITING), addPastRun(place.layout, 2, WAITING)];
  addPastRun(place.layout, 3);
  addPastRun(place.layout, 4, { ...WAITING, database: 'other' });
  assert.deepEqual(await send(place), []);
  assert.deepEqual(
    readdirSync(place.directory).sort(),
    [...artifactsOf(older), ...artifactsOf(newer)].sort(),
  );
  assert.deepEqual(said(place, 'PENDING_UPLOADED'), [{ run: older }, { run: newer }]);
  for (const run of [older, newer]) {
    const { awaitsUpload, proof, remote, artifacts } = recordOf(place.layout, run);
    assert.deepEqual([awaitsUpload, proof, remote.length], [false, 'stored', 4]);
    assert.ok(artifacts.every(({ crc64 }) => crc64 !== undefined));
  }
});

test('a copy does not prove what was never read back', async (t) => {
  const place = await newPlace(t);
  const run = addPastRun(place.layout, 1, { record: { ...WAITING.record, proof: 'none' } });
  assert.deepEqual(await send(place), []);
  assert.equal(recordOf(place.layout, run).proof, 'none');
});

test('a record that cannot be used is told, and never taken for a confirmed upload', async (t) => {
  const place = await newPlace(t);
  const empty = addPastRun(place.layout, 1, { record: { ...WAITING.record, artifacts: [] } });
  const secret = join(place.layout.base, 'secret');
  writeFileSync(secret, '');
  const sha256 = createHash('sha256').update('').digest('hex');
  const outside = addPastRun(place.layout, 2, {
    record: { ...WAITING.record, artifacts: [{ name: '../secret', sizeBytes: 0, sha256 }] },
  });
  const broken = addPastRun(place.layout, 3);
  writeFileSync(filesOfRun(place.layout, broken).record, '{');
  const pruned = addPastRun(place.layout, 4, { local: false });
  writeFileSync(filesOfRun(place.layout, pruned).record, '{');
  assert.deepEqual(await send(place), [broken, outside, empty]);
  assert.equal(recordOf(place.layout, empty).awaitsUpload, true);
  assert.equal(said(place, 'PENDING_CHANGED').length, 3);
});

test('a waiting run that is marked as under way is left to its own process', async (t) => {
  const place = await newPlace(t);
  leaveDeadRun(place.layout, journalOf(addPastRun(place.layout, 1, WAITING)));
  assert.deepEqual(await send(place), []);
  assert.deepEqual(said(place, 'PENDING_UPLOADED'), []);
});

test('only uploads that nobody waits for are given up, whichever database they are of', async (t) => {
  const place = await newPlace(t);
  const sent = addPastRun(place.layout, 1, WAITING);
  const lost = addPastRun(place.layout, 2, WAITING);
  for (const name of artifactsOf(lost)) rmSync(join(place.layout.data, name));
  const other = addPastRun(place.layout, 3, { ...WAITING, database: 'other' });
  const running = addPastRun(place.layout, 4);
  leaveDeadRun(place.layout, journalOf(running));
  const done = addPastRun(place.layout, 5);
  const unreadable = addPastRun(place.layout, 6, { local: false });
  writeFileSync(filesOfRun(place.layout, unreadable).record, '{');
  const unknown = 'community_20200101T000000Z_h';
  const began = 'community_20200102T000000Z_h';
  const ended = 'community_20200103T000000Z_h';
  const answers = new Map<string, boolean>();
  const strangers: string[] = [];
  const store: Store = {
    ...place.store,
    async clearAbandoned({ isWaiting, isKnown }) {
      // What happens to runs after the others were looked at.
      mkdirSync(join(place.layout.running, began));
      writeFileSync(filesOfRun(place.layout, ended).record, '{}');
      for (const run of [sent, lost, other, running, unreadable, began, ended, done, unknown]) {
        answers.set(run, isWaiting(`${run}.dump`));
        if (!isKnown(`${run}.dump`)) strangers.push(run);
      }
      return [`${done}.dump`];
    },
  };
  assert.deepEqual(await send(place, store), [lost]);
  assert.deepEqual(
    [...answers].filter(([, isWaiting]) => !isWaiting).map(([run]) => run),
    [done, unknown],
  );
  assert.deepEqual(strangers, [began, ended, unknown]);
  assert.deepEqual(said(place, 'ABANDONED_REMAIN'), [{ count: 1, names: `${done}.dump` }]);
});

test('after a backup a fault of the disk is told and no failure', async (t) => {
  const place = await newPlace(t);
  writeFileSync(place.layout.uploads, 'no directory');
  const { context, layout, store } = place;
  await assert.rejects(send(place), { code: 'STORAGE_FAILED' });
  await sendPendingUploads(context, layout, store, createStages(context, []));
  assert.equal(said(place, 'OUTBOX_FAILED').length, 1);
  const signal = AbortSignal.abort(new PgBackupError('INTERRUPTED', { signal: 'SIGTERM' }));
  const stopped = { ...context, signal };
  await assert.rejects(sendPendingUploads(stopped, layout, store, createStages(stopped, [])), {
    code: 'INTERRUPTED',
  });
});

interface Place {
  readonly layout: Layout;
  /** Of the store. */
  readonly directory: string;
  readonly store: Store;
  readonly context: BackupContext;
  readonly logged: Logged[];
}

async function newPlace(t: TestContext): Promise<Place> {
  const layout = layoutOf(temporaryDirectory(t));
  await ensureLayout(layout);
  const directory = join(temporaryDirectory(t), 'store');
  return { layout, directory, store: openLocalStore(directory), ...recordingContext(layout.base) };
}

function send({ context, layout, store: usual }: Place, store = usual): Promise<string[]> {
  return sendWaitingRuns(context, layout, store, createStages(context, []));
}

function recordOf(layout: Layout, run: string): RunRecord {
  return JSON.parse(readFileSync(filesOfRun(layout, run).record, 'utf8')) as RunRecord;
}

function said({ logged }: Place, id: Logged['id']): Logged['parameters'][] {
  return logged.filter((entry) => entry.id === id).map(({ parameters }) => parameters);
}
