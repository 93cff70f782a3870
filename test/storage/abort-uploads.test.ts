import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { abortUploadsOf } from '../../src/storage/abort-uploads.ts';
import { openOssClient } from '../../src/storage/oss-client.ts';
import { aliOss, bucket, permanentKey, startTestServer } from '../oss-server/clients.ts';
import { credentialsOf, targetAt } from './oss-test-target.ts';

const KEY = 'backups/community_20251011T180000Z_db01.dump';
const REFUSAL = { kind: 'error', status: 403, code: 'AccessDenied' } as const;

test('every upload of that key but the kept one is given up, and none of another', async (t) => {
  const { begin, abort, uploads } = await start(t);
  const [kept, other] = [await begin(), await begin(`${KEY}.sha256`)];
  await begin();
  await abort(kept);
  assert.deepEqual(uploads(), [kept, other].toSorted());
});

test('one that may not be given up stays, and the others go', async (t) => {
  const { server, begin, abort, uploads } = await start(t);
  const [first] = [await begin(), await begin(), await begin()].toSorted();
  server.fail({ operation: 'AbortMultipartUpload', fault: REFUSAL });
  await abort();
  assert.deepEqual(uploads(), [first]);
});

test('one that OSS has given up already, as after an answer that was lost, keeps none of the others', async (t) => {
  const { server, begin, abort, uploads } = await start(t);
  const [first = ''] = [await begin(), await begin(), await begin()].toSorted();
  const ended = Promise.withResolvers<void>();
  server.fail({ operation: 'AbortMultipartUpload', fault: { kind: 'hold', until: ended.promise } });
  const aborting = abort();
  await server.waitForRequest(({ operation }) => operation === 'AbortMultipartUpload');
  await aliOss(server).abortMultipartUpload(KEY, first);
  ended.resolve();
  await aborting;
  assert.deepEqual(uploads(), []);
});

test('without the right to list them they stay, and nothing is said', async (t) => {
  const { server, begin, abort, uploads } = await start(t);
  const begun = await begin();
  server.fail({ operation: 'ListMultipartUploads', fault: REFUSAL });
  await abort();
  assert.deepEqual(uploads(), [begun]);
});

test('an interruption is told', async (t) => {
  const { abort } = await start(t);
  const interruption = new Error('interrupted');
  await assert.rejects(abort(undefined, AbortSignal.abort(interruption)), interruption);
});

async function start(t: TestContext) {
  const server = await startTestServer(t);
  const client = openOssClient(targetAt(server), credentialsOf(permanentKey));
  const sdk = aliOss(server);
  const { signal: never } = new AbortController();
  return {
    server,
    begin: async (key = KEY) => (await sdk.initMultipartUpload(key)).uploadId,
    abort: (keptUploadId?: string, signal = never) => abortUploadsOf(client, KEY, keptUploadId, signal),
    uploads: () =>
      server
        .uploads(bucket)
        .map(({ uploadId }) => uploadId)
        .toSorted(),
  };
}
