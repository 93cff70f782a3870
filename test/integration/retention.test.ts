import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { ensureLayout } from '../../src/backup/open-run.ts';
import { layoutOf } from '../../src/files/layout.ts';
import type { RunRecord } from '../../src/report/record.ts';
import { addPastRun, artifactsOf } from '../backup/past-run.ts';
import { missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { type Installation, install } from './installation.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15');

/** What the old script and its users left below data/ over the years; none of it may go but the two runs named so. */
const EXPIRED = ['shop_20200101T000000Z_db01', 'shop_20200102T000000Z_db01'];
const NO_REPORT = 'shop_20200103T000000Z_db01';
const OTHER_DATABASE = 'shop_two_20200101T000000Z_db01';
const OTHER_SERVER = 'shop_20200104T000000Z_db02';
const BROKEN_REPORT = 'shop_20200105T000000Z_db01';
const WAITING = 'shop_20200106T000000Z_db01';
const KEPT = [NO_REPORT, OTHER_DATABASE, OTHER_SERVER, BROKEN_REPORT, WAITING];
const FOREIGN_FILES = [
  'notes.txt',
  'shop.dump',
  'shop_20200101T000000Z_db01.dump.gpg',
  'shop_20200101T000000Z_db01_fingerprint.json.gpg',
  'shop_latest_globals.sql',
  'shop_latest_fingerprint.json',
];

describe('retention', { skip, concurrency: 2 }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
    for (const database of ['shop', 'empty']) await server.createDatabase(database);
  });
  after(() => server.stop());

  test('removes, after a backup, what is expired and nothing else', async (t) => {
    const here = installWithPast(t);
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 0, stderr);
    const [, name = ''] = /started: (\S+)/.exec(here.log()) ?? [];
    const kept = [...KEPT.flatMap(filesOf), ...artifactsOf(name)];
    assert.deepEqual(here.files(), [...FOREIGN_FILES, ...kept].sort());
    for (const run of EXPIRED) assert.match(here.log(), new RegExp(`Removed ${run}: `));
    assert.match(here.log(), /unreadable files .* were passed over: shop_20200105T000000Z_db01\.json/);
  });

  test('takes the fingerprint of a run together with its other files', async (t) => {
    const here = install(t, server, 'shop');
    const layout = layoutOf(here.base);
    await ensureLayout(layout);
    const facts = { database: 'shop', host: server.host, port: server.port };
    const [newest, old] = [addPastRun(layout, 100, facts), addPastRun(layout, 200, facts)];
    assert.deepEqual(here.files(), [newest, old].flatMap(artifactsOf).sort());
    const { exitCode, stderr } = await here.run(['prune']);
    assert.equal(exitCode, 0, stderr);
    assert.deepEqual(here.files(), artifactsOf(newest).sort());
    assert.equal((await here.run(['backup'])).exitCode, 0);
    assert.deepEqual(here.files(), artifactsOf(here.newest().name).sort());
  });

  test('removes nothing after a backup that failed', async (t) => {
    const here = installWithPast(t);
    const files = here.files();
    assert.equal((await here.run(['backup'], { PGPASSWORD: 'wrong' })).exitCode, 5);
    assert.deepEqual(here.files(), files);
  });

  test('keeps the newest good run where nothing newer is one, whatever its age', async (t) => {
    const here = installWithPast(t);
    const { exitCode, stderr } = await here.run(['prune']);
    assert.equal(exitCode, 0, stderr);
    const [older = '', newest = ''] = EXPIRED;
    assert.deepEqual(here.files(), [...FOREIGN_FILES, ...[...KEPT, newest].flatMap(filesOf)].sort());
    assert.ok(!here.files().includes(`${older}.dump`));
  });

  test('shows with --dry-run what it would do, and does nothing', async (t) => {
    const here = installWithPast(t);
    const files = here.files();
    const { exitCode, stdout } = await here.run(['prune', '--dry-run']);
    assert.equal(exitCode, 0);
    const plan = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {2,}/));
    assert.deepEqual(
      plan.map(([action, run, , reason]) => [action, run, reason]),
      [
        ['keep', WAITING, 'waits for its upload'],
        ['keep', OTHER_SERVER, 'the newest good run'],
        ['keep', EXPIRED[1], 'the newest good run'],
        ['remove', EXPIRED[0], 'older than RETENTION_DAYS'],
      ],
    );
    assert.deepEqual(here.files(), files);
  });

  test('keeps by RETENTION_KEEP what is older, and says so in both languages', async (t) => {
    const here = installWithPast(t);
    const files = here.files();
    const keep = { RETENTION_KEEP: 'daily=2' };
    const { stdout } = await here.run(['prune', '--dry-run'], keep);
    assert.match(
      stdout,
      new RegExp(`^keep .* ${EXPIRED[0]} .* the newest of its day \\(RETENTION_KEEP\\)$`, 'm'),
    );
    const chinese = await here.run(['prune', '--dry-run'], { ...keep, BACKUP_LANG: 'zh' });
    assert.match(chinese.stdout, new RegExp(`^保留 .* ${EXPIRED[0]} .* 当日最新（RETENTION_KEEP）$`, 'm'));
    assert.equal((await here.run(['prune'], keep)).exitCode, 0);
    assert.deepEqual(here.files(), files);
  });

  test('has nothing to do where there are no backups', async (t) => {
    const here = install(t, server, 'empty');
    assert.equal((await here.run(['prune'])).exitCode, 0);
    const { exitCode, stdout } = await here.run(['prune', '--dry-run']);
    assert.deepEqual([exitCode, stdout], [0, 'No local backups yet.\n']);
  });

  function installWithPast(t: TestContext): Installation {
    const here = install(t, server, 'shop');
    for (const name of ['data', 'reports', 'records']) mkdirSync(join(here.base, name), { recursive: true });
    for (const name of FOREIGN_FILES) writeFileSync(join(here.data, name), 'not of any run');
    for (const run of [...EXPIRED, ...KEPT]) {
      for (const file of filesOf(run)) writeFileSync(join(here.data, file), 'old');
    }
    const port = String(server.port);
    for (const run of EXPIRED) writeOldReport(here, run, { port });
    writeOldReport(here, OTHER_DATABASE, { port, database: 'shop_two' });
    writeOldReport(here, OTHER_SERVER, { host: 'db02', port });
    writeFileSync(
      join(here.base, 'reports', `${BROKEN_REPORT}.json`),
      '{ "database": "shop", "errorMessage": "a "quote""',
    );
    writeOldReport(here, WAITING, { port, status: 'FAILED' });
    writeRecordOfWaiting(here);
    return here;
  }

  function writeRecordOfWaiting(here: Installation): void {
    const record: Partial<RunRecord> = {
      version: 1,
      run: WAITING,
      database: 'shop',
      host: '127.0.0.1',
      port: server.port,
      status: 'FAILED',
      proof: 'read',
      artifacts: [],
      awaitsUpload: true,
    };
    writeFileSync(join(here.base, 'records', `${WAITING}.json`), JSON.stringify(record));
  }
});

/** Of the old script, which took no fingerprint. */
function filesOf(run: string): string[] {
  return [`${run}.dump`, `${run}.dump.sha256`, `${run}_globals.sql`];
}

/** As the script wrote it: one empty url where nothing was uploaded. */
function writeOldReport(here: Installation, run: string, changes: Record<string, string>): void {
  const report = {
    database: 'shop',
    host: '127.0.0.1',
    startedAt: '2020-01-01T00:00:00Z',
    finishedAt: '2020-01-01T00:01:00Z',
    durationSeconds: 60,
    mode: 'local',
    tool: 'ossutil',
    status: 'SUCCESS',
    errorMessage: '',
    local: { file: join(here.data, `${run}.dump`), globalsFile: '', checksumSha256: '', sizeBytes: 3 },
    remote: { urls: [''] },
    ...changes,
  };
  writeFileSync(join(here.base, 'reports', `${run}.json`), JSON.stringify(report));
}
