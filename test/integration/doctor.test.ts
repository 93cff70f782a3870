import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { ListedCheck } from '../../src/doctor/doctor.ts';
import { layoutOf } from '../../src/files/layout.ts';
import type { DrillRecord } from '../../src/report/drill-record.ts';
import { missing } from '../harness/parts.ts';
import { startPgbouncer } from '../harness/pgbouncer.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { type Env, type Installation, install } from './installation.ts';
import { type OssBucket, startOssBucket } from './oss-bucket.ts';
import { type CliResult, runInProcess } from './run-in-process.ts';

const skip = missing('postgres-server-15', 'postgres-client-15', 'ossutil');
const CANARY = `pass'word \\ canary`;

interface Answer {
  readonly version: number;
  readonly checks: readonly ListedCheck[];
}

describe('the doctor', { skip, concurrency: 2 }, () => {
  let server: PostgresServer;
  let bucket: OssBucket;
  before(async () => {
    server = await startPostgres();
    for (const name of ['shop', 'office', 'plain', 'warned', 'pooled']) {
      await server.createDatabase(name);
      await server.psql('CREATE TABLE item AS SELECT generate_series(1, 1000) AS id', { database: name });
    }
    await server.psql(`CREATE ROLE canary LOGIN SUPERUSER PASSWORD '${CANARY.replaceAll("'", "''")}'`);
    bucket = await startOssBucket({ accessKeyId: 'LTAI5tCanary', accessKeySecret: 'canary/of+the=bucket' });
  });
  after(async () => {
    await server.stop();
    await bucket.close();
  });

  test('of a new installation finds nothing to be mended, and changes nothing', async (t) => {
    const here = install(t, server, 'shop', bucket.settings('new'));
    const { exitCode, stdout, stderr } = await here.run(['doctor']);
    assert.equal(exitCode, 0, stdout + stderr);
    for (const heading of [
      'Programs',
      'Database \\(shop\\)',
      'Volume',
      'Bucket',
      'Restore and drill',
      'Schedule',
      'Backups so far \\(shop\\)',
    ]) {
      assert.match(stdout, new RegExp(`^${heading}$`, 'm'));
    }
    assert.match(stdout, /^! never drilled: .*\n {4}pg-backup drill$/m);
    assert.match(
      stdout,
      /^✓ next backup by the schedule 0 2 \* \* \*: \d{4}-\d\d-\d\d 02:00 \+00:00 \(UTC\)/m,
    );
    assert.doesNotMatch(stdout, /^✗/m);
    assert.deepEqual([here.files(), here.leftovers(), [...bucket.objects('new')]], [[], [], []]);
  });

  test('says the same as JSON, and nothing else there', async (t) => {
    const here = install(t, server, 'plain', bucket.settings('json'));
    await server.psql(`CREATE ROLE poor LOGIN PASSWORD 'secret of the poor'`);
    const env = { PG_USER: 'poor', PGPASSWORD: 'secret of the poor' };
    const [plain, json] = [
      await inProcess(here, ['doctor'], env),
      await inProcess(here, ['doctor', '--json'], env),
    ];
    assert.deepEqual([plain.exitCode, json.exitCode], [25, 25]);
    const { version, checks } = JSON.parse(json.stdout) as Answer;
    assert.equal(version, 1);
    const signs = { good: '✓', warning: '!', bad: '✗' };
    assert.deepEqual(
      checks.map(({ state }) => signs[state]),
      [...plain.stdout.matchAll(/^[✓!✗](?= )/gm)].map(([sign]) => sign),
    );
    for (const { state, remedy, id } of checks) assert.equal(remedy === undefined, state === 'good', id);
    assert.deepEqual(
      checks.filter(({ state }) => state === 'bad').map(({ id, database, remedy }) => [id, database, remedy]),
      [['rights', 'plain', 'GRANT SELECT ON public.item TO poor;']],
    );
    assert.match(json.stderr, /1 of \d+ checks failed/);
    const chinese = JSON.parse(
      (await inProcess(here, ['doctor', '--json'], { ...env, BACKUP_LANG: 'zh' })).stdout,
    ) as Answer;
    assert.deepEqual(
      chinese.checks.map(({ id, state }) => [id, state]),
      checks.map(({ id, state }) => [id, state]),
    );
    assert.ok(
      chinese.checks.every(({ text }) => /[\u4e00-\u9fff]|, /.test(text) || text.includes('，')),
      JSON.stringify(chinese.checks),
    );

    for (const { remedy } of checks.filter(({ id }) => id === 'rights'))
      await server.psql(remedy ?? '', { database: 'plain' });
    assert.equal((await inProcess(here, ['doctor'], env)).exitCode, 0);
  });

  test('without a connection still looks at the volume and the bucket', async (t) => {
    const here = install(t, server, 'shop', bucket.settings('unconnected'));
    for (const changes of [{ PG_PORT: '1' }, { PG_PORT: '1', PG_DATABASE: '', PG_DATABASES: '*' }]) {
      const { exitCode, stdout } = await inProcess(here, ['doctor', '--json'], changes);
      assert.equal(exitCode, 25);
      const { checks } = JSON.parse(stdout) as Answer;
      assert.deepEqual(checks.filter(({ state }) => state === 'bad').length, 1);
      const ids = checks.map(({ id }) => id);
      for (const id of ['base-directory', 'space', 'bucket-put', 'bucket-delete', 'schedule-backup'])
        assert.ok(ids.includes(id), id);
      for (const id of ['rights', 'tls', 'globals']) assert.ok(!ids.includes(id), id);
    }
  });

  test('looks at every database of every target, and tells which is meant', async (t) => {
    const here = install(t, server, 'shop');
    const targets = join(here.directory, 'targets');
    mkdirSync(targets);
    writeFileSync(join(targets, 'main.env'), `PG_DATABASE=\nPG_DATABASES='shop office'\n`);
    writeFileSync(join(targets, 'other.env'), 'PG_DATABASE=nowhere\n');
    const env = { PG_DATABASE: '', BACKUP_ENV_FILE: targets };
    const { exitCode, stdout } = await inProcess(here, ['doctor', '--json'], env);
    assert.equal(exitCode, 25);
    const { checks } = JSON.parse(stdout) as Answer;
    assert.deepEqual(
      checks
        .filter(({ id }) => id === 'connection')
        .map(({ target, database, state }) => [target, database, state]),
      [
        ['main', 'shop', 'good'],
        ['main', 'office', 'good'],
        ['other', 'nowhere', 'bad'],
      ],
    );
    assert.deepEqual(
      checks.filter(({ id }) => id === 'last-drill').map(({ remedy }) => remedy),
      [
        'pg-backup drill --target main --database shop',
        'pg-backup drill --target main --database office',
        'pg-backup drill --target other',
      ],
    );
    const one = await inProcess(here, ['doctor', '--target', 'main', '--database', 'office'], env);
    assert.equal(one.exitCode, 0, one.stdout);
    assert.match(one.stdout, /^Database \(main \/ office\)$/m);
    assert.doesNotMatch(one.stdout, /shop|nowhere/);
  });

  test('never tells a secret', async (t) => {
    const here = install(t, server, 'shop', {
      ...bucket.settings('secrets'),
      PG_USER: 'canary',
      PGPASSWORD: CANARY,
    });
    const recipients = { BACKUP_ENCRYPTION: 'age', BACKUP_ENCRYPTION_PASSPHRASE: 'canary of the files' };
    for (const changes of [
      recipients,
      { ...recipients, PG_PORT: '1', OSS_ENDPOINT: 'http://127.0.0.1:1' },
      { OSS_REGION: 'cn-beijing' },
    ]) {
      const { stdout, stderr } = await here.run(['doctor'], changes);
      assert.ok(stdout.length > 500);
      for (const secret of [CANARY, 'canary/of+the=bucket', 'canary of the files']) {
        assert.ok(!(stdout + stderr + here.log()).includes(secret));
      }
    }
    assert.deepEqual(here.leftovers(), []);
  });

  test('takes a secret out of what others say', async (t) => {
    const here = install(t, server, 'name of no database', {
      PG_PORT: '1',
      PGPASSWORD: 'name of no database',
    });
    const { stdout } = await inProcess(here, ['doctor', '--json']);
    const { checks } = JSON.parse(stdout) as Answer;
    assert.match(checks.find(({ id }) => id === 'connection')?.text ?? '', /database "\*\*\*" on/);
    assert.doesNotMatch((await inProcess(here, ['doctor'])).stdout, /name of no database/);
  });

  test('tells the newest backup and the newest drill', async (t) => {
    const here = install(t, server, 'office');
    assert.equal((await here.run(['backup'])).exitCode, 0);
    const { drills } = layoutOf(here.base);
    mkdirSync(drills, { recursive: true });
    const found = async (outcome: string, daysAgo: number) => {
      writeFileSync(join(drills, 'newest.json'), JSON.stringify(drillRecord(here, outcome, daysAgo)));
      const { exitCode, stdout } = await inProcess(here, ['doctor', '--json']);
      const { checks } = JSON.parse(stdout) as Answer;
      const drill = checks.find(({ id }) => id === 'last-drill');
      assert.equal(checks.find(({ id }) => id === 'last-backup')?.state, 'good');
      assert.match(checks.find(({ id }) => id === 'space')?.text ?? '', /by the last 1 good runs/);
      return [exitCode, drill?.state, drill?.remedy];
    };
    assert.deepEqual(await found('equal', 2), [0, 'good', undefined]);
    assert.deepEqual(await found('incomplete', 34), [0, 'good', undefined]);
    assert.deepEqual(await found('equal', 36), [0, 'warning', 'pg-backup drill']);
    assert.deepEqual(await found('different', 2), [25, 'bad', 'pg-backup drill']);
    assert.deepEqual(await found('failed', 2), [25, 'bad', 'pg-backup drill']);
  });

  test('names what is missing where nothing can be connected to', async (t) => {
    const here = install(t, server, 'shop', {
      ...bucket.settings('bare'),
      PG_BIN_DIR: temporaryDirectory(t),
    });
    const { exitCode, stdout } = await here.run(['doctor']);
    assert.equal(exitCode, 25);
    assert.match(
      stdout,
      /^✗ Missing command: pg_dump .*\n {4}Install it: apt-get install postgresql-client$/m,
    );
    assert.match(stdout, /^✓ an object can be put$/m);
    const unwritable = await here.run(['doctor'], { TMPDIR: '/proc' });
    assert.equal(unwritable.exitCode, 25);
    assert.match(unwritable.stdout, /^✗ .*\/proc/m);
    assert.match(unwritable.stdout, /^✓ BACKUP_BASE_DIR /m);
  });

  test('is heard in each run, where its checks cost next to nothing', async (t) => {
    const here = install(t, server, 'warned', { PG_HOST: '0.0.0.0' });
    assert.equal((await here.run(['backup'])).exitCode, 0);
    assert.match(
      here.log(),
      / WARN: the connection to 0\.0\.0\.0 is not encrypted.* To mend it: set PGSSLMODE=verify-full/,
    );
    const quiet = install(t, server, 'warned');
    assert.equal((await quiet.run(['backup'])).exitCode, 0);
    assert.doesNotMatch(quiet.log(), /not encrypted|pooler|standby/);
  });

  test('is heard in a run through a transaction pooler, which goes on', {
    skip: missing('pgbouncer'),
  }, async (t) => {
    const port = await startPgbouncer(t, server, { pool_mode: 'transaction' });
    const here = install(t, server, 'pooled', { PG_PORT: String(port) });
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 0, stderr);
    assert.match(here.log(), / WARN: a connection pooler in transaction mode .* To mend it: set PG_HOST/);
  });
});

/** Quicker, where no process has to end. */
function inProcess(here: Installation, args: string[], changes: Env = {}): Promise<CliResult> {
  return runInProcess(args, { ...here.env, ...changes });
}

function drillRecord(here: Installation, outcome: string, daysAgo: number): DrillRecord {
  const startedAt = new Date(Date.now() - daysAgo * 24 * 60 * 60 * 1000).toISOString();
  return {
    ...{
      version: 1,
      run: here.newest().name,
      database: here.newest().record.database,
      startedAt,
      finishedAt: startedAt,
    },
    ...{
      durationSeconds: 1,
      outcome: outcome as DrillRecord['outcome'],
      place: 'local',
      sizeBytes: 1,
      jobs: 1,
    },
    ...{
      runner: { hostname: 'h', version: '0' },
      phases: [],
      compared: null,
      differences: [],
      omissions: [],
    },
  };
}
