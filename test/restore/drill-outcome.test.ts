import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { layoutOf } from '../../src/files/layout.ts';
import type { Comparison, Difference, Omission, OmissionKind } from '../../src/fingerprint/compare.ts';
import { readDrillRecords, readRecord } from '../../src/report/directory.ts';
import { type Draft, publishDrill } from '../../src/restore/drill-outcome.ts';
import { expectedRestoreSeconds } from '../../src/restore/expected-duration.ts';
import { addPastRun } from '../backup/past-run.ts';
import { recordingContext } from '../backup/recording-context.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

const DIFFERENCE: Difference = { kind: 'rows', object: 'table public.item', expected: '1', found: '2' };

function comparison(differences: readonly Difference[], ...kinds: readonly OmissionKind[]): Comparison {
  const omissions: Omission[] = kinds.map((kind) => ({ kind, objects: [] }));
  const compared = {
    ...{ tables: 1, rows: 1, sequences: 0, largeObjects: 0, objects: 1 },
    ...{ contents: true, definitions: true, collation: true },
  };
  return { compared, differences, omissions };
}

/** A run with its record, and what publishes drills of it. */
function start(t: TestContext, scrub = (text: string) => text) {
  const layout = layoutOf(temporaryDirectory(t));
  for (const directory of [layout.data, layout.reports, layout.records]) mkdirSync(directory);
  const run = addPastRun(layout, 1);
  const { context } = recordingContext(layout.base, { scrub });
  const publish = (changes: Partial<Draft> = {}) => {
    const draft: Draft = {
      ...{
        run,
        database: 'community',
        startedAt: new Date(),
        phases: [],
        place: 'local',
        sizeBytes: 1000,
        isEncrypted: false,
        jobs: 1,
      },
      ...changes,
    };
    return publishDrill(context, draft);
  };
  const proof = async (): Promise<string | undefined> =>
    (await readRecord(join(layout.records, `${run}.json`)))?.proof;
  return { layout, context, run, publish, proof };
}

describe('what a drill comes to', () => {
  for (const [what, compared, outcome, proof] of [
    ['nothing differs, and nothing was left out', comparison([]), 'equal', 'restored'],
    ['something differs', comparison([DIFFERENCE]), 'different', 'read'],
    ['something differs beside what was left out', comparison([DIFFERENCE], 'rows'), 'different', 'read'],
    ['the backup leaves rows out', comparison([], 'rows', 'options'), 'incomplete', 'restored'],
    ['the backup leaves large objects out', comparison([], 'large objects'), 'incomplete', 'restored'],
    ['the fingerprint is partial', comparison([], 'partial'), 'incomplete', 'read'],
    [
      'the fingerprint is partial, and rows are left out',
      comparison([], 'rows', 'partial'),
      'incomplete',
      'read',
    ],
    ['owners were not compared', comparison([], 'owners'), 'incomplete', 'read'],
    ['rights were not compared', comparison([], 'grants'), 'incomplete', 'read'],
    ['there is no fingerprint', comparison([], 'no fingerprint'), 'incomplete', 'read'],
    ['it did not get so far', undefined, 'failed', 'read'],
  ] as const) {
    test(`where ${what}`, async (t) => {
      const here = start(t);
      const record = await here.publish(compared ? { comparison: compared } : {});
      assert.equal(record.outcome, outcome);
      assert.equal(await here.proof(), proof);
      const isCompared = compared !== undefined && compared.omissions[0]?.kind !== 'no fingerprint';
      assert.deepEqual(record.compared, isCompared ? compared.compared : null);
      const { entries, unreadable } = await readDrillRecords(here.layout.drills);
      assert.deepEqual([[...entries.values()], unreadable], [[record], []]);
    });
  }
});

test('a later drill that fails does not take the proof away', async (t) => {
  const here = start(t);
  await here.publish({ comparison: comparison([]) });
  await here.publish({ startedAt: new Date(Date.now() + 1) });
  assert.equal(await here.proof(), 'restored');
  assert.equal(readdirSync(here.layout.drills).length, 2);
});

test('a drill of a run that has no record here is recorded all the same', async (t) => {
  const here = start(t);
  const record = await here.publish({ run: 'community_20200101T000000Z_h', comparison: comparison([]) });
  assert.equal(record.outcome, 'equal');
  assert.deepEqual(readdirSync(here.layout.records), [`${here.run}.json`]);
});

test('secrets in what a server said are in no record', async (t) => {
  const here = start(t, (text) => text.replaceAll('hush', '***'));
  const differences = [{ ...DIFFERENCE, object: 'x hush', found: 'hush!' }];
  await here.publish({ comparison: comparison(differences) });
  const [name = ''] = readdirSync(here.layout.drills);
  assert.doesNotMatch(readFileSync(join(here.layout.drills, name), 'utf8'), /hush/);
});

describe('how long a restore will take', () => {
  test('is not known before the first drill, or by one that restored nothing', async (t) => {
    const { context, publish } = start(t);
    assert.equal(await expectedRestoreSeconds(context, 'community', 2000), undefined);
    await publish();
    assert.equal(await expectedRestoreSeconds(context, 'community', 2000), undefined);
  });

  test('is told by the newest drill of the same database, in proportion to the size', async (t) => {
    const { context, publish } = start(t);
    const at = (second: number): Date => new Date(Date.UTC(2026, 10, 25, 3, 0, second));
    await publish({ startedAt: at(1), recoverySeconds: 99, comparison: comparison([]) });
    await publish({ startedAt: at(3), recoverySeconds: 4, comparison: comparison([DIFFERENCE]) });
    await publish({ startedAt: at(2), recoverySeconds: 98, comparison: comparison([]) });
    await publish({ startedAt: at(4), recoverySeconds: 97, database: 'other', comparison: comparison([]) });
    await publish({ startedAt: at(5) });
    assert.equal(await expectedRestoreSeconds(context, 'community', 2500), 10);
  });
});

test('the record of a drill of an encrypted backup is for nobody else', async (t) => {
  for (const [isEncrypted, mode] of [
    [false, 0o644],
    [true, 0o600],
  ] as const) {
    const { layout, publish } = start(t);
    await publish({ isEncrypted });
    const [name = ''] = readdirSync(layout.drills);
    assert.equal(statSync(join(layout.drills, name)).mode & 0o777, mode);
  }
});
