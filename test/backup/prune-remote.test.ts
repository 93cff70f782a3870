import assert from 'node:assert/strict';
import { readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { BackupContext, DatabaseSettings } from '../../src/backup/context.ts';
import { ensureLayout } from '../../src/backup/open-run.ts';
import { prune } from '../../src/backup/prune.ts';
import { describeRemotePlan } from '../../src/backup/prune-plan.ts';
import { planRemotePrune, pruneRemote } from '../../src/backup/prune-remote.ts';
import { PgBackupError } from '../../src/errors.ts';
import { type Layout, layoutOf } from '../../src/files/layout.ts';
import { openLocalStore } from '../../src/storage/local.ts';
import type { Store } from '../../src/storage/store.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { journalOf, leaveDeadRun } from './dead-run.ts';
import { addPastRun, artifactsOf } from './past-run.ts';
import { type Logged, recordingContext } from './recording-context.ts';

// The store is a real one, of the local kind; where a test needs an answer that only a bucket gives, that one answer is made up.

test('expired copies go, the newest good one stays, and so does all that is here', async (t) => {
  const place = await newPlace(t);
  const [newest, old] = [add(place, 10), add(place, 20)];
  const here = readdirSync(place.layout.data);
  await pruneRemote(place.context, place.store);
  assert.deepEqual(objects(place), artifactsOf(newest).sort());
  assert.deepEqual(readdirSync(place.layout.data), here);
  assert.deepEqual(said(place, 'REMOTE_REMOVED'), [{ run: old, reason: 'expired' }]);
  assert.deepEqual(said(place, 'REMOTE_RETENTION_DONE'), [{ kept: 1, removed: 1, others: 0 }]);
});

test('nothing goes, and nothing is asked, where REMOTE_RETENTION_DAYS is not set', async (t) => {
  const place = await newPlace(t, { REMOTE_RETENTION_DAYS: undefined });
  add(place, 20);
  const store: Store = {
    ...place.store,
    list: () => {
      throw new Error('nobody may ask');
    },
  };
  await pruneRemote(place.context, store);
  assert.deepEqual(await planRemotePrune(place.context, store), { decisions: [], others: 0 });
});

test('a copy counts as good only while it is there, whole; a dump of another size is not ours and stays', async (t) => {
  const place = await newPlace(t);
  const [cut, gone, good, old] = [add(place, 8), add(place, 9), add(place, 10), add(place, 11)];
  truncateSync(join(place.directory, `${cut}.dump`), 3);
  rmSync(join(place.directory, `${gone}.dump`));
  await pruneRemote(place.context, place.store);
  assert.deepEqual(objects(place), [...artifactsOf(good), `${cut}.dump`].sort());
  assert.deepEqual(
    said(place, 'REMOTE_REMOVED')
      .map(({ run }) => run)
      .sort(),
    [old, gone, cut].sort(),
  );
});

test('rules keep copies beyond the days', async (t) => {
  const place = await newPlace(t, { REMOTE_RETENTION_KEEP: 'last=2' });
  const kept = [add(place, 10), add(place, 20)];
  add(place, 30);
  await pruneRemote(place.context, place.store);
  assert.deepEqual(objects(place), kept.flatMap(artifactsOf).sort());
});

test('what no record of ours vouches for stays and is counted', async (t) => {
  const place = await newPlace(t);
  const newest = add(place, 1);
  const unrecorded = add(place, 40);
  rmSync(join(place.layout.records, `${unrecorded}.json`));
  const unreadable = add(place, 41);
  writeFileSync(join(place.layout.records, `${unreadable}.json`), '{');
  const moved = add(place, 42, { record: { remote: [{ ...REMOTE, url: '/elsewhere/x.dump' }] } });
  const other = add(place, 43, { database: 'other' });
  const left = [unrecorded, unreadable, moved, other].flatMap(artifactsOf);
  const old = add(place, 44);
  for (const name of ['notes.txt', `${old}.dump.gpg`]) {
    writeFileSync(join(place.directory, name), 'not yours');
    left.push(name);
  }
  await pruneRemote(place.context, place.store);
  assert.deepEqual(objects(place), [...artifactsOf(newest), ...left].sort());
  assert.deepEqual(said(place, 'REMOTE_RETENTION_DONE'), [{ kept: 1, removed: 1, others: 18 }]);
});

test('copies of a run that waits, is under way or is dated in the future stay', async (t) => {
  const place = await newPlace(t);
  add(place, 1);
  add(place, 30, { record: { awaitsUpload: true } });
  leaveDeadRun(place.layout, journalOf(add(place, 31)));
  add(place, -1);
  const before = objects(place);
  await pruneRemote(place.context, place.store);
  assert.deepEqual(objects(place), before);
});

test('each server keeps its newest good copy', async (t) => {
  const place = await newPlace(t);
  add(place, 1);
  const kept = add(place, 50, { host: 'old' });
  add(place, 60, { host: 'old' });
  await pruneRemote(place.context, place.store);
  assert.equal(objects(place).length, 8);
  assert.ok(objects(place).includes(`${kept}.dump`));
});

test('the dump goes last, and what a cut removal left goes the next time', async (t) => {
  const place = await newPlace(t);
  add(place, 1);
  const old = add(place, 20);
  const [dump, checksum, globals, fingerprint] = artifactsOf(old);
  const asked: string[] = [];
  const cut: Store = {
    ...place.store,
    remove: async (name, signal) => {
      asked.push(name);
      if (name === dump) throw broken();
      return place.store.remove(name, signal);
    },
  };
  await assert.rejects(pruneRemote(place.context, cut), { code: 'RETENTION_FAILED' });
  assert.deepEqual(asked, [checksum, fingerprint, globals, dump]);
  await pruneRemote(place.context, place.store);
  assert.equal(objects(place).length, 4);
});

test('a listing that breaks off removes nothing', async (t) => {
  const place = await newPlace(t);
  for (const days of [1, 20, 30]) add(place, days);
  const before = objects(place);
  const store: Store = {
    ...place.store,
    async *list(signal) {
      for await (const object of place.store.list(signal)) {
        yield object;
        if (objects(place).indexOf(object.name) === 5) throw broken();
      }
    },
  };
  await assert.rejects(pruneRemote(place.context, store), (error) => {
    return error instanceof PgBackupError && /the store is down/.test(String(error.parameters['detail']));
  });
  assert.deepEqual(objects(place), before);
});

test('what the bucket protects is told and is no failure', async (t) => {
  const place = await newPlace(t);
  const [, immutable, versioned] = [add(place, 1), add(place, 20), add(place, 30)];
  const asked: string[] = [];
  const store: Store = {
    ...place.store,
    remove: async (name) => {
      asked.push(name);
      return name.startsWith(immutable) ? 'immutable' : 'versioned';
    },
  };
  await pruneRemote(place.context, store);
  assert.deepEqual(said(place, 'REMOTE_IMMUTABLE'), [{ count: 1 }]);
  assert.deepEqual(said(place, 'REMOTE_VERSIONED'), [{ count: 1 }]);
  assert.deepEqual(
    said(place, 'REMOTE_REMOVED').map(({ run }) => run),
    [versioned],
  );
  assert.equal(asked.filter((name) => name.startsWith(immutable)).length, 1, 'once refused is enough');
  assert.deepEqual(said(place, 'REMOTE_RETENTION_DONE'), [{ kept: 2, removed: 1, others: 0 }]);
});

test('a fault with one run does not keep the others from going', async (t) => {
  const place = await newPlace(t);
  const [newest, fast] = [add(place, 1), add(place, 20)];
  add(place, 30);
  const store: Store = {
    ...place.store,
    remove: async (name, signal) => {
      if (name.startsWith(fast)) throw broken();
      return place.store.remove(name, signal);
    },
  };
  await assert.rejects(pruneRemote(place.context, store), {
    code: 'RETENTION_FAILED',
    message: /the store is down/,
  });
  assert.deepEqual(objects(place), [...artifactsOf(fast), ...artifactsOf(newest)].sort());
});

test('an interruption stops before the next run, and is told as such', async (t) => {
  const place = await newPlace(t);
  for (const days of [1, 20, 30]) add(place, days);
  const interruption = new AbortController();
  const store: Store = {
    ...place.store,
    remove: async () => {
      interruption.abort(new PgBackupError('INTERRUPTED', { signal: 'SIGTERM' }));
      throw broken();
    },
  };
  const context = { ...place.context, signal: interruption.signal };
  await assert.rejects(pruneRemote(context, store), { code: 'INTERRUPTED' });
  assert.equal(objects(place).length, 12);
});

test('after a backup both places have their turn, though one fails', async (t) => {
  const place = await newPlace(t);
  const newest = add(place, 1);
  const old = add(place, 20);
  const failing: Store = {
    ...place.store,
    list: () => {
      throw broken();
    },
  };
  await assert.rejects(prune(place.context, failing), {
    code: 'RETENTION_FAILED',
    message: /the store is down/,
  });
  assert.deepEqual(readdirSync(place.layout.data).sort(), artifactsOf(newest).sort());
  assert.ok(objects(place).includes(`${old}.dump`));
  await prune(place.context, place.store);
  assert.deepEqual(objects(place), artifactsOf(newest).sort());
});

test('what keeps the local side from its turn is told, and the remote side has its own', async (t) => {
  const place = await newPlace(t);
  const newest = add(place, 1);
  add(place, 20);
  rmSync(place.layout.data, { recursive: true });
  writeFileSync(place.layout.data, '');
  await assert.rejects(prune(place.context, place.store), { code: 'STORAGE_FAILED' });
  assert.deepEqual(objects(place), artifactsOf(newest).sort());
});

test('the plan for people names the setting, and counts what it does not judge', async (t) => {
  const place = await newPlace(t, { REMOTE_RETENTION_KEEP: 'monthly=2' });
  const [newest, kept, old] = [add(place, 8), add(place, 60), add(place, 400)];
  writeFileSync(join(place.directory, 'notes.txt'), '');
  const plan = await planRemotePrune(place.context, place.store);
  const lines = describeRemotePlan(plan, 'en').trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => line.split(/ {2,}/)),
    [
      ['keep', newest, '67 B', 'the newest good run'],
      ['keep', kept, '67 B', 'the newest of its month (REMOTE_RETENTION_KEEP)'],
      ['remove', old, '67 B', 'older than REMOTE_RETENTION_DAYS'],
      ['1 other objects are left alone.'],
    ].map((line) => line.map((cell) => (cell === '67 B' ? `${`the dump of ${newest}`.length} B` : cell))),
  );
  assert.match(describeRemotePlan(plan, 'zh'), /当月最新（REMOTE_RETENTION_KEEP）/);
  assert.equal(describeRemotePlan({ decisions: [], others: 0 }, 'en'), 'No remote copies of ours yet.\n');
});

const REMOTE = { url: '', sizeBytes: 1, crc64: '', confirmedAt: '' };

interface Place {
  readonly layout: Layout;
  /** Of the store. */
  readonly directory: string;
  readonly store: Store;
  readonly context: BackupContext;
  readonly logged: Logged[];
}

async function newPlace(t: TestContext, changes: Partial<DatabaseSettings> = {}): Promise<Place> {
  const layout = layoutOf(temporaryDirectory(t));
  await ensureLayout(layout);
  const directory = join(temporaryDirectory(t), 'store');
  const { context, logged } = recordingContext(layout.base);
  const settings = {
    ...context.settings,
    BACKUP_MODE: 'both',
    REMOTE_RETENTION_DAYS: 7,
    ...changes,
  } as const;
  return { layout, directory, store: openLocalStore(directory), context: { ...context, settings }, logged };
}

function add(place: Place, ageDays: number, facts: Parameters<typeof addPastRun>[2] = {}): string {
  return addPastRun(place.layout, ageDays, { store: place.directory, ...facts });
}

function objects({ directory }: Place): string[] {
  return readdirSync(directory).sort();
}

function said({ logged }: Place, id: Logged['id']): Logged['parameters'][] {
  return logged.filter((entry) => entry.id === id).map(({ parameters }) => parameters);
}

function broken(): PgBackupError {
  return new PgBackupError('STORE_FAILED', { object: 'x', detail: 'the store is down', remedy: '' });
}
