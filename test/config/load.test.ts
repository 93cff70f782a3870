import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadSettings } from '../../src/config/load.ts';
import { Secret } from '../../src/secret.ts';
import { failure, LOCAL, load, problems } from './load-from.ts';

test('what the environment gives is typed, and the rest has its defaults', () => {
  const { settings } = load({
    ...LOCAL,
    PG_PORT: '5433',
    INCLUDE_GLOBALS: 'false',
    PG_DUMP_EXTRA_OPTS: `--exclude-table='a b' -O`,
    PGPASSWORD: 'canary',
  });
  assert.equal(settings.PG_PORT, 5433);
  assert.equal(settings.INCLUDE_GLOBALS, false);
  assert.deepEqual(settings.PG_DUMP_EXTRA_OPTS, ['--exclude-table=a b', '-O']);
  assert.ok(settings.PGPASSWORD instanceof Secret);
  assert.equal(settings.PGPASSWORD.reveal(), 'canary');
  assert.equal(settings.OSS_BUCKET, undefined);
});

test("the defaults are those of the handbook's section 4", () => {
  const { settings } = load(LOCAL);
  const defaults = {
    PG_PORT: 5432,
    BACKUP_BASE_DIR: '/data/db-backups',
    BACKUP_LOG_DIR: '/var/log/db-backup',
    RETENTION_DAYS: 7,
    INCLUDE_GLOBALS: true,
    BACKUP_UPLOAD_TOOL: 'ossutil',
    RCLONE_REMOTE: 'oss',
  };
  for (const [name, value] of Object.entries(defaults)) {
    assert.equal(settings[name as keyof typeof defaults], value, name);
  }
  const { BACKUP_MODE: _mode, ...withoutMode } = LOCAL;
  const oss = {
    OSS_BUCKET: 'bucket',
    OSS_ENDPOINT: 'oss-cn-hangzhou.aliyuncs.com',
    OSS_ACCESS_KEY_ID: 'id',
    OSS_ACCESS_KEY_SECRET: 'secret',
  };
  assert.equal(load({ ...withoutMode, ...oss }).settings.BACKUP_MODE, 'both');
});

test('every setting of the handbook can be set, and says where it came from', () => {
  const handbook = {
    PG_HOST: '127.0.0.1',
    PG_PORT: '5432',
    PG_DATABASE: 'community',
    PG_USER: 'postgres',
    PGPASSWORD: 'p',
    BACKUP_MODE: 'both',
    BACKUP_BASE_DIR: '/data/db-backups',
    BACKUP_LOG_DIR: '/var/log/db-backup',
    RETENTION_DAYS: '7',
    INCLUDE_GLOBALS: 'true',
    PG_DUMP_EXTRA_OPTS: '--exclude-table-data=large_audit_table',
    BACKUP_UPLOAD_TOOL: 'ossutil',
    OSS_BUCKET: 'your-oss-bucket',
    OSS_PREFIX: 'postgres/backups',
    OSS_ENDPOINT: 'oss-cn-hangzhou.aliyuncs.com',
    OSS_ACCESS_KEY_ID: 'ak',
    OSS_ACCESS_KEY_SECRET: 'sk',
    RCLONE_REMOTE: 'oss',
    RCLONE_PATH: 'postgres/backups',
    BACKUP_ENV_FILE: '/etc/db-backup.env',
  };
  const { sources, warnings } = load(handbook, { '/etc/db-backup.env': '' });
  assert.deepEqual(warnings, []);
  for (const name of Object.keys(handbook)) {
    assert.equal(sources[name as keyof typeof sources].en, 'environment', name);
  }
});

test('the file that BACKUP_ENV_FILE names wins over the environment, and its line is the source', () => {
  const { settings, sources, environment } = load(
    { ...LOCAL, PG_HOST: 'from-environment', BACKUP_ENV_FILE: '/etc/b.env' },
    { '/etc/b.env': '# comment\nexport PG_HOST=from-file\nPGSSLMODE=require\n' },
  );
  assert.equal(settings.PG_HOST, 'from-file');
  assert.equal(sources.PG_HOST.en, '/etc/b.env:2');
  assert.equal(sources.PG_USER.en, 'environment');
  assert.equal(sources.PG_PORT.en, 'default');
  assert.equal(sources.OSS_REGION.en, 'not set');
  assert.equal(environment['PGSSLMODE'], 'require', "libpq's own variables may stand in the file too");
});

test('an empty assignment in the file hides the value of the environment, as it does when sourced', () => {
  const { settings } = load(
    { ...LOCAL, PGPASSWORD: 'canary', PG_PORT: '1', BACKUP_ENV_FILE: '/f' },
    { '/f': 'PGPASSWORD=\nPG_PORT=""\n' },
  );
  assert.equal(settings.PGPASSWORD, undefined);
  assert.equal(settings.PG_PORT, 5432);
});

test('an empty variable counts as not set', () => {
  assert.equal(load({ ...LOCAL, PG_PORT: '', OSS_BUCKET: '' }).settings.PG_PORT, 5432);
  assert.match(problems({ ...LOCAL, PG_HOST: '' }), /PG_HOST \(not set\)/);
});

test('an env file that cannot be read is an error that names the setting and the file', () => {
  assert.match(
    problems({ ...LOCAL, BACKUP_ENV_FILE: '/nowhere' }),
    /BACKUP_ENV_FILE: cannot read \/nowhere \(ENOENT\)/,
  );
});

test('all problems are told at once, each with its name, its source and what was expected', () => {
  const error = failure(
    { BACKUP_ENV_FILE: '/f', PG_PORT: '70000', BACKUP_MODE: 'cloud', PG_DUMP_EXTRA_OPTS: '-s --bogus' },
    { '/f': 'RETENTION_DAYS=never\nX=$(date)\n' },
  );
  const text = error.message;
  for (const part of [
    /\/f:2: command substitution/,
    /PG_HOST \(not set\)/,
    /PG_DATABASE \(not set\)/,
    /PG_USER \(not set\)/,
    /PG_PORT=70000 \(environment\): expected a whole number from 1 to 65535/,
    /BACKUP_MODE=cloud \(environment\): expected one of local, oss, both/,
    /RETENTION_DAYS=never \(\/f:1\): expected a whole number/,
    /PG_DUMP_EXTRA_OPTS=.*-s: .*whole backup/,
    /PG_DUMP_EXTRA_OPTS=.*--bogus: /,
  ]) {
    assert.match(text, part);
  }
  assert.equal(error.parameters['count'], 9);
  assert.equal(text.match(/^ {2}- /gm)?.length, 9, 'one line a problem');
});

test('the problems are told in Chinese where the language is Chinese', () => {
  assert.throws(
    () => loadSettings({ PG_PORT: 'x' }, () => '', 'zh'),
    /PG_PORT=x（环境变量）：应为1 至 65535 的整数/,
  );
});

test('a mistyped name is pointed out beside the problems, because it is their likely reason', () => {
  const { PG_HOST: _host, ...rest } = LOCAL;
  assert.match(problems({ ...rest, PG_HOTS: 'db' }), /PG_HOTS is not a setting; did you mean PG_HOST\?/);
});

test('without problems a mistyped name is a warning', () => {
  const { warnings } = load(
    { ...LOCAL, BACKUP_MODES: 'x', BACKUP_ENV_FILE: '/f' },
    { '/f': 'OSS_BUKET=a\n' },
  );
  assert.deepEqual(
    warnings.map(({ en }) => en),
    [
      'BACKUP_MODES is not a setting; did you mean BACKUP_MODE?',
      'OSS_BUKET is not a setting; did you mean OSS_BUCKET?',
    ],
  );
});

test('a $variable in the env file is a warning that names the line, never an expansion', () => {
  const { settings, warnings } = load(
    { ...LOCAL, HOME: '/home/x', BACKUP_ENV_FILE: '/f' },
    { '/f': '\nPGPASSWORD="a$HOME"\n' },
  );
  assert.equal(settings.PGPASSWORD?.reveal(), 'a$HOME');
  assert.match(warnings[0]?.en ?? '', /^\/f:2: /);
});
