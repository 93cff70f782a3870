import assert from 'node:assert/strict';
import { test } from 'node:test';
import { regionOfEndpoint } from '../../src/config/combinations.ts';
import { SETTING_NAMES, type SettingName, settingOf } from '../../src/config/settings.ts';
import { validateSettings, type WrittenSettings } from '../../src/config/validate.ts';

const LOCAL: WrittenSettings = {
  ...{ PG_HOST: 'db', PG_DATABASE: 'community', PG_USER: 'backup' },
  ...{ BACKUP_MODE: 'local', BACKUP_UPLOAD_TOOL: 'ossutil', OSS_CREDENTIALS: 'keys' },
};
const REMOTE: WrittenSettings = {
  ...LOCAL,
  BACKUP_MODE: 'both',
  OSS_BUCKET: 'bucket',
  OSS_ENDPOINT: 'oss-cn-hangzhou.aliyuncs.com',
  OSS_ACCESS_KEY_ID: 'id',
  OSS_ACCESS_KEY_SECRET: 'secret',
};

test('a local backup needs no OSS settings', () => {
  assert.deepEqual(validateSettings(LOCAL), []);
});

for (const mode of ['oss', 'both']) {
  test(`mode ${mode} needs the bucket, the endpoint and both keys, and says why`, () => {
    const problems = validateSettings({ ...LOCAL, BACKUP_MODE: mode });
    assert.deepEqual(
      problems.map(({ name, kind }) => `${name} ${kind}`),
      [
        'OSS_BUCKET missing',
        'OSS_ENDPOINT missing',
        'OSS_ACCESS_KEY_ID missing',
        'OSS_ACCESS_KEY_SECRET missing',
      ],
    );
    for (const { expected } of problems) {
      assert.match(expected.en, new RegExp(`because BACKUP_MODE=${mode}, BACKUP_UPLOAD_TOOL=ossutil`));
      assert.match(expected.zh, new RegExp(`因为 BACKUP_MODE=${mode}`));
    }
    assert.deepEqual(validateSettings({ ...REMOTE, BACKUP_MODE: mode }), []);
  });
}

test('a wrong mode is one problem, without guesses at what it would need', () => {
  const problems = validateSettings({ ...LOCAL, BACKUP_MODE: 'remote' });
  assert.deepEqual(
    problems.map(({ name }) => name),
    ['BACKUP_MODE'],
  );
});

test('the sdk needs the same, and neither needs keys where the chain has them', () => {
  for (const tool of ['sdk', 'ossutil']) {
    const written = { ...LOCAL, BACKUP_MODE: 'both', BACKUP_UPLOAD_TOOL: tool };
    assert.equal(validateSettings(written).length, 4);
    assert.deepEqual(
      validateSettings({ ...written, OSS_CREDENTIALS: 'chain' }).map(({ name }) => name),
      ['OSS_BUCKET', 'OSS_ENDPOINT'],
    );
  }
});

test('rclone needs its path and nothing of OSS', () => {
  const written = { ...LOCAL, BACKUP_MODE: 'both', BACKUP_UPLOAD_TOOL: 'rclone' };
  assert.deepEqual(
    validateSettings(written).map(({ name }) => name),
    ['RCLONE_PATH'],
  );
  assert.deepEqual(validateSettings({ ...written, RCLONE_PATH: 'bucket/backups' }), []);
});

const COMBINATIONS: readonly (readonly [WrittenSettings, string | undefined])[] = [
  [{ REMOTE_RETENTION_KEEP: 'daily=7' }, 'REMOTE_RETENTION_DAYS missing'],
  [{ REMOTE_RETENTION_KEEP: 'daily=7', REMOTE_RETENTION_DAYS: '30' }, undefined],
  [{ OSS_KMS_KEY_ID: 'key' }, 'OSS_SERVER_SIDE_ENCRYPTION missing'],
  [{ OSS_KMS_KEY_ID: 'key', OSS_SERVER_SIDE_ENCRYPTION: 'AES256' }, 'OSS_SERVER_SIDE_ENCRYPTION invalid'],
  [{ OSS_KMS_KEY_ID: 'key', OSS_SERVER_SIDE_ENCRYPTION: 'KMS' }, undefined],
  [{ BACKUP_ENCRYPTION: 'age' }, 'BACKUP_ENCRYPTION_RECIPIENTS missing'],
  [{ BACKUP_ENCRYPTION: 'gpg', BACKUP_ENCRYPTION_PASSPHRASE: 'p' }, undefined],
  [{ BACKUP_ENCRYPTION: 'age', BACKUP_ENCRYPTION_RECIPIENTS: 'age1x' }, undefined],
  [
    { BACKUP_ENCRYPTION: 'age', BACKUP_ENCRYPTION_RECIPIENTS: 'age1x', BACKUP_ENCRYPTION_PASSPHRASE: 'p' },
    'BACKUP_ENCRYPTION_RECIPIENTS invalid',
  ],
  [{ BACKUP_ENCRYPTION: 'none', BACKUP_ENCRYPTION_PASSPHRASE: 'p' }, undefined],
  [{ BACKUP_ENCRYPTION: 'none', BACKUP_ENCRYPTION_RECIPIENTS: 'age1x' }, 'BACKUP_ENCRYPTION invalid'],
  [{ DRILL_PG_HOST: 'drill-db' }, 'DRILL_PG_USER missing'],
  [{ DRILL_PG_USER: 'drill' }, 'DRILL_PG_HOST missing'],
  [{ DRILL_PG_PASSWORD: 'p' }, 'DRILL_PG_HOST missing'],
  [{ DRILL_PG_HOST: 'drill-db', DRILL_PG_USER: 'drill', DRILL_PG_PASSWORD: 'p' }, undefined],
  [{ RETENTION_KEEP: 'last=3,last=5' }, 'RETENTION_KEEP invalid'],
  [{ OSS_OBJECT_TAGS: 'a=1&a=2' }, 'OSS_OBJECT_TAGS invalid'],
  [{ OSS_ENDPOINT: 'https://bucket.oss-cn-hangzhou.aliyuncs.com' }, 'OSS_ENDPOINT invalid'],
  [{ OSS_ENDPOINT: 'backup.example.com', OSS_ADDRESSING: 'cname', OSS_REGION: 'cn-hangzhou' }, undefined],
  [{ OSS_ADDRESSING: 'cname' }, 'OSS_ADDRESSING invalid'],
  [{ OSS_REGION: 'cn-beijing' }, 'OSS_REGION invalid'],
  [{ OSS_REGION: 'cn-hangzhou' }, undefined],
  [{ BACKUP_UPLOAD_TOOL: 'rclone', RCLONE_PATH: 'b', OSS_STORAGE_CLASS: 'IA' }, 'OSS_STORAGE_CLASS invalid'],
];
for (const [written, problem] of COMBINATIONS) {
  const what = Object.entries(written).map(([name, value]) => `${name}=${value}`);
  test(`${what.join(' ')} is ${problem ?? 'fine'}`, () => {
    assert.deepEqual(
      validateSettings({ ...REMOTE, ...written }).map(({ name, kind }) => `${name} ${kind}`),
      problem === undefined ? [] : [problem],
    );
  });
}

test('the region is read from the endpoint where that names it', () => {
  const regions: Record<string, string | undefined> = {
    'oss-cn-hangzhou.aliyuncs.com': 'cn-hangzhou',
    'https://oss-cn-hangzhou.aliyuncs.com': 'cn-hangzhou',
    'http://oss-cn-beijing-internal.aliyuncs.com/': 'cn-beijing',
    'oss-ap-southeast-1.aliyuncs.com': 'ap-southeast-1',
    'oss-ap-southeast-1-internal.aliyuncs.com:443': 'ap-southeast-1',
    'oss-cn-shenzhen-finance-1-internal.aliyuncs.com': 'cn-shenzhen-finance-1',
    'bucket.oss-cn-shanghai.aliyuncs.com': 'cn-shanghai',
    'oss-accelerate.aliyuncs.com': undefined,
    'oss-accelerate-overseas.aliyuncs.com': undefined,
    'backup.example.com': undefined,
    'oss.example-cn-hangzhou.com': undefined,
    '127.0.0.1:9000': undefined,
  };
  for (const [endpoint, region] of Object.entries(regions)) {
    assert.equal(regionOfEndpoint(endpoint), region, endpoint);
  }
});

test('an endpoint that does not name its region needs OSS_REGION', () => {
  for (const endpoint of ['oss-accelerate.aliyuncs.com', 'https://backup.example.com', '127.0.0.1:9000']) {
    const problems = validateSettings({ ...REMOTE, OSS_ENDPOINT: endpoint });
    assert.deepEqual(
      problems.map(({ name, kind }) => `${name} ${kind}`),
      ['OSS_REGION missing'],
      endpoint,
    );
    assert.deepEqual(validateSettings({ ...REMOTE, OSS_ENDPOINT: endpoint, OSS_REGION: 'cn-hangzhou' }), []);
  }
});

const VALUES: Partial<Record<SettingName, { good: readonly string[]; bad: readonly string[] }>> = {
  PG_PORT: {
    good: ['1', '5432', '65535'],
    bad: ['0', '65536', '-1', '5432.0', 'five', '1e3', ' 5432', '0x10'],
  },
  PG_DATABASE: {
    good: ['a b', '社区', '-f', "it's", 'a/b', '..', 'postgresql://x', 'a=b'],
    bad: ['a\nb', 'a\u0000b', 'a\tb'],
  },
  PG_HOST: { good: ['127.0.0.1', '::1', '/var/run/postgresql', 'db.example.com'], bad: ['db\n'] },
  BACKUP_BASE_DIR: { good: ['/', '/data/db backups'], bad: ['data', './data', '~/data', '/a\nb'] },
  BACKUP_LOG_DIR: { good: ['/var/log'], bad: ['log'] },
  RETENTION_DAYS: { good: ['1', '365'], bad: ['0', '-1', '1.5', 'never', '99999999999999999999'] },
  BACKUP_SCHEDULE: {
    good: ['0 2 * * *', '@daily', '*/15 8-18 * * MON-FRI', '0 2 29 2 *'],
    bad: ['0 2 30 2 *', '0 2 * *', '* * * * * *', '60 2 * * *', 'every day'],
  },
  BACKUP_TIMEZONE: { good: ['UTC', 'Asia/Shanghai'], bad: ['CST-8', 'Mars/Olympus', '+08:00'] },
  BACKUP_TIMEOUT_MINUTES: { good: ['1', '20160'], bad: ['0', '20161', '1h'] },
  BACKUP_ANOMALY_PERCENT: { good: ['0', '95'], bad: ['-1', '96', '50%'] },
  NOTIFY_ON: { good: ['failure', 'failure  stale drill'], bad: ['failures', 'failure,stale'] },
  NOTIFY_SLACK_URL: {
    good: ['https://hooks.example.com/services/T/B/x'],
    bad: ['hooks.example.com', 'ftp://x', 'https://a b', 'http://[x'],
  },
  INCLUDE_GLOBALS: { good: ['true', 'false'], bad: ['yes', '1', 'TRUE'] },
  BACKUP_FINGERPRINT: { good: ['off', 'counts', 'content'], bad: ['on', 'true', 'none', 'contents'] },
  BACKUP_FINGERPRINT_TIMEOUT_MINUTES: { good: ['1', '60', '10080'], bad: ['0', '10081', '0.5', '1h'] },
  RESTORE_PG_HOST: { good: ['127.0.0.1', '/var/run/postgresql'], bad: ['db\n'] },
  RESTORE_PG_PORT: { good: ['1', '65535'], bad: ['0', '65536', 'five'] },
  DRILL_PG_PORT: { good: ['1', '65535'], bad: ['0', '65536', 'five'] },
  DRILL_PG_BIN_DIR: { good: ['/usr/lib/postgresql/17/bin'], bad: ['bin', '~/bin'] },
  DRILL_DIRECTORY: { good: ['/var/tmp', '/a b'], bad: ['tmp', './tmp', '/a\nb'] },
  BACKUP_COMPRESS: {
    good: ['0', '9', 'gzip', 'gzip:1', 'gzip:9', 'lz4', 'lz4:12', 'zstd', 'zstd:22'],
    bad: ['10', '-1', 'gzip:0', 'gzip:10', 'lz4:13', 'zstd:23', 'bzip2', 'none', 'gzip:', 'zstd:level=3'],
  },
  OSS_BUCKET: {
    good: ['abc', 'your-oss-bucket'],
    bad: ['ab', 'Abc', '-abc', 'abc-', 'a_b', 'oss://abc', `a${'b'.repeat(63)}`],
  },
  OSS_PREFIX: {
    good: ['postgres/backups', 'a', 'a/', '备份', 'a b', '...'],
    bad: ['/a', '\\a', '../a', 'a/../b', 'a/.', '.', 'a//b', '/', 'a\nb'],
  },
  OSS_ENDPOINT: {
    good: ['http://127.0.0.1:9000', 'https://oss-cn-hangzhou.aliyuncs.com/'],
    bad: ['ftp://x', 'https://x/path', 'a b', 'https://'],
  },
  OSS_REGION: {
    good: ['cn-hangzhou', 'ap-southeast-1'],
    bad: ['Hangzhou', 'hangzhou', 'oss-cn-hangzhou', 'cn_hangzhou'],
  },
  OSS_ACCESS_KEY_SECRET: { good: ['abc/+='], bad: ['a b', 'a\n'] },
  RETENTION_KEEP: {
    good: ['last=1', 'daily=7,weekly=4,monthly=12,yearly=5'],
    bad: ['daily', 'daily=0', 'hourly=3', 'daily=7, weekly=4', 'daily=7,', 'daily=10000'],
  },
  OSS_OBJECT_TAGS: {
    good: ['app=community', 'app=a b&kind=x/y:z', 'empty='],
    bad: ['app', '=x', 'a=b&', 'a=b#c', Array.from({ length: 11 }, (_, index) => `t${index}=x`).join('&')],
  },
  OSS_ADDRESSING: { good: ['virtual', 'path', 'cname'], bad: ['host'] },
  BACKUP_LANG: { good: ['en', 'zh'], bad: ['fr', 'zh_CN'] },
  BACKUP_LOG_FORMAT: { good: ['auto', 'json', 'pretty'], bad: ['text'] },
};
for (const [name, { good, bad }] of Object.entries(VALUES)) {
  test(`${name} takes what it should and nothing else`, () => {
    const base = { ...REMOTE, OSS_ENDPOINT: 'backup.example.com', OSS_REGION: 'cn-hangzhou' };
    for (const value of good) {
      assert.deepEqual(validateSettings({ ...base, [name]: value }), [], value);
    }
    for (const value of bad) {
      assert.deepEqual(
        validateSettings({ ...base, [name]: value }).map((problem) => `${problem.name} ${problem.kind}`),
        [`${name} invalid`],
        JSON.stringify(value),
      );
    }
  });
}

test('what belongs together is asked for together', () => {
  const base = { ...REMOTE, OSS_ENDPOINT: 'backup.example.com', OSS_REGION: 'cn-hangzhou' };
  const names = (more: Record<string, string>) =>
    validateSettings({ ...base, ...more }).map(({ name, kind }) => `${name} ${kind}`);
  assert.deepEqual(names({ PG_DATABASES: 'a b' }), ['PG_DATABASE invalid']);
  assert.deepEqual(names({ PG_EXCLUDE_DATABASES: 'a' }), ['PG_EXCLUDE_DATABASES invalid']);
  assert.deepEqual(names({ NOTIFY_WEBHOOK_URL: 'https://example.com/' }), ['NOTIFY_WEBHOOK_SECRET missing']);
  assert.deepEqual(names({ NOTIFY_DINGTALK_SECRET: 'SEC1' }), ['NOTIFY_DINGTALK_URL missing']);
  assert.deepEqual(names({ NOTIFY_EMAIL_TO: 'a@example.com', NOTIFY_EMAIL_FROM: 'b@example.com' }), [
    'NOTIFY_SMTP_URL missing',
  ]);
});

test('every example and every default of the table is a value that the table accepts', () => {
  const examples = Object.fromEntries(
    // One database excludes several.
    SETTING_NAMES.filter((name) => !/^PG_(EXCLUDE_)?DATABASES$/.test(name)).flatMap((name) => {
      const value = settingOf(name).default ?? settingOf(name).example;
      return value === undefined ? [] : [[name, value]];
    }),
  );
  assert.deepEqual(
    // Recipients are for a backup that is encrypted.
    validateSettings({
      ...examples,
      OSS_ACCESS_KEY_ID: 'id',
      OSS_ACCESS_KEY_SECRET: 's',
      BACKUP_ENCRYPTION: 'age',
    }),
    [],
  );
});
