import assert from 'node:assert/strict';
import { buffer } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { PgBackupError } from '../../src/errors.ts';
import { openOssClient } from '../../src/storage/oss-client.ts';
import { ossObjects } from '../../src/storage/oss-objects.ts';
import type { OssTarget } from '../../src/storage/oss-target.ts';
import { aliOss, bucket, startTestServer } from '../oss-server/clients.ts';
import type { OssServerOptions } from '../oss-server/server.ts';
import { credentialsOf, targetAt } from './oss-test-target.ts';

const { signal } = new AbortController();
const NAME = 'shop öl & 备份+1.dump';
const CONTENT = Buffer.from('0123456789'.repeat(1000));

test('an object is known with its size, CRC-64 and sha256, a missing one is not', async (t) => {
  const { server, store, put } = await start(t);
  await put(`backups/${NAME}`, { 'x-oss-meta-sha256': 'ab12' });
  const [object] = server.objects(bucket);
  const expected = { sizeBytes: CONTENT.length, crc64: object?.crc64, sha256: 'ab12' };
  assert.deepEqual(await store.stat(NAME, signal), expected);
  assert.equal(await store.stat('other', signal), undefined);
  await store.probe(signal);
});

test('a bucket that does not exist is no missing object', async (t) => {
  const { store } = await start(t, { target: { bucket: 'nowhere' } });
  const noBucket = { code: 'CONFIRM_FAILED', parameters: { storeCode: 'NoSuchBucket' } };
  await assert.rejects(store.probe(signal), isLike(noBucket));
  await assert.rejects(store.stat(NAME, signal), isLike(noBucket));
  await assert.rejects(store.get(NAME, { signal }), isLike({ ...noBucket, code: 'STORE_FAILED' }));
});

test('a probe asks once', async (t) => {
  const { server, store } = await start(t);
  server.fail({ fault: { kind: 'error', code: 'ServiceUnavailable' }, times: Infinity });
  await assert.rejects(store.probe(signal), { code: 'CONFIRM_FAILED' });
  assert.equal(server.requests.length, 1);
});

test('a list holds what lies directly below the prefix, page after page', async (t) => {
  const { server, store, put } = await start(t);
  const names = Array.from({ length: 1003 }, (_, index) => `x${String(index).padStart(4, '0')}`);
  const strange = [NAME, 'a%20b', 'line\nend', '\u0001'];
  const keys = [...names, ...strange].map((name) => `backups/${name}`);
  for (const key of [...keys, 'backups/', 'backups/deeper/x', 'backups-2/x', 'other']) await put(key);
  const listed = await Array.fromAsync(store.list(signal));
  assert.deepEqual(listed.map(({ name }) => name).sort(), [...names, ...strange].sort());
  assert.equal(listed[0]?.sizeBytes, CONTENT.length);
  assert.ok(Math.abs((listed[0]?.modifiedAt.getTime() ?? 0) - Date.now()) < 60_000);
  assert.equal(server.requests.filter(({ operation }) => operation === 'ListObjectsV2').length, 2);
});

test('a store without a prefix lists the top of the bucket', async (t) => {
  const { store, put } = await start(t, { target: { prefix: '' } });
  for (const key of ['x', 'deeper/x']) await put(key);
  assert.deepEqual(
    (await Array.fromAsync(store.list(signal))).map(({ name }) => name),
    ['x'],
  );
});

test('an object is read whole, and a range of it with both ends', async (t) => {
  const { store, put } = await start(t);
  await put(`backups/${NAME}`);
  assert.deepEqual(await buffer(await store.get(NAME, { signal })), CONTENT);
  const range = { start: 10, end: 14 };
  assert.deepEqual(await buffer(await store.get(NAME, { range, signal })), CONTENT.subarray(10, 15));
});

test('a range that is not there is an error, not the whole object', async (t) => {
  const { store, put } = await start(t);
  await put(`backups/${NAME}`);
  const range = { start: 20_000, end: 20_001 };
  await assert.rejects(
    store.get(NAME, { range, signal }),
    isLike({ code: 'STORE_FAILED', parameters: { storeCode: 'InvalidRange' } }),
  );
});

for (const kind of ['reset', 'truncate'] as const) {
  test(`a download that is cut (${kind}) ends with an error, never as if it were whole`, async (t) => {
    const { server, store, put } = await start(t);
    // So large that a reset cannot overtake the head of the answer.
    await put(`backups/${NAME}`, {}, Buffer.alloc(16 * 1024 * 1024));
    const half = 8 * 1024 * 1024;
    const fault = kind === 'reset' ? { kind, afterBytes: half } : { kind, keepBytes: half };
    server.fail({ operation: 'GetObject', fault });
    const reading = buffer(await store.get(NAME, { signal }));
    await assert.rejects(
      reading,
      isLike({ code: 'STORE_FAILED', parameters: { storeCode: 'ConnectionLost' } }),
    );
  });
}

test('a download ends with the reason of the signal', async (t) => {
  const { server, store, put } = await start(t);
  await put(`backups/${NAME}`);
  const held = Promise.withResolvers<void>();
  t.after(() => held.resolve());
  server.fail({ operation: 'GetObject', fault: { kind: 'stall', afterBytes: 100, until: held.promise } });
  const aborter = new AbortController();
  const stream = await store.get(NAME, { signal: aborter.signal });
  const reading = buffer(stream);
  const reason = new Error('stop');
  aborter.abort(reason);
  await assert.rejects(reading, reason);
});

test('a download that nobody reads any more leaves no connection behind', async (t) => {
  const { server, store, put } = await start(t);
  await put(`backups/${NAME}`);
  const held = Promise.withResolvers<void>();
  t.after(() => held.resolve());
  server.fail({ operation: 'GetObject', fault: { kind: 'stall', afterBytes: 100, until: held.promise } });
  const stream = await store.get(NAME, { signal });
  for await (const _ of stream) break;
  await server.waitForRequest(({ status }) => status === 'dropped');
});

test('a removed object is gone, one that was not there counts as removed', async (t) => {
  const { server, store, put } = await start(t);
  await put(`backups/${NAME}`);
  assert.equal(await store.remove(NAME, signal), 'removed');
  assert.equal(await store.remove(NAME, signal), 'removed');
  assert.deepEqual(server.objects(bucket), []);
});

test('what versions or a retention rule keep is told apart from what is gone', async (t) => {
  const versioned = await start(t, { server: { buckets: [{ name: bucket, versioning: 'Enabled' }] } });
  await versioned.put(`backups/${NAME}`);
  assert.equal(await versioned.store.remove(NAME, signal), 'versioned');
  assert.equal(await versioned.store.stat(NAME, signal), undefined);

  const protectedBucket = await start(t, { server: { buckets: [{ name: bucket, worm: true }] } });
  await protectedBucket.put(`backups/${NAME}`);
  assert.equal(await protectedBucket.store.remove(NAME, signal), 'immutable');
  assert.equal((await protectedBucket.store.stat(NAME, signal))?.sizeBytes, CONTENT.length);
});

test('each refusal names the object and keeps the code of OSS', async (t) => {
  const { server, store } = await start(t);
  server.fail({ fault: { kind: 'error', code: 'AccessDenied' }, times: Infinity });
  const denied = (code: string) =>
    isLike({ code, parameters: { storeCode: 'AccessDenied' } }, /backups\/backups\//);
  await assert.rejects(store.stat(NAME, signal), denied('CONFIRM_FAILED'));
  await assert.rejects(store.get(NAME, { signal }), denied('STORE_FAILED'));
  await assert.rejects(store.remove(NAME, signal), denied('STORE_FAILED'));
  await assert.rejects(Array.fromAsync(store.list(signal)), denied('STORE_FAILED'));
});

function isLike(
  expected: { code: string; parameters: { storeCode: string } },
  message = /./,
): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof PgBackupError);
    assert.equal(error.code, expected.code);
    assert.equal(error.parameters['storeCode'], expected.parameters.storeCode);
    assert.match(error.message, message);
    return true;
  };
}

async function start(
  t: TestContext,
  options: { server?: Partial<OssServerOptions>; target?: Partial<OssTarget> } = {},
) {
  const server = await startTestServer(t, options.server);
  const store = ossObjects(openOssClient(targetAt(server, options.target), credentialsOf()));
  const sdk = aliOss(server);
  const put = (key: string, headers: Record<string, string> = {}, content = CONTENT) =>
    sdk.put(key, content, { headers });
  return { server, store, put };
}
