import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { byHand } from './client-program.ts';
import { install } from './installation.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15');

describe('the command line', { skip, concurrency: 2 }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
    for (const database of ['shop', 'logged']) await server.createDatabase(database);
    await server.psql(
      `CREATE TABLE item AS SELECT 'kept' AS text; CREATE TABLE large_audit_table AS SELECT 'left out' AS text;`,
      { database: 'shop' },
    );
  });
  after(() => server.stop());

  test('config shows what is in force, whence it came, and no secret', async (t) => {
    const here = install(t, server, 'from the environment', { BACKUP_MODE: 'both', RETENTION_DAYS: '9' });
    const envFile = join(here.directory, 'backup.env');
    const secretFile = join(here.directory, 'secret');
    writeFileSync(secretFile, 'the-secret\n');
    writeFileSync(
      envFile,
      `# as for the script
export PG_DATABASE='from the file'
OSS_BUCKET=your-oss-bucket
OSS_ENDPOINT="oss-cn-hangzhou.aliyuncs.com"
OSS_ACCESS_KEY_ID=the-key-id
OSS_ACCESS_KEY_SECRET_FILE=${secretFile}
`,
    );
    const { exitCode, stdout } = await here.run(['config'], { BACKUP_ENV_FILE: envFile });
    assert.equal(exitCode, 0);
    const rows = new Map(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => {
          const [name = '', value = '', source = ''] = line.split(/ {2,}/);
          return [name, [value, source]];
        }),
    );
    assert.deepEqual(rows.get('PG_DATABASE'), ['from the file', `${envFile}:2`]);
    assert.deepEqual(rows.get('RETENTION_DAYS'), ['9', 'environment']);
    assert.deepEqual(rows.get('INCLUDE_GLOBALS'), ['true', 'default']);
    assert.deepEqual(rows.get('PGPASSWORD'), ['***', 'environment']);
    assert.deepEqual(rows.get('OSS_ACCESS_KEY_ID'), ['***', `${envFile}:5`]);
    assert.deepEqual(rows.get('OSS_ACCESS_KEY_SECRET'), ['***', `file ${secretFile}`]);
    assert.deepEqual(rows.get('OSS_PREFIX'), ['-', 'not set']);
    assert.doesNotMatch(stdout, new RegExp(`the-secret|the-key-id|${server.password}`));
    assert.ok(!existsSync(here.base) && !existsSync(here.logs));
  });

  test('says all that is wrong with the settings at once, and changes nothing', async (t) => {
    const here = install(t, server, '', {
      BACKUP_MODE: 'booth',
      RETENTION_DAYS: 'a week',
      PG_HOSTNAME: 'db',
      PG_DUMP_EXTRA_OPTS: '-s --file=/tmp/x',
    });
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 2);
    for (const name of [
      'PG_DATABASE',
      'BACKUP_MODE=booth',
      'RETENTION_DAYS=a week',
      'than -s',
      'than --file=/tmp/x',
    ]) {
      assert.ok(stderr.includes(name), `${name} is missing in:\n${stderr}`);
    }
    assert.match(stderr, /PG_HOSTNAME is not a setting; did you mean PG_HOST\?/);
    assert.ok(!existsSync(here.base) && !existsSync(here.logs));
  });

  test('leaves out of the dump what PG_DUMP_EXTRA_OPTS says, and says so itself', async (t) => {
    const option = '--exclude-table-data=large_audit_table';
    const here = install(t, server, 'shop', { PG_DUMP_EXTRA_OPTS: option });
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 0, stderr);
    const { report, record } = here.newest();
    assert.deepEqual(record.leftOut, [option]);
    assert.ok(
      here.log().includes(`This backup leaves out what PG_DUMP_EXTRA_OPTS says: ${option}`),
      here.log(),
    );
    const script = await byHand(server, 'pg_restore', '--file=-', report.local.file);
    assert.match(script, /CREATE TABLE public\.large_audit_table/);
    assert.match(script, /^kept$/m);
    assert.doesNotMatch(script, /left out/);
  });

  for (const options of [
    '--schema-only',
    '-Ft',
    '-n public',
    '--dbname=other',
    '--enable-row-security',
    '$(id)',
  ]) {
    test(`refuses PG_DUMP_EXTRA_OPTS=${options}`, async (t) => {
      const here = install(t, server, 'shop', { PG_DUMP_EXTRA_OPTS: options });
      const { exitCode, stderr } = await here.run(['backup']);
      assert.equal(exitCode, 2);
      assert.match(stderr, /PG_DUMP_EXTRA_OPTS=/);
      assert.ok(!existsSync(here.base));
    });
  }

  test('speaks Chinese where told so', async (t) => {
    const here = install(t, server, 'shop', {
      PGPASSWORD: 'wrong',
      BACKUP_LANG: 'zh',
      BACKUP_LOG_FORMAT: 'pretty',
    });
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 5);
    const { report, record } = here.newest();
    assert.match(
      report.errorMessage,
      /^127\.0\.0\.1:\d+ 上的 PostgreSQL 拒绝了用户 "postgres"：.*password authentication failed.*检查 PG_USER/,
    );
    assert.equal(record.error?.code, 'AUTHENTICATION_FAILED');
    assert.match(stderr, /开始备份 127\.0\.0\.1:\d+ 上的 shop/);
    assert.match(here.log(), /ERROR.*拒绝了用户/);

    const wrongSettings = await here.run(['backup'], { PG_DATABASE: '' });
    assert.match(wrongSettings.stderr, /需要修正的配置（1 项）：\n.*PG_DATABASE（未设置）/);
    const chineseLocale = await here.run(['--help'], { BACKUP_LANG: '', LANG: 'zh_CN.UTF-8' });
    assert.match(chineseLocale.stdout, /立即备份配置所指的数据库/);
  });

  test('writes the log as JSON lines or for people, and always for people in the day’s file', async (t) => {
    const here = install(t, server, 'logged');
    const json = await here.run(['backup'], { BACKUP_LOG_FORMAT: 'json' });
    const events = json.stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual([events[0].event, events.at(-1).event], ['RUN_STARTED', 'STAGE_DONE']);
    for (const { level, event, time, msg } of events) {
      // The client of this machine may have known holes.
      assert.equal(level, event === 'PREFLIGHT_WARNING' ? 'warn' : 'info');
      assert.match(time, /^\d{4}-.*Z$/);
      assert.ok(msg);
    }
    const pretty = await here.run(['backup'], { BACKUP_LOG_FORMAT: 'pretty' });
    for (const line of pretty.stderr.trimEnd().split('\n')) {
      assert.match(line, /^\[\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z\] (INFO: |WARN: client )/);
    }
    const [file = ''] = readdirSync(here.logs);
    const text = readFileSync(join(here.logs, file), 'utf8');
    assert.ok(text.endsWith(pretty.stderr));
    assert.doesNotMatch(text, /\{"level"/);
  });

  test('helps whoever names no command, a wrong one, or asks', async (t) => {
    const here = install(t, server, 'shop');
    const nothing = await here.run([]);
    assert.equal(nothing.exitCode, 2);
    assert.match(nothing.stdout, /pg-backup backup/);
    const wrong = await here.run(['bakcup']);
    assert.equal(wrong.exitCode, 2);
    assert.match(wrong.stderr, /bakcup/);
    const help = await here.run(['backup', '--help']);
    assert.equal(help.exitCode, 0);
    assert.match(help.stdout, /PG_HOST \(required\)[\s\S]* 143 {2}interrupted by SIGTERM/);
    assert.ok(!existsSync(here.base));
  });
});
