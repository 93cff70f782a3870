import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadSettings } from '../../src/config/load.ts';
import {
  type OssTarget,
  objectKey,
  objectUrl,
  ossTarget,
  uploadHeaders,
} from '../../src/storage/oss-target.ts';

const SETTINGS = {
  ...{ PG_HOST: 'db', PG_DATABASE: 'd', PG_USER: 'u' },
  ...{ OSS_BUCKET: 'bucket', OSS_ENDPOINT: 'oss-cn-hangzhou-internal.aliyuncs.com' },
  ...{ OSS_ACCESS_KEY_ID: 'id', OSS_ACCESS_KEY_SECRET: 'secret' },
};

test('an endpoint without a scheme is reached by HTTPS, and its region is read from it', () => {
  const target = targetOf({});
  assert.equal(target.endpoint, 'https://oss-cn-hangzhou-internal.aliyuncs.com');
  assert.equal(target.region, 'cn-hangzhou');
  assert.equal(target.addressing, 'virtual');
});

test('a scheme stays as it is written, and OSS_REGION goes before the endpoint', () => {
  const target = targetOf({ OSS_ENDPOINT: 'http://127.0.0.1:9000/', OSS_REGION: 'cn-beijing' });
  assert.equal(target.endpoint, 'http://127.0.0.1:9000');
  assert.equal(target.region, 'cn-beijing');
});

test('objects lie below the prefix, or at the top where there is none', () => {
  for (const [prefix, key] of [
    ['postgres/backups', 'postgres/backups/x.dump'],
    ['postgres/backups/', 'postgres/backups/x.dump'],
    ['', 'x.dump'],
  ] as const) {
    const target = targetOf({ OSS_PREFIX: prefix });
    assert.equal(objectKey(target, 'x.dump'), key);
    assert.equal(objectUrl(target, 'x.dump'), `oss://bucket/${key}`);
  }
});

test('a new object gets what the settings say, and nothing that they do not', () => {
  const target = targetOf({
    ...{ OSS_SERVER_SIDE_ENCRYPTION: 'KMS', OSS_KMS_KEY_ID: 'key-1', OSS_STORAGE_CLASS: 'IA' },
    OSS_OBJECT_TAGS: 'app=my community&kind=a/b+c:d',
  });
  assert.deepEqual(uploadHeaders(target, { sha256: 'ab', overwrite: false }), {
    'x-oss-server-side-encryption': 'KMS',
    'x-oss-server-side-encryption-key-id': 'key-1',
    'x-oss-storage-class': 'IA',
    'x-oss-tagging': 'app=my%20community&kind=a%2Fb%2Bc%3Ad',
    'x-oss-meta-sha256': 'ab',
    'x-oss-forbid-overwrite': 'true',
  });
  assert.deepEqual(uploadHeaders(targetOf({}), { overwrite: true }), {});
});

test('settings that were not checked for an upload are a bug', () => {
  const { settings } = loadSettings({ ...SETTINGS, BACKUP_MODE: 'local', OSS_BUCKET: '' }, () => '', 'en');
  assert.throws(() => ossTarget(settings), /not checked/);
});

function targetOf(changes: Record<string, string>): OssTarget {
  return ossTarget(loadSettings({ ...SETTINGS, ...changes }, () => '', 'en').settings);
}
