import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { missing, rclonePath } from './parts.ts';
import { startRcloneServer } from './rclone-server.ts';
import { temporaryDirectory } from './temporary-directory.ts';

test('the rclone of the tests is the pinned one', { skip: missing('rclone') }, () => {
  assert.match(execFileSync(rclonePath() ?? '', ['version'], { encoding: 'utf8' }), /^rclone v1\.76\.0/);
});

test('the server takes its own key and no other', { skip: missing('rclone') }, async (t) => {
  const directory = temporaryDirectory(t);
  const server = await startRcloneServer(directory, ['backups']);
  t.after(() => server.stop());
  const file = join(temporaryDirectory(t), 'file');
  writeFileSync(file, 'content');
  const rclone = (secret: string, ...args: string[]) =>
    execFileSync(rclonePath() ?? '', [...args, '--retries', '1', '--s3-no-check-bucket'], {
      encoding: 'utf8',
      stdio: 'pipe',
      env: {
        RCLONE_CONFIG: '/dev/null',
        RCLONE_CONFIG_S_TYPE: 's3',
        RCLONE_CONFIG_S_PROVIDER: 'Other',
        RCLONE_CONFIG_S_ENDPOINT: `http://127.0.0.1:${server.port}`,
        RCLONE_CONFIG_S_ACCESS_KEY_ID: server.accessKeyId,
        RCLONE_CONFIG_S_SECRET_ACCESS_KEY: secret,
      },
    });
  assert.throws(() => rclone('wrong', 'copyto', file, 's:backups/x'), /Forbidden/);
  assert.ok(!existsSync(join(server.bucketDirectory('backups'), 'x')));
  rclone(server.secretAccessKey, 'copyto', file, 's:backups/x');
  const md5 = createHash('md5').update('content').digest('hex');
  assert.ok(rclone(server.secretAccessKey, 'lsjson', '--hash', 's:backups').includes(md5));
});
