import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import type { ListedBackup } from '../../src/backup/list-backups.ts';
import { clientDirectories, missing, ossutilPath, projectDirectory } from '../harness/parts.ts';
import { startPgBackup } from '../harness/pg-backup.ts';
import { freePort, type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { reachableDirectory, reachableServerPrograms } from '../harness/server-programs.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { type Env, lifetime } from '../integration/installation.ts';
import { type OssServer, startOssServer } from '../oss-server/server.ts';
import { BUCKET } from './documented.ts';
import { blocksOf, FENCES, pageText } from './pages.ts';

const PAGE = 'docs/from-the-host-script.md';
const skip = missing('postgres-server-15', 'postgres-client-15', 'ossutil');
const KEY = { accessKeyId: 'LTAI5tHostScript', accessKeySecret: 'host/script+secret=' };
const runFile = promisify(execFile);

test('both languages give the same commands', () => {
  for (const fence of FENCES)
    assert.deepEqual(blocksOf('docs/from-the-host-script.zh-CN.md', fence), blocksOf(PAGE, fence));
});

test('the password goes out of the unit file, and nothing else', async (t) => {
  const unit = join(temporaryDirectory(t), 'db-backup.service');
  const others = '[Service]\nEnvironment=BACKUP_ENV_FILE=/etc/db-backup.env\nUser=backup\n';
  writeFileSync(
    unit,
    others.replace('User', 'Environment=PGPASSWORD=old secret\nEnvironment="PGPASSWORD=older"\nUser'),
  );
  const [command = ''] = /^sed -i \S+ .*(?= && systemctl)/m.exec(pageText(PAGE)) ?? [];
  await runFile('bash', ['-euc', command.replace('/etc/systemd/system/db-backup.service', unit)]);
  assert.equal(readFileSync(unit, 'utf8'), others);
});

test('the env file, the reports and the dumps of the host script go on', { skip }, async (t) => {
  const here = await hostScript(t);
  const [look = '', begin = '', restore = '', ...others] = blocksOf(PAGE, 'sh');
  assert.deepEqual(others, []);
  const names = [here.recent, here.old];

  const { stdout: looked } = await here.shell(look);
  assert.match(looked, /^BACKUP_UPLOAD_TOOL +ossutil .*db-backup\.env:\d+$/m);
  assert.match(looked, /^PG_DUMP_EXTRA_OPTS +.*large_audit_table.* .*db-backup\.env:\d+$/m);
  for (const name of names) assert.match(looked, new RegExp(`^${name} .* local\\+remote +SUCCESS +-`, 'm'));

  const server = await here.serve();
  const { data: latest } = await server('latest');
  assert.deepEqual(
    [latest?.['finishedAt'], latest?.['localFile'], latest?.['remoteUrls']],
    [
      here.finishedAt,
      join(here.data, `${here.recent}.dump`),
      [`oss://${BUCKET}/postgres/backups/${here.recent}.dump`],
    ],
  );
  const listed = await server('list');
  assert.deepEqual(
    [listed.data?.['total'], statuses(listed.data)],
    [3, ['SUCCESS', 'FAILED', 'SUCCESS']],
    'a report that is no JSON, and one that was cut, are passed over',
  );
  const failed = await server('list?status=FAILED');
  assert.match(JSON.stringify(failed.data), /"total":1,/);
  assert.match(JSON.stringify(failed.data), /"remoteUrls":null/);

  await here.shell(restore.replaceAll('<run>', here.recent));
  assert.equal(
    await here.postgres.psql('SELECT count(*) FROM notes', { database: 'community_restored' }),
    '100',
  );

  const drilled = await here.shell(`pg-backup drill ${here.recent}`, { mayFail: true });
  assert.equal(drilled.exitCode, 18, drilled.stdout);

  const { exitCode, stdout } = await here.shell(begin, { mayFail: true });
  assert.equal(exitCode, 26, stdout);
  assert.match(stdout, /^\[x\] A backup came to its end: community_/m);
  assert.match(stdout, /^\[x\] Its copy is in the store, of the right size/m);
  assert.match(stdout, /^\[x\] A drill restored a backup/m);
  const all = JSON.parse((await here.shell('pg-backup list --json')).stdout) as ListedBackup[];
  assert.deepEqual(
    all.map(({ run, proof, local, remote }) => [run, proof, local, remote]),
    [
      [all[0]?.run, 'restored', true, true],
      [here.recent, null, true, true],
      // It was older than RETENTION_DAYS.
      [here.old, null, false, true],
    ],
  );
  assert.ok(readdirSync(join(here.base, 'reports')).includes(`${here.old}.json`));
  const after = await server('list');
  assert.deepEqual([after.data?.['total'], statuses(after.data)[0]], [4, 'SUCCESS']);
  assert.deepEqual(
    here.oss
      .objects(BUCKET)
      .map(({ key }) => key)
      .filter((key) => key.includes(here.old)),
    [`postgres/backups/${here.old}.dump`],
    'what the script has sent stays',
  );
});

/** A machine as the script leaves it: the handbook's env file, dumps, reports of all kinds, and its password in the crontab. */
async function hostScript(t: TestContext) {
  const directory = temporaryDirectory(t);
  const postgres = await startPostgres();
  t.after(() => postgres.stop());
  await postgres.createDatabase('community');
  await postgres.psql(
    'CREATE TABLE notes AS SELECT generate_series(1, 100) AS id; CREATE TABLE large_audit_table AS SELECT 1 AS id',
    { database: 'community' },
  );
  const oss = await startOssServer({
    ...{
      dataDirectory: join(directory, 'oss'),
      region: 'cn-hangzhou',
      credentials: [KEY],
      buckets: [BUCKET],
    },
  });
  t.after(() => oss.close());
  const base = join(directory, 'db-backups');
  const data = join(base, 'data');
  const logs = join(directory, 'log');
  for (const path of [data, join(base, 'reports'), logs]) mkdirSync(path, { recursive: true });
  const envFile = join(directory, 'db-backup.env');
  writeFileSync(envFile, envFileOf({ postgres, oss, base, logs }), { mode: 0o600 });

  const day = 24 * 60 * 60 * 1000;
  const recent = await leaveRun({ postgres, oss, base, startedAt: new Date(Date.now() - day) });
  const old = await leaveRun({ postgres, oss, base, startedAt: new Date(Date.now() - 30 * day) });
  leaveFailures(base, postgres, new Date(Date.now() - 2 * day));
  writeFileSync(join(logs, 'cron.log'), '[INFO] backup finished\n');

  const bin = join(directory, 'bin');
  mkdirSync(bin);
  symlinkSync(join(projectDirectory, 'bin/pg-backup.js'), join(bin, 'pg-backup'));
  const environment: Env = {
    PATH: [
      bin,
      dirname(process.execPath),
      clientDirectories().get(15),
      dirname(ossutilPath() ?? ''),
      process.env['PATH'],
    ].join(delimiter),
    HOME: directory,
    BACKUP_ENV_FILE: envFile,
    // As the crontab gives it.
    PGPASSWORD: postgres.password,
    PGPORT: String(postgres.port),
    // Real endpoints name it.
    OSS_REGION: 'cn-hangzhou',
    DRILL_PG_BIN_DIR: (await reachableServerPrograms(postgres.major)).directory,
    DRILL_DIRECTORY: reachableDirectory(t),
  };
  return {
    ...{ postgres, oss, base, data, recent: recent.name, old: old.name, finishedAt: recent.finishedAt },
    async shell(block: string, { mayFail = false } = {}) {
      const script = block.replaceAll('/etc/db-backup.env', envFile);
      const ended = await runFile('bash', [mayFail ? '-u' : '-eu', '-o', 'pipefail', '-c', script], {
        ...{ env: environment, cwd: directory, signal: lifetime(t) },
      }).catch((error: { code: number; stdout: string; stderr: string }) => error);
      const exitCode = 'code' in ended ? ended.code : 0;
      if (!mayFail) assert.equal(exitCode, 0, ended.stdout + ended.stderr);
      return { exitCode, stdout: ended.stdout };
    },
    async serve() {
      const port = await freePort();
      const env = { BACKUP_ENV_FILE: envFile, BACKUP_SCHEDULE: '0 2 * * *' };
      const program = startPgBackup(['serve', '--host', '127.0.0.1', '--port', String(port)], {
        env,
        signal: lifetime(t),
      });
      t.after(async () => {
        program.kill('SIGTERM');
        await program.finished;
      });
      await program.waitForOutput(/SERVING/);
      return async (route: string) => {
        const answer = await fetch(`http://127.0.0.1:${port}/api/admin/backup/${route}`);
        return (await answer.json()) as { code: number; data?: Record<string, unknown> };
      };
    },
  };
}

/** The handbook, section 4, as people write it for a shell. */
function envFileOf({
  postgres,
  oss,
  base,
  logs,
}: {
  postgres: PostgresServer;
  oss: OssServer;
  base: string;
  logs: string;
}): string {
  return `# /etc/db-backup.env
PG_HOST=${postgres.host}
PG_PORT=${postgres.port}
PG_DATABASE=community
PG_USER=${postgres.user}
# PGPASSWORD is injected by cron

export BACKUP_MODE="both"
BACKUP_BASE_DIR='${base}'
BACKUP_LOG_DIR=${logs}
RETENTION_DAYS=7
INCLUDE_GLOBALS=true
PG_DUMP_EXTRA_OPTS="--exclude-table-data=large_audit_table"
BACKUP_UPLOAD_TOOL=ossutil\r
OSS_BUCKET=${BUCKET}
OSS_PREFIX=postgres/backups
OSS_ENDPOINT=${oss.endpoint}
OSS_ACCESS_KEY_ID=${KEY.accessKeyId}
OSS_ACCESS_KEY_SECRET=${KEY.accessKeySecret}
RCLONE_REMOTE=oss
RCLONE_PATH=postgres/backups
`;
}

/** What one successful run of the script leaves: readable by all, the path in the checksum absolute. */
async function leaveRun(here: { postgres: PostgresServer; oss: OssServer; base: string; startedAt: Date }) {
  const { postgres, base, startedAt } = here;
  const name = `community_${stamp(startedAt)}_db01`;
  const dump = join(base, 'data', `${name}.dump`);
  const globals = join(base, 'data', `${name}_globals.sql`);
  const clients = clientDirectories().get(15) ?? '';
  const connection = ['-h', postgres.host, '-p', String(postgres.port), '-U', postgres.user];
  const env = { PGPASSWORD: postgres.password };
  await runFile(join(clients, 'pg_dump'), [...connection, '-d', 'community', '-Fc', '-Z', '9', '-f', dump], {
    env,
  });
  await runFile(join(clients, 'pg_dumpall'), [...connection, '--globals-only', '-f', globals], { env });
  const content = readFileSync(dump);
  const sha256 = createHash('sha256').update(content).digest('hex');
  writeFileSync(`${dump}.sha256`, `${sha256}  ${dump}\n`);
  await send(here.oss, `postgres/backups/${name}.dump`, content);
  const finishedAt = utc(new Date(startedAt.getTime() + 312_000));
  writeReport(base, name, {
    ...reportOf(postgres, startedAt, finishedAt),
    status: 'SUCCESS',
    errorMessage: '',
    local: { file: dump, globalsFile: globals, checksumSha256: sha256, sizeBytes: content.length },
    remote: { urls: [`oss://${BUCKET}/postgres/backups/${name}.dump`] },
  });
  return { name, finishedAt };
}

/** A failure as it is reported, one whose message broke the JSON, and one that a full disk cut short. */
function leaveFailures(base: string, postgres: PostgresServer, startedAt: Date): void {
  const failed = (minutes: number) => new Date(startedAt.getTime() + minutes * 60_000);
  const report = {
    ...reportOf(postgres, startedAt, utc(failed(1))),
    status: 'FAILED',
    errorMessage: 'pg_dump failed',
    local: { file: '', globalsFile: '', checksumSha256: '', sizeBytes: 0 },
    remote: { urls: [''] },
  };
  const nameOf = (time: Date): string => `community_${stamp(time)}_db01`;
  writeReport(base, nameOf(startedAt), report);
  const text = JSON.stringify(report, undefined, 2);
  const pathOf = (time: Date): string => join(base, 'reports', `${nameOf(time)}.json`);
  writeFileSync(
    pathOf(failed(10)),
    text.replace('pg_dump failed', 'FATAL: database "community" does not exist'),
  );
  writeFileSync(pathOf(failed(20)), text.slice(0, 120));
}

function reportOf(postgres: PostgresServer, startedAt: Date, finishedAt: string) {
  return {
    ...{
      database: 'community',
      host: postgres.host,
      port: String(postgres.port),
      startedAt: utc(startedAt),
      finishedAt,
    },
    durationSeconds: (Date.parse(finishedAt) - Date.parse(utc(startedAt))) / 1000,
    ...{ mode: 'both', tool: 'ossutil' },
  };
}

function writeReport(base: string, name: string, report: object): void {
  writeFileSync(join(base, 'reports', `${name}.json`), `${JSON.stringify(report, undefined, 2)}\n`);
}

async function send(oss: OssServer, key: string, content: Buffer): Promise<void> {
  const { default: OSS } = await import('ali-oss');
  const client = new OSS({
    ...{ ...KEY, bucket: BUCKET, endpoint: oss.endpoint, region: 'oss-cn-hangzhou', authorizationV4: true },
  });
  await client.put(key, content);
}

function statuses(data: Record<string, unknown> | undefined): string[] {
  const records = (data?.['records'] ?? []) as { status: string }[];
  return records.map(({ status }) => status);
}

function utc(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

function stamp(time: Date): string {
  return utc(time).replaceAll(/[-:]/g, '');
}
