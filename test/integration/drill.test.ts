import assert from 'node:assert/strict';
import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseRunName } from '../../src/backup/run-name.ts';
import type { Fingerprint } from '../../src/fingerprint/fingerprint.ts';
import { artifactsOf } from '../backup/past-run.ts';
import { wrapClient } from '../harness/fake-bin.ts';
import { clientDirectories, missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import {
  addBackups,
  afterRestore,
  assertEqual,
  assertNotEqual,
  type Backups,
  differencesOf,
  installDrills,
  makeBackups,
  proofOf,
  replaceArtifact,
} from './drill-installation.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15');
const SHOP = `
  CREATE ROLE keeper LOGIN PASSWORD 'the verifier of this one is a secret';
  CREATE TABLE item AS SELECT i AS id, md5(i::text) AS name FROM generate_series(1, 1000) AS i;
  ALTER TABLE item OWNER TO keeper, ADD PRIMARY KEY (id);
  CREATE TABLE big AS SELECT i AS id FROM generate_series(1, 20) AS i;
  CREATE SEQUENCE counter; SELECT setval('counter', 42) \\gset
  SELECT lo_from_bytea(0, 'large') \\gset`;

const EXCLUSION = '--exclude-table-data=public.big';
const client15 = clientDirectories().get(15) ?? '';
const directory = temporaryDirectory();
/** What somebody else does to the restored database. */
const CHANGES = `
  DELETE FROM item WHERE id = 7; ALTER TABLE item DROP CONSTRAINT item_pkey, ALTER name SET DEFAULT ''; COMMENT ON TABLE item IS 'x';
  ALTER TABLE item OWNER TO CURRENT_USER; DROP TABLE big; CREATE TABLE more (); SELECT nextval('counter'), lo_create(0)`;

describe('a drill', { skip, concurrency: 2 }, () => {
  let server: PostgresServer;
  /** By their level. */
  let counts: Backups;
  let contents: Backups;
  let without: Backups;
  let excluding: Backups;
  let several: Backups;
  before(async () => {
    server = await startPostgres();
    await server.createDatabase('shop');
    await server.psql(SHOP, { database: 'shop' });
    counts = await makeBackups(directory, server, 'shop', {});
    contents = await makeBackups(directory, server, 'shop', { BACKUP_FINGERPRINT: 'content' });
    without = await makeBackups(directory, server, 'shop', { BACKUP_FINGERPRINT: 'off' });
    excluding = await makeBackups(directory, server, 'shop', { PG_DUMP_EXTRA_OPTS: EXCLUSION });
    several = await makeBackups(directory, server, 'shop', {}, {}, {}, {});
  });
  after(() => server.stop());

  test('that compares everything says so, records it, raises the proof, and leaves nothing', async (t) => {
    const here = await installDrills(t, server, 'shop');
    addBackups(here, contents);
    const [run = ''] = contents.runs;
    const result = await here.run(['drill']);
    assertEqual(here, result);
    const drill = here.newestDrill();
    const phases = drill.phases.map(({ name, outcome }) => [name, outcome]);
    const done = ['checksum', 'read', 'server', 'prepare', 'restore', 'compare', 'clear'];
    assert.deepEqual(
      phases,
      done.map((name) => [name, 'done']),
    );
    const sum = drill.phases.reduce((total, { durationSeconds }) => total + durationSeconds, 0);
    assert.ok(sum > 0 && sum <= drill.durationSeconds + 0.01, JSON.stringify(drill));
    const { recoverySeconds = Number.NaN, compared, sizeBytes, ...rest } = drill;
    assert.ok(recoverySeconds > 0 && recoverySeconds < drill.durationSeconds);
    assert.equal(sizeBytes, statSync(join(here.data, artifactsOf(run)[0])).size);
    const { objects, ...figures } = compared ?? { objects: 0 };
    assert.ok(objects > 5, String(objects));
    assert.deepEqual(figures, {
      ...{ tables: 2, rows: 1020, sequences: 1, largeObjects: 1 },
      ...{ contents: true, definitions: true, collation: true },
    });
    assert.deepEqual(
      [rest.version, rest.run, rest.database, rest.place, rest.server?.kind],
      [1, run, 'shop', 'local', 'embedded'],
    );
    assert.match(rest.server?.version ?? '', /^15\./);
    assert.match(rest.client?.version ?? '', /^15\./);
    assert.match(result.stdout, new RegExp(`^Drill of ${run}\n  checked .* sha256 of `));
    assert.match(
      result.stdout,
      /\n {2}restored {2}into a throw-away PostgreSQL 15\.\d+( \(.+\))?, -j \d+, in [\d.]+ s\n/,
    );
    assert.match(result.stdout, /\n {2}compared {2}2 tables with 1020 rows, 1 sequences, 1 large objects, /);
    assert.match(result.stdout, /\n {2}result {4}restored, and equal\n$/);
    assert.doesNotMatch(result.stdout, /not compared|≠/);

    const list = await here.run(['list', '--json']);
    assert.equal(JSON.parse(list.stdout)[0].proof, 'restored');
    assert.match((await here.run(['list'])).stdout, /restored/);
    const plan = await here.run(['restore', '--latest', '--plan', '--to', 'new']);
    assert.equal(plan.exitCode, 0, plan.stderr);
    assert.match(plan.stdout, /^ *will take +\d/m);
  });

  test('of a fingerprint of counts says what it did not compare', async (t) => {
    const here = await installDrills(t, server, 'shop');
    addBackups(here, counts);
    const result = await here.run(['drill']);
    assertEqual(here, result);
    assert.equal(here.newestDrill().compared?.contents, false);
    assert.match(
      result.stdout,
      /\n {4}not compared: the contents of the rows \(BACKUP_FINGERPRINT=content does\)\n/,
    );
    assert.match(result.stdout, /\n {2}result {4}restored; everything that was compared is equal\n$/);
    assert.doesNotMatch(result.stdout, /restored, and equal/);
  });

  test('names each thing that is not as it was', async (t) => {
    const here = await installDrills(t, server, 'shop', {
      PG_BIN_DIR: wrapClient(client15, { pg_restore: afterRestore(CHANGES) }, t),
    });
    addBackups(here, counts);
    const [run = ''] = counts.runs;
    const result = await here.run(['drill']);
    const drill = assertNotEqual(here, result, { exitCode: 19, outcome: 'different' });
    assert.deepEqual(differencesOf(drill).sort(), [
      'comment: table public.item',
      'definition: table public.item',
      'grants: table public.item',
      'large objects: large objects',
      'missing: index public.item_pkey',
      'missing: table constraint item_pkey on public.item',
      'missing: table public.big',
      'owner: table public.item',
      'rows: table public.item',
      'sequence: sequence public.counter',
      'unexpected: table public.more',
    ]);
    assert.match(result.stdout, /≠ table public\.item: rows: "1000" in the backup, "999" restored\n/);
    assert.match(result.stdout, /≠ table public\.big: missing\n/);
    assert.match(result.stderr, new RegExp(`\\[DRILL_DIFFERENT\\] .* in 11 places: ${run}: `));
    assert.equal(proofOf(here, run), 'read');
  });

  test('speaks Chinese', async (t) => {
    const here = await installDrills(t, server, 'shop', { BACKUP_LANG: 'zh' });
    addBackups(here, contents);
    const result = await here.run(['drill']);
    assertEqual(here, result);
    assert.match(result.stdout, /^演练 shop_/);
    assert.match(result.stdout, /\n {2}结果 {2}已恢复，且完全一致\n$/);
  });

  test('of a backup without a fingerprint compares nothing and proves nothing', async (t) => {
    const here = await installDrills(t, server, 'shop');
    addBackups(here, without);
    const [run = ''] = without.runs;
    const result = await here.run(['drill']);
    const { compared, omissions } = assertNotEqual(here, result, { exitCode: 18, outcome: 'incomplete' });
    assert.deepEqual([compared, omissions], [null, [{ kind: 'no fingerprint', objects: [] }]]);
    assert.match(result.stdout, /\? not compared: anything, because the backup has no fingerprint/);
    assert.match(result.stdout, /not everything was compared or is in the backup\n$/);
    assert.match(result.stderr, /\[DRILL_INCOMPLETE\]/);
    assert.equal(proofOf(here, run), 'read');
  });

  test('of a partial fingerprint names what was not compared, and proves nothing', async (t) => {
    const here = await installDrills(t, server, 'shop');
    addBackups(here, contents);
    const [run = ''] = contents.runs;
    const name = artifactsOf(run)[3];
    const fingerprint = JSON.parse(readFileSync(join(here.data, name), 'utf8')) as Fingerprint;
    const { tables, ...rest } = fingerprint;
    const partial: Fingerprint = {
      ...rest,
      ...{ status: 'partial', reason: 'time' },
      tables: (tables ?? []).map((table) =>
        table.name === 'big' ? { schema: table.schema, name: table.name, state: 'notReached' } : table,
      ),
    };
    replaceArtifact(here.base, run, name, JSON.stringify(partial));
    const result = await here.run(['drill']);
    const { compared, omissions } = assertNotEqual(here, result, { exitCode: 18, outcome: 'incomplete' });
    assert.equal(compared?.tables, 1);
    assert.deepEqual(omissions, [{ kind: 'partial', objects: ['public.big'] }]);
    assert.match(result.stdout, /\? not compared, because the fingerprint is partial: public\.big\n/);
    assert.equal(proofOf(here, run), 'read');
  });

  test('of a dump that leaves rows out names them, and proves the rest', async (t) => {
    const here = await installDrills(t, server, 'shop');
    addBackups(here, excluding);
    const [run = ''] = excluding.runs;
    const result = await here.run(['drill']);
    const { omissions } = assertNotEqual(here, result, { exitCode: 18, outcome: 'incomplete' });
    assert.deepEqual(omissions, [
      { kind: 'rows', objects: ['public.big'] },
      { kind: 'options', objects: [EXCLUSION] },
    ]);
    assert.match(result.stdout, /≠ NOT in the backup, by PG_DUMP_EXTRA_OPTS: the rows of public\.big\n/);
    // The backup restores to all that it says to hold.
    assert.equal(proofOf(here, run), 'restored');
  });

  test('of several backups goes on after damaged ones, and the exit code tells', async (t) => {
    const here = await installDrills(t, server, 'shop');
    addBackups(here, several);
    const [oldest = '', damaged = '', unknown = '', newest = ''] = several.runs;
    truncateSync(join(here.data, `${damaged}.dump`), 1000);
    // Nothing tells any more what it must be.
    for (const path of [`data/${unknown}.dump.sha256`, `records/${unknown}.json`])
      rmSync(join(here.base, path));
    const report = join(here.base, 'reports', `${unknown}.json`);
    writeFileSync(
      report,
      readFileSync(report, 'utf8').replace(/"checksumSha256": "[^"]+"/, '"checksumSha256": ""'),
    );
    const result = await here.run(['drill', '--all-since', '2020-01-01']);
    assert.equal(result.exitCode, 14, result.stderr);
    assert.deepEqual(
      here.drills().map(({ run, outcome, error }) => [run, outcome, error?.code]),
      [
        [oldest, 'equal', undefined],
        [damaged, 'failed', 'COPY_ALTERED'],
        [unknown, 'failed', 'COPY_ALTERED'],
        [newest, 'equal', undefined],
      ],
    );
    assert.deepEqual(
      [oldest, damaged, unknown, newest].map((run) => proofOf(here, run)),
      ['restored', 'read', undefined, 'restored'],
    );
    assert.match(result.stdout, new RegExp(`Drill of ${damaged}\n {2}result {4}NOT restored: .*sha256`));
    assert.match(result.stderr, /\[COPY_ALTERED\]/);
    assert.deepEqual(here.remains(), []);

    assertEqual(here, await here.run(['drill', '--at', startOf(oldest)]));
    assert.equal(here.newestDrill().run, oldest);
    assertEqual(here, await here.run(['drill', newest]));
    assert.equal(here.newestDrill().run, newest);
    const since = await here.run(['drill', '--all-since', startOf(newest)]);
    assertEqual(here, since);
    assert.deepEqual(
      [...since.stdout.matchAll(/^Drill of (.*)$/gm)].map(([, run]) => run),
      [newest],
    );
    for (const [args, exitCode] of [
      [['drill', 'shop_20200101T000000Z_x'], 2],
      [['drill', '--all-since', '2100-01-01'], 2],
      [['drill', '--at', 'yesterday'], 2],
      [['drill', newest, '--all-since', '2020-01-01'], 2],
    ] as const)
      assert.equal((await here.run([...args])).exitCode, exitCode, args.join(' '));
  });
});

function startOf(run: string): string {
  return parseRunName(run)?.startedAt.toISOString() ?? '';
}
