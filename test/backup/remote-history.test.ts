import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { KnownRun, KnownRuns } from '../../src/backup/known-runs.ts';
import { groupObjects } from '../../src/backup/remote-history.ts';
import type { RunRecord } from '../../src/report/record.ts';
import type { ListedObject } from '../../src/storage/store.ts';
import { artifactsOf } from './past-run.ts';

const RUN = 'community_20251011T180000Z_db01';
const OTHER = 'other_20251011T180000Z_db01';
const DUMP = `${RUN}.dump`;

test('a run is good while its dump is listed with the size that was recorded and confirmed', () => {
  assert.deepEqual(summary(artifactsOf(RUN).map((name) => listed(name, 9))), {
    runs: [`${RUN} good 9: ${artifactsOf(RUN).join(' ')}`],
    ...{ unrecorded: [], foreign: [], others: 0 },
  });
  assert.match(summary([listed(`${RUN}_globals.sql`, 9)]).runs[0] ?? '', / bad /);
});

test('an object of another size than was confirmed was put there since, and is not ours', () => {
  assert.deepEqual(summary([listed(DUMP, 8), listed(`${RUN}_globals.sql`, 9)]), {
    runs: [`${RUN} bad 0: ${RUN}_globals.sql`],
    ...{ unrecorded: [RUN], foreign: [DUMP], others: 1 },
  });
  const { runs, foreign } = summary([listed(DUMP, 9)], knowing(run({ remote: [remote(DUMP, 8)] })));
  assert.deepEqual({ runs, foreign }, { runs: [], foreign: [DUMP] });
});

test('a record that knows the dump with another size, or never confirmed it, makes no good run', () => {
  const recorded = knowing(run({ artifacts: [{ name: DUMP, sizeBytes: 8, sha256: '' }] }));
  assert.match(summary([listed(DUMP, 9)], recorded).runs[0] ?? '', / bad /);
  const unconfirmed = knowing(run({ remote: [remote(`${RUN}_globals.sql`, 9)] }));
  assert.deepEqual(summary([listed(DUMP, 9)], unconfirmed).foreign, [DUMP]);
});

test('objects that no record vouches for at this address are not ours, whatever their name', () => {
  const elsewhere = { ...remote(DUMP, 9), url: `other-bucket/${DUMP}` };
  for (const known of [
    knowing(),
    knowing(run({ remote: [elsewhere] })),
    knowing({ ...run(), record: undefined }),
  ]) {
    const { runs, unrecorded, foreign } = summary([listed(DUMP, 9)], known);
    assert.deepEqual({ runs, unrecorded, foreign }, { runs: [], unrecorded: [RUN], foreign: [DUMP] });
  }
});

test('runs of other databases are neither judged nor foreign', () => {
  const other = run({ remote: [remote(`${OTHER}.dump`, 9)] }, OTHER);
  assert.deepEqual(summary([listed(`${OTHER}.dump`, 9)], knowing(other)), {
    ...{ runs: [], unrecorded: [], foreign: [], others: 1 },
  });
});

test('a run that waits and one that is under way are not foreign', () => {
  const waiting = knowing(run({ awaitsUpload: true, remote: [] }));
  assert.match(summary([listed(DUMP, 4)], waiting).runs[0] ?? '', / bad /);
  assert.deepEqual(summary([listed(`${DUMP}.gpg`, 4)], waiting).foreign, [`${DUMP}.gpg`]);
  const running = { ...knowing(), running: new Set([RUN]) };
  assert.deepEqual(summary([listed(DUMP, 4)], running), {
    ...{ runs: [], unrecorded: [], foreign: [], others: 1 },
  });
});

test('other names beside our objects are not ours', () => {
  for (const name of [
    'notes.txt',
    `${DUMP}.gpg`,
    `${RUN}_fingerprint.json.gpg`,
    `${RUN}_fingerprint.json.bak`,
    `${RUN}.dump.bak`,
    `${RUN}/`,
    '.hidden',
    'shop.dump',
    '../x.dump',
  ]) {
    assert.deepEqual(summary([listed(name, 9)]).foreign, [name]);
    assert.deepEqual(summary([listed(name, 9)]).runs, []);
  }
});

test('whatever is listed, only objects that a record of the database names come into a run', () => {
  const name = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.constantFrom(...artifactsOf(RUN), `${OTHER}.dump`, `${DUMP}.age`, `${RUN}_fingerprint.json.age`),
  );
  fc.assert(
    fc.property(fc.uniqueArray(name), fc.nat(20), (names, sizeBytes) => {
      const history = groupObjects(
        names.map((one) => listed(one, sizeBytes)),
        knowing(run()),
        'community',
        urlOf,
      );
      const judged = history.runs.flatMap(({ objects }) => objects.map((object) => object.name));
      for (const one of judged) assert.ok(artifactsOf(RUN).includes(one), one);
      assert.equal(judged.length + history.others, names.length);
    }),
  );
});

function run(record: Partial<RunRecord> = {}, name = RUN): KnownRun {
  const names = artifactsOf(name);
  const whole = {
    artifacts: names.map((one) => ({ name: one, sizeBytes: 9, sha256: '' })),
    remote: names.map((one) => remote(one, 9)),
    awaitsUpload: false,
    ...record,
  } as RunRecord;
  return {
    ...{
      name,
      database: name.replace(/_.*/, ''),
      startedAt: new Date(0),
      series: 'db:5432',
      status: 'SUCCESS',
    },
    ...{
      report: undefined,
      record: whole,
      isProven: true,
      awaitsUpload: whole.awaitsUpload,
      isRunning: false,
    },
    artifactNames: names,
  };
}

function knowing(...runs: KnownRun[]): KnownRuns {
  return {
    byName: new Map(runs.map((one) => [one.name, one])),
    running: new Set(),
    others: new Set(),
    foreign: new Set(),
    unreadable: [],
  };
}

function remote(name: string, sizeBytes: number) {
  return { url: urlOf(name), sizeBytes, crc64: '', confirmedAt: '' };
}

function listed(name: string, sizeBytes: number): ListedObject {
  return { name, sizeBytes, modifiedAt: new Date(0) };
}

function urlOf(name: string): string {
  return `bucket/${name}`;
}

function summary(objects: ListedObject[], known = knowing(run())) {
  const { runs, unrecorded, foreign, others } = groupObjects(objects, known, 'community', urlOf);
  return {
    runs: runs.map(
      ({ name, isGood, sizeBytes, objects: own }) =>
        `${name} ${isGood ? 'good' : 'bad'} ${sizeBytes}: ${own.map((object) => object.name).join(' ')}`,
    ),
    unrecorded: unrecorded.map(({ name }) => name),
    foreign,
    others,
  };
}
