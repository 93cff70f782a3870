import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SETTING_NAMES } from '../../src/config/settings.ts';
import { likelyTypos } from '../../src/config/typos.ts';

const nearest: Record<string, string> = {
  BACKUP_BASEDIR: 'BACKUP_BASE_DIR',
  PG_PASSWORD: 'PGPASSWORD',
  PG_DUMP_EXTRA_OPT: 'PG_DUMP_EXTRA_OPTS',
  OSS_ACCESS_KEY_SECRETS: 'OSS_ACCESS_KEY_SECRET',
  OSS_ACCESS_KEY_SECRET_FILES: 'OSS_ACCESS_KEY_SECRET_FILE',
  RCLONE_REMOTES: 'RCLONE_REMOTE',
  BACKUP_FINGERPRINTS: 'BACKUP_FINGERPRINT',
  RESTORE_PGHOST: 'RESTORE_PG_HOST',
  DRILL_PGHOST: 'DRILL_PG_HOST',
};
for (const [name, meant] of Object.entries(nearest)) {
  test(`${name} is no setting, and the nearest real name is offered`, () => {
    const [warning, ...more] = likelyTypos([name]);
    assert.equal(more.length, 0);
    assert.match(warning?.en ?? '', new RegExp(`^${name} is not a setting; did you mean ${meant}`));
    assert.match(warning?.zh ?? '', new RegExp(`^${name} 不是配置项；是否想写 ${meant}`));
  });
}

test('real settings, the files of secrets and names of others are no typos', () => {
  assert.deepEqual(likelyTypos(SETTING_NAMES), []);
  assert.deepEqual(
    likelyTypos([
      'PGPASSWORD_FILE',
      'OSS_ACCESS_KEY_ID_FILE',
      'PGSSLMODE',
      'PATH',
      'HOME',
      'OSSIFY',
      'BACKUP',
    ]),
    [],
  );
});

test("rclone's own configuration variables are no typos", () => {
  assert.deepEqual(likelyTypos(['RCLONE_CONFIG', 'RCLONE_CONFIG_OSS_TYPE']), []);
});

test('a setting that is no secret has no file of its own', () => {
  assert.equal(likelyTypos(['PG_HOST_FILE']).length, 1);
});
