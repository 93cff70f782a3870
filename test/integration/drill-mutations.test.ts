import assert from 'node:assert/strict';
import { cpSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { RunRecord } from '../../src/report/record.ts';
import { artifactsOf } from '../backup/past-run.ts';
import { missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import {
  addBackups,
  assertNotEqual,
  type Backups,
  changeRecord,
  type DrillInstallation,
  differencesOf,
  forge,
  installDrills,
  makeBackups,
  proofOf,
  replaceArtifact,
  replaceBytes,
} from './drill-installation.ts';
import { runInProcess } from './run-in-process.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15');
const directory = temporaryDirectory();
const FLIPS = 12;

describe('a drill of a backup that was altered', { skip, concurrency: 2 }, () => {
  let server: PostgresServer;
  /** Two runs of one database, which changed in between. */
  let backups: Backups;
  /** One run whose rows stand in the dump as they are. */
  let plain: Backups;
  before(async () => {
    server = await startPostgres();
    await server.createDatabase('shop');
    const database = 'shop';
    await server.psql(`CREATE TABLE item AS SELECT 'row ' || i AS name FROM generate_series(1, 500) AS i`, {
      database,
    });
    backups = await makeBackups(directory, server, database, {});
    await server.psql(`UPDATE item SET name = upper(name) WHERE name = 'row 7'`, { database });
    const second = await makeBackups(directory, server, database, {});
    cpSync(second.base, backups.base, { recursive: true });
    backups = { base: backups.base, runs: [...backups.runs, ...second.runs] };
    plain = await makeBackups(directory, server, database, {
      ...{ BACKUP_FINGERPRINT: 'content', BACKUP_COMPRESS: '0' },
    });
  });
  after(() => server.stop());

  async function start(t: TestContext, some: Backups = backups): Promise<DrillInstallation> {
    const here = await installDrills(t, server, 'shop');
    addBackups(here, some);
    return here;
  }

  for (const [index, what] of ['dump', 'globals', 'fingerprint'].map(
    (kind, at) => [[0, 2, 3][at] ?? 0, kind] as const,
  )) {
    test(`finds any bit that was flipped in the ${what}, before anything is started`, async (t) => {
      const here = await start(t);
      const [, run = ''] = backups.runs;
      const path = join(here.data, artifactsOf(run)[index] ?? '');
      const good = readFileSync(path);
      await fc.assert(
        fc.asyncProperty(fc.nat(good.length - 1), fc.nat(7), async (position, bit) => {
          const bytes = Buffer.from(good);
          bytes[position] = (bytes[position] ?? 0) ^ (1 << bit);
          writeFileSync(path, bytes);
          await assertAltered(here, 'drill', run);
        }),
        { numRuns: FLIPS },
      );
    });
  }

  test('finds a dump that was cut short anywhere, or is empty, before anything is started', async (t) => {
    const here = await start(t);
    const [, run = ''] = backups.runs;
    const path = join(here.data, artifactsOf(run)[0]);
    const good = readFileSync(path);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: good.length - 1 }), async (length) => {
        writeFileSync(path, good);
        truncateSync(path, length);
        await assertAltered(here, 'drill', run);
      }),
      { numRuns: FLIPS },
    );
    truncateSync(path, 0);
    const { exitCode, stdout } = await runInProcess(['drill', run], here.env);
    assert.equal(exitCode, 2, stdout);
    assert.equal(proofOf(here, run), 'read');
  });

  for (const [what, ...swaps] of [
    ['the dumps', [0]],
    ['the dumps and their checksums', [0, 1]],
    ['the dumps and their fingerprints', [0, 3]],
    ['the fingerprints', [3]],
    ['all files', [0, 1, 2, 3]],
  ] as const) {
    for (const withRecords of [false, true]) {
      test(`finds that two runs have swapped ${what}${withRecords ? ' and records' : ''}`, async (t) => {
        const here = await start(t);
        const [first = '', second = ''] = backups.runs;
        for (const index of swaps.flat())
          swap(here.data, artifactsOf(first)[index], artifactsOf(second)[index]);
        if (withRecords) swapRecords(here.base, first, second);
        for (const run of [first, second]) await assertAltered(here, 'drill', run);
      });
    }
  }

  test('finds that two runs have swapped files where no record is left', async (t) => {
    const here = await start(t);
    const [first = '', second = ''] = backups.runs;
    for (const run of [first, second]) {
      rmSync(join(here.base, 'records', `${run}.json`));
      const report = join(here.base, 'reports', `${run}.json`);
      writeFileSync(
        report,
        readFileSync(report, 'utf8').replace(/"checksumSha256": "[^"]+"/, '"checksumSha256": ""'),
      );
    }
    for (const index of [0, 1]) swap(here.data, artifactsOf(first)[index], artifactsOf(second)[index]);
    for (const run of [first, second]) await assertAltered(here, 'drill', run);
    for (const index of [3]) swap(here.data, artifactsOf(first)[index], artifactsOf(second)[index]);
    for (const run of [first, second]) await assertAltered(here, 'drill', run);
  });

  for (const [what, change] of [
    ['an empty fingerprint', (path: string) => truncateSync(path, 0)],
    ['a fingerprint of nothing', (path: string) => writeFileSync(path, '{}')],
    ['a lost fingerprint', (path: string) => rmSync(path)],
    ['lost globals', (path: string) => rmSync(path.replace('_fingerprint.json', '_globals.sql'))],
  ] as const) {
    test(`finds ${what}`, async (t) => {
      const here = await start(t);
      const [, run = ''] = backups.runs;
      change(join(here.data, artifactsOf(run)[3]));
      await assertAltered(here, 'drill', run);
    });
  }

  test('finds a fingerprint of nothing, or of another run, though every checksum fits', async (t) => {
    const here = await start(t);
    const [first = '', second = ''] = backups.runs;
    const [, , , fingerprint] = artifactsOf(second);
    replaceArtifact(here.base, second, fingerprint, readFileSync(join(here.data, artifactsOf(first)[3])));
    await assertAltered(here, 'drill', second);
    replaceArtifact(here.base, second, fingerprint, '{}');
    await assertAltered(here, 'drill', second);
  });

  test('finds a row that was altered though every checksum fits', async (t) => {
    const here = await start(t, plain);
    const [run = ''] = plain.runs;
    forge(here.base, run, (bytes) => replaceBytes(bytes, 'row 123\n', 'row 321\n'));
    const result = await here.run(['drill']);
    const drill = assertNotEqual(here, result, { exitCode: 19, outcome: 'different' });
    assert.deepEqual(differencesOf(drill), ['content: table public.item']);
    assert.match(result.stdout, /≠ table public\.item: contents: "-?\d+" in the backup, "-?\d+" restored\n/);
    assert.equal(proofOf(here, run), 'read');
  });

  test('finds that rows were cut off though every checksum fits', async (t) => {
    const here = await start(t, plain);
    const [run = ''] = plain.runs;
    forge(here.base, run, (bytes) => bytes.subarray(0, bytes.indexOf('row 123\n')));
    const drill = assertNotEqual(here, await here.run(['drill']), { exitCode: 17, outcome: 'failed' });
    assert.equal(drill.error?.phase, 'restore');
    assert.match(drill.error?.message ?? '', /unexpected end of file|could not read from input file/);
    // What pg_restore shows of rows belongs into no record.
    assert.doesNotMatch(JSON.stringify(drill) + here.log(), /row \d/);
    assert.equal(proofOf(here, run), 'read');
  });
});

/** The drill ends before anything is started, and proves nothing. */
async function assertAltered(here: DrillInstallation, command: 'drill', run: string): Promise<void> {
  const { exitCode, stdout, stderr } = await runInProcess([command, run], here.env);
  assert.equal(exitCode, 14, stdout + stderr);
  const drill = here.newestDrill();
  assert.deepEqual(
    [drill.run, drill.outcome, drill.error?.code, drill.server],
    [run, 'failed', 'COPY_ALTERED', undefined],
  );
  assert.ok(!drill.phases.some(({ name }) => name === 'server'));
  assert.match(stdout, /result {4}NOT restored: /);
  assert.notEqual(proofOf(here, run), 'restored');
  assert.deepEqual(here.remains(), []);
}

function swap(data: string, first = '', second = ''): void {
  const between = join(data, '.between');
  renameSync(join(data, first), between);
  renameSync(join(data, second), join(data, first));
  renameSync(between, join(data, second));
}

/** Each gets what the other one's says of its files. */
function swapRecords(base: string, first: string, second: string): void {
  const read = (run: string): RunRecord =>
    JSON.parse(readFileSync(join(base, 'records', `${run}.json`), 'utf8')) as RunRecord;
  const [one, other] = [read(first), read(second)];
  changeRecord(base, first, () => ({ ...other, artifacts: renamed(other, second, first) }));
  changeRecord(base, second, () => ({ ...one, artifacts: renamed(one, first, second) }));
}

function renamed({ artifacts }: RunRecord, from: string, to: string): RunRecord['artifacts'] {
  return artifacts.map((artifact) => ({ ...artifact, name: artifact.name.replace(from, to) }));
}
