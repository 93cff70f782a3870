import assert from 'node:assert/strict';
import { test } from 'node:test';
import { committedFile, GENERATED_FILES } from '../../scripts/generate.ts';
import { loadSettings } from '../../src/config/load.ts';
import { envExample } from '../../src/config/reference.ts';
import { SETTING_NAMES } from '../../src/config/settings.ts';

for (const [path, make] of Object.entries(GENERATED_FILES)) {
  test(`${path} is what the tables say (npm run generate)`, () => {
    assert.equal(committedFile(path), make());
  });
}

test('the env example names every setting, and is valid once the secrets are filled in', () => {
  const example = envExample();
  for (const name of SETTING_NAMES) assert.match(example, new RegExp(`^(# )?${name}=`, 'm'));

  const filledIn = `${example}\nPGPASSWORD=p\nOSS_ACCESS_KEY_ID=i\nOSS_ACCESS_KEY_SECRET=s\n`;
  const { settings, warnings } = loadSettings({ BACKUP_ENV_FILE: '/my.env' }, () => filledIn, 'en');
  assert.equal(settings.PG_DATABASE, 'community');
  assert.equal(settings.OSS_BUCKET, 'your-oss-bucket');
  assert.deepEqual(warnings, []);
});

test('every commented line of the env example may be uncommented', () => {
  const uncommented = envExample()
    .replaceAll(new RegExp(`^# ((${SETTING_NAMES.join('|')})=.+)$`, 'gm'), '$1')
    .replaceAll(/^(BACKUP_ENV_FILE|PG_DATABASES|PG_EXCLUDE_DATABASES)=.*$/gm, '');
  // Recipients are for a backup that is encrypted, and a mail server for somebody who writes.
  const secrets =
    'PGPASSWORD=p\nOSS_ACCESS_KEY_ID=i\nOSS_ACCESS_KEY_SECRET=s\nBACKUP_ENCRYPTION=age\nNOTIFY_SMTP_URL=smtp://mail\n';
  const { settings } = loadSettings({ BACKUP_ENV_FILE: '/my.env' }, () => uncommented + secrets, 'en');
  assert.deepEqual(settings.PG_DUMP_EXTRA_OPTS, ['--exclude-table-data=large_audit_table']);
});
