import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SETTING_NAMES, type SettingName, settingOf } from '../../src/config/settings.ts';
import { regionOfEndpoint, validateSettings, type WrittenSettings } from '../../src/config/validate.ts';

const LOCAL: WrittenSettings = {
  ...{ PG_HOST: 'db', PG_DATABASE: 'community', PG_USER: 'backup' },
  ...{ BACKUP_MODE: 'local', BACKUP_UPLOAD_TOOL: 'ossutil' },
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

test('an upload with rclone is refused for now, and says what works', () => {
  const problems = validateSettings({ ...LOCAL, BACKUP_MODE: 'both', BACKUP_UPLOAD_TOOL: 'rclone' });
  assert.deepEqual(
    problems.map(({ name }) => name),
    ['BACKUP_UPLOAD_TOOL'],
  );
  assert.deepEqual(validateSettings({ ...LOCAL, BACKUP_UPLOAD_TOOL: 'rclone' }), []);
});

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
  INCLUDE_GLOBALS: { good: ['true', 'false'], bad: ['yes', '1', 'TRUE'] },
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
  BACKUP_LANG: { good: ['en', 'zh'], bad: ['fr', 'zh_CN'] },
  BACKUP_LOG_FORMAT: { good: ['auto', 'json', 'pretty'], bad: ['text'] },
};
for (const [name, { good, bad }] of Object.entries(VALUES)) {
  test(`${name} takes what it should and nothing else`, () => {
    const base = { ...REMOTE, OSS_REGION: 'cn-hangzhou' };
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

test('every example and every default of the table is a value that the table accepts', () => {
  const examples = Object.fromEntries(
    SETTING_NAMES.flatMap((name) => {
      const value = settingOf(name).default ?? settingOf(name).example;
      return value === undefined ? [] : [[name, value]];
    }),
  );
  assert.deepEqual(
    validateSettings({ ...examples, OSS_ACCESS_KEY_ID: 'id', OSS_ACCESS_KEY_SECRET: 's' }),
    [],
  );
});
