import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { TestContext } from 'node:test';
import pMap from 'p-map';
import { openOssClient } from '../../../src/storage/oss-client.ts';
import type { OssCredentials } from '../../../src/storage/oss-credentials.ts';
import type { OssTarget } from '../../../src/storage/oss-target.ts';
import { openOssutilStore } from '../../../src/storage/ossutil.ts';
import { openSdkStore } from '../../../src/storage/sdk.ts';
import type { Store } from '../../../src/storage/store.ts';
import { ossutilPath } from '../../harness/parts.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import { aliOss, bucket, permanentKey, startTestServer } from '../../oss-server/clients.ts';
import type { OssServer } from '../../oss-server/server.ts';
import { credentialsOf, targetAt } from '../oss-test-target.ts';
import { openGate } from './gate.ts';
import type { StoreUnderTest } from './store-under-test.ts';

const PREFIX = 'postgres/每晚';
const WRONG_SECRET = 'not-the-secret-of-this-key';

export interface OssStoreUnderTest extends StoreUnderTest {
  readonly server: OssServer;
  keyOf(name: string): string;
}

/** An ossutil store on the OSS stand-in. */
export function openOssutil(t: TestContext): Promise<OssStoreUnderTest> {
  return openOss(t, (target, credentials, own) =>
    openOssutilStore({
      target,
      credentials,
      temporaryDirectory: own,
      uploadsDirectory: temporaryDirectory(t),
      environment: { PATH: dirname(ossutilPath() ?? '') },
    }),
  );
}

/** An sdk store on the OSS stand-in. */
export function openSdk(t: TestContext): Promise<OssStoreUnderTest> {
  return openOss(t, async (target, credentials) =>
    openSdkStore({
      client: openOssClient(target, credentials),
      // What stays there is meant to: an interrupted upload is resumed.
      uploadsDirectory: temporaryDirectory(t),
      retries: 3,
    }),
  );
}

/** A store on the OSS stand-in, behind a gate. */
async function openOss(
  t: TestContext,
  openStore: (target: OssTarget, credentials: OssCredentials, own: string) => Promise<Store>,
): Promise<OssStoreUnderTest> {
  const server = await startTestServer(t);
  const gate = await openGate(server.port);
  t.after(() => gate.close());
  const own = temporaryDirectory(t);
  const target = targetAt({ endpoint: `http://127.0.0.1:${gate.port}` }, { prefix: PREFIX });
  const keyOf = (name: string): string => `${PREFIX}/${name}`;
  return {
    server,
    keyOf,
    store: await openStore(target, credentialsOf(permanentKey), own),
    objectFile(name) {
      const path = server.objectPath(bucket, keyOf(name));
      return existsSync(path) ? path : undefined;
    },
    async seed(names) {
      const client = aliOss(server);
      await pMap(names, (name) => client.put(keyOf(name), Buffer.from(name)), { concurrency: 8 });
    },
    temporaryDirectory: own,
    remote: {
      gate,
      secrets: [permanentKey.accessKeySecret, WRONG_SECRET],
      withWrongKey: () =>
        openStore(
          target,
          credentialsOf({ ...permanentKey, accessKeySecret: WRONG_SECRET }),
          temporaryDirectory(t),
        ),
    },
  };
}
