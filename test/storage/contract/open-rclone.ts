import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { openRcloneStore } from '../../../src/storage/rclone.ts';
import { rclonePath } from '../../harness/parts.ts';
import { startRcloneServer } from '../../harness/rclone-server.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import { openGate } from './gate.ts';
import { filesIn } from './open-local.ts';
import type { StoreUnderTest } from './store-under-test.ts';

/** An rclone store on an rclone S3 server, behind a gate. */
export async function openRclone(t: TestContext): Promise<StoreUnderTest> {
  const server = await startRcloneServer(temporaryDirectory(t), ['backups']);
  t.after(() => server.stop());
  const gate = await openGate(server.port);
  t.after(() => gate.close());
  const own = temporaryDirectory(t);
  const wrongSecret = 'not-the-secret-of-this-key';
  const open = (secretAccessKey: string) =>
    openRcloneStore({
      remote: 'contract',
      path: 'backups/postgres/nightly',
      environment: {
        RCLONE_CONFIG: '/dev/null',
        RCLONE_CONFIG_CONTRACT_TYPE: 's3',
        RCLONE_CONFIG_CONTRACT_PROVIDER: 'Other',
        RCLONE_CONFIG_CONTRACT_ENDPOINT: `http://127.0.0.1:${gate.port}`,
        RCLONE_CONFIG_CONTRACT_ACCESS_KEY_ID: server.accessKeyId,
        RCLONE_CONFIG_CONTRACT_SECRET_ACCESS_KEY: secretAccessKey,
      },
      temporaryDirectory: own,
      attempts: 1,
      searchPath: dirname(rclonePath() ?? ''),
    });
  return {
    store: await open(server.secretAccessKey),
    ...filesIn(join(server.bucketDirectory('backups'), 'postgres/nightly')),
    temporaryDirectory: own,
    remote: {
      gate,
      secrets: [server.secretAccessKey, wrongSecret],
      withWrongKey: () => open(wrongSecret),
    },
  };
}
