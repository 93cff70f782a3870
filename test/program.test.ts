import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scrubFor } from '../src/program.ts';

test('secrets of ours and of the programs we start are scrubbed, and nothing else of the environment', () => {
  const secrets = {
    PGPASSWORD: 'canary-1',
    OSS_SECURITY_TOKEN: 'canary-2',
    BACKUP_ENCRYPTION_PASSPHRASE: 'canary-3',
    RCLONE_CONFIG_OSS_ACCESS_KEY_ID: 'canary-4',
    RCLONE_CONFIG_OSS_SECRET_ACCESS_KEY: 'canary-5',
    RCLONE_CONFIG_VAULT_PASSWORD2: 'canary-6',
    RCLONE_CONFIG_PASS: 'canary-7',
    RCLONE_CONFIG_DRIVE_TOKEN: 'canary-8',
    RCLONE_CONFIG_AZURE_CLIENT_SECRET: 'canary-9',
    ALIBABA_CLOUD_ACCESS_KEY_ID: 'canary-10',
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'canary-11',
    ALIBABA_CLOUD_SECURITY_TOKEN: 'canary-12',
    AWS_SECRET_ACCESS_KEY: 'canary-13',
    RCLONE_CONFIG_BLOB_SAS_URL: 'canary-14',
  };
  const open = {
    PG_USER: 'backup-user',
    OSS_BUCKET: 'some-bucket',
    RCLONE_CONFIG: '/etc/rclone.conf',
    RCLONE_CONFIG_OSS_TYPE: 's3',
    RCLONE_CONFIG_SFTP_ASK_PASSWORD: 'true',
    ALIBABA_CLOUD_OIDC_TOKEN_FILE: '/var/run/token',
    ALIBABA_CLOUD_ROLE_ARN: 'acs:ram::1:role/backup',
  };
  const text = JSON.stringify({ ...secrets, ...open });
  const shown = scrubFor({ ...secrets, ...open })(text);
  assert.doesNotMatch(shown, /canary/);
  for (const value of Object.values(open)) assert.ok(shown.includes(value), value);
});
