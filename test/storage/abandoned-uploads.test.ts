import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { clearAbandonedUploads } from '../../src/storage/abandoned-uploads.ts';
import { openOssClient } from '../../src/storage/oss-client.ts';
import type { UploadFates } from '../../src/storage/store.ts';
import { openUploadStates } from '../../src/storage/upload-state.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { aliOss, bucket, permanentKey, startTestServer } from '../oss-server/clients.ts';
import type { OssServer } from '../oss-server/server.ts';
import { credentialsOf, targetAt } from './oss-test-target.ts';
import { NOBODY_WAITS } from './upload-fates.ts';

const OURS = 'community_20251011T180000Z_db01.dump';
const WAITING = 'community_20251012T180000Z_db01.dump';
const NEIGHBOURS = 'community_20251011T180000Z_db02.dump';
const FATES: UploadFates = {
  isWaiting: (name) => name === WAITING,
  isKnown: (name) => name !== NEIGHBOURS,
};

test('uploads that a killed ossutil left of known runs are given up, and nothing else is', async (t) => {
  const { server, begin, clear } = await start(t);
  for (const name of [OURS, OURS, `${OURS}.sha256`]) await begin(`backups/${name}`);
  const others = [`backups/deeper/${OURS}`, 'backups/holiday.mp4', OURS, `backups-of-others/${OURS}`];
  const kept = [...others, `backups/${WAITING}`, `backups/${NEIGHBOURS}`];
  for (const key of kept) await begin(key);
  assert.deepEqual(await clear(), []);
  assert.deepEqual(keysOf(server), kept.toSorted());
});

test('a bucket without a prefix is cleared too', async (t) => {
  const { server, begin, clear } = await start(t, { prefix: '' });
  for (const key of [OURS, NEIGHBOURS, `backups/${OURS}`]) await begin(key);
  assert.deepEqual(await clear(), []);
  assert.deepEqual(keysOf(server), [`backups/${OURS}`, NEIGHBOURS]);
});

test('they are found behind more than a page of others', async (t) => {
  const { server, begin, clear } = await start(t);
  const others = Array.from({ length: 1001 }, (_, index) => `backups/a${index}`);
  for (let start = 0; start < others.length; start += 50) {
    await Promise.all(others.slice(start, start + 50).map(begin));
  }
  await begin(`backups/${OURS}`);
  assert.deepEqual(await clear(), []);
  assert.deepEqual(keysOf(server), others.toSorted());
});

test('without the right to list them they stay, and nothing is said', async (t) => {
  const { server, begin, clear } = await start(t);
  await begin(`backups/${OURS}`);
  server.fail({ operation: 'ListMultipartUploads', fault: REFUSAL, times: Infinity });
  assert.deepEqual(await clear(), []);
  assert.deepEqual(keysOf(server), [`backups/${OURS}`]);
});

test('one that may not be given up is named once, and the others go', async (t) => {
  const { server, begin, clear } = await start(t);
  for (const name of [OURS, OURS, `${OURS}.sha256`]) await begin(`backups/${name}`);
  server.fail({ operation: 'AbortMultipartUpload', fault: REFUSAL, times: 2 });
  assert.deepEqual(await clear(NOBODY_WAITS), [OURS]);
  assert.deepEqual(keysOf(server), [`backups/${OURS}`, `backups/${OURS}`]);
});

test('an interruption ends it at once, without a fault', async (t) => {
  const { server, begin, clear } = await start(t);
  await begin(`backups/${OURS}`);
  assert.deepEqual(await clear(NOBODY_WAITS, AbortSignal.abort(new Error('interrupted'))), []);
  assert.deepEqual(keysOf(server), [`backups/${OURS}`]);
});

const REFUSAL = { kind: 'error', status: 403, code: 'AccessDenied' } as const;

async function start(t: TestContext, target: { readonly prefix?: string } = {}) {
  const server = await startTestServer(t);
  const client = openOssClient(targetAt(server, target), credentialsOf(permanentKey));
  const states = openUploadStates(temporaryDirectory(t));
  const sdk = aliOss(server);
  const { signal: never } = new AbortController();
  return {
    server,
    begin: (key: string) => sdk.initMultipartUpload(key),
    clear: (fates = FATES, signal = never) => clearAbandonedUploads({ client, states }, fates, signal),
  };
}

function keysOf(server: OssServer): string[] {
  return server
    .uploads(bucket)
    .map(({ key }) => key)
    .toSorted();
}
