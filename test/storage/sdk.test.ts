import assert from 'node:assert/strict';
import { readdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { aliOss, bucket } from '../oss-server/clients.ts';
import { content, KEY, NAME, NEVER, openScene, partsAndABit, sdkStore } from './sdk-test-store.ts';
import { ALL_WAIT, NOBODY_WAITS } from './upload-fates.ts';

const NEW = { overwrite: false, signal: NEVER };
const UNAVAILABLE = { kind: 'error', status: 503, code: 'ServiceUnavailable' } as const;

test('a large file is sent in parts, whole, with its sha256, and nothing is left of the upload', async (t) => {
  const { server, store, write, stored, remembered, count } = await openScene(t);
  const bytes = content(partsAndABit(3));
  const { path, artifact } = write('file', bytes);
  const told: number[] = [];
  await store.put(path, artifact, { ...NEW, onBytes: (sent) => told.push(sent) });
  assert.ok(stored().equals(bytes));
  assert.equal(server.objects(bucket)[0]?.metadata['sha256'], artifact.sha256);
  assert.deepEqual(await store.stat(NAME, NEVER), {
    sizeBytes: artifact.sizeBytes,
    crc64: artifact.crc64,
    sha256: artifact.sha256,
  });
  assert.equal(count('UploadPart'), 4);
  assert.equal(told.length, 4);
  assert.equal(told.at(-1), bytes.length);
  assert.deepEqual(remembered(), []);
  assert.deepEqual(server.uploads(bucket), []);
  assert.ok(server.requests.every(({ signature }) => signature === 'V4'));
});

for (const sizeBytes of [0, 1, 300_000, 8 * 1024 ** 2]) {
  test(`a file of ${sizeBytes} bytes is sent at once`, async (t) => {
    const { server, store, write, stored, count, remembered } = await openScene(t);
    const bytes = content(sizeBytes);
    const { path, artifact } = write('file', bytes);
    const told: number[] = [];
    await store.put(path, artifact, { ...NEW, onBytes: (sent) => told.push(sent) });
    assert.ok(stored().equals(bytes));
    assert.equal(server.objects(bucket)[0]?.metadata['sha256'], artifact.sha256);
    assert.deepEqual([count('PutObject'), count('InitiateMultipartUpload'), told], [1, 0, [sizeBytes]]);
    assert.deepEqual(remembered(), []);
  });
}

for (const sizeBytes of [300_000, partsAndABit(1)]) {
  test(`an object of that name is left alone, unless it may be replaced (${sizeBytes} bytes)`, async (t) => {
    const { server, store, write, stored, remembered } = await openScene(t);
    const { path, artifact } = write('file', content(sizeBytes));
    await aliOss(server).put(KEY, Buffer.from('of somebody else'));
    await assert.rejects(store.put(path, artifact, NEW), { code: 'OBJECT_EXISTS' });
    assert.equal(stored().toString(), 'of somebody else');
    assert.deepEqual(server.uploads(bucket), []);
    assert.deepEqual(remembered(), []);
    await store.put(path, artifact, { ...NEW, overwrite: true });
    assert.ok(stored().equals(content(sizeBytes)));
  });
}

for (const sizeBytes of [1000, partsAndABit(1)]) {
  test(`an object of ${sizeBytes} bytes is what the settings say of new ones`, async (t) => {
    const target = {
      serverSideEncryption: 'KMS',
      kmsKeyId: 'key-1',
      storageClass: 'IA',
      tags: 'app=a b',
    } as const;
    const { server, store, write } = await openScene(t, { target });
    const { path, artifact } = write('dump', content(sizeBytes));
    await store.put(path, artifact, { overwrite: false, signal: NEVER });
    const [object] = server.objects(bucket);
    assert.deepEqual(object?.tags, { app: 'a b' });
    assert.equal(object?.headers['x-oss-server-side-encryption'], 'KMS');
    assert.equal(object?.headers['x-oss-server-side-encryption-key-id'], 'key-1');
    assert.equal(object?.headers['x-oss-storage-class'], 'IA');
  });
}

test('an object that appears while the parts are sent is left alone, and they are given up', async (t) => {
  const { server, store, write, stored, remembered } = await openScene(t);
  const { path, artifact } = write('file', content(partsAndABit(2)));
  const { promise: until, resolve: release } = Promise.withResolvers<void>();
  server.fail({ fault: { kind: 'hold', until }, operation: 'CompleteMultipartUpload' });
  const putting = store.put(path, artifact, NEW);
  await server.waitForRequest(({ operation }) => operation === 'CompleteMultipartUpload');
  await aliOss(server).put(KEY, Buffer.from('of somebody else'));
  release();
  await assert.rejects(putting, { code: 'OBJECT_EXISTS' });
  assert.equal(stored().toString(), 'of somebody else');
  assert.deepEqual([server.uploads(bucket), remembered()], [[], []]);
});

for (const [what, fault, times] of [
  ['a connection that is refused', { kind: 'refuse' }, 1],
  ['a connection that breaks within the body', { kind: 'reset', afterBytes: 10_000 }, 1],
  ['a store that is unavailable thrice', UNAVAILABLE, 3],
  ['a body that was damaged on its way', { kind: 'error', status: 400, code: 'InvalidDigest' }, 2],
] as const) {
  test(`${what}: that part alone is sent again`, async (t) => {
    const { server, store, write, stored, count } = await openScene(t);
    const bytes = content(partsAndABit(2));
    const { path, artifact } = write('file', bytes);
    server.fail({ fault, times, operation: 'UploadPart' });
    await store.put(path, artifact, NEW);
    assert.ok(stored().equals(bytes));
    assert.equal(count('UploadPart'), 3 + times);
  });
}

for (const operation of ['PutObject', 'InitiateMultipartUpload', 'CompleteMultipartUpload'] as const) {
  test(`${operation} is tried again after passing faults`, async (t) => {
    const { server, store, write, stored, count } = await openScene(t);
    const bytes = content(operation === 'PutObject' ? 70 : partsAndABit(1));
    const { path, artifact } = write('file', bytes);
    server.fail({ fault: { kind: 'refuse' }, operation });
    server.fail({ fault: UNAVAILABLE, operation });
    await store.put(path, artifact, NEW);
    assert.ok(stored().equals(bytes));
    assert.equal(count(operation), 3);
  });
}

for (const operation of ['UploadPart', 'CompleteMultipartUpload'] as const) {
  test(`a refusal of ${operation} is final: it is not tried again, and no parts stay`, async (t) => {
    const { server, store, write, count, remembered } = await openScene(t);
    const { path, artifact } = write('file', content(partsAndABit(2)));
    const times = Number.POSITIVE_INFINITY;
    server.fail({ fault: { kind: 'error', status: 403, code: 'AccessDenied' }, operation, times });
    await assert.rejects(store.put(path, artifact, NEW), {
      code: 'UPLOAD_FAILED',
      message: /AccessDenied.*403/,
    });
    assert.ok(count(operation) <= 3, String(count(operation)));
    assert.equal(count('AbortMultipartUpload'), 1);
    assert.deepEqual([server.uploads(bucket), remembered(), server.objects(bucket)], [[], [], []]);
  });
}

test('what a refused upload may not abort is remembered, and cleared once it may', async (t) => {
  const { server, store, write, remembered } = await openScene(t);
  const { path, artifact } = write('file', content(partsAndABit(1)));
  server.fail({
    fault: { kind: 'error', status: 403, code: 'AccessDenied' },
    operation: 'UploadPart',
    times: 2,
  });
  server.fail({
    fault: { kind: 'error', status: 403, code: 'AccessDenied' },
    operation: 'AbortMultipartUpload',
    times: 2,
  });
  await assert.rejects(store.put(path, artifact, NEW), { code: 'UPLOAD_FAILED' });
  assert.equal(remembered().length, 1);
  assert.deepEqual(
    await store.clearAbandoned?.({ ...NOBODY_WAITS, isWaiting: (name) => name === NAME }, NEVER),
    [],
  );
  assert.equal(remembered().length, 1);
  assert.deepEqual(await store.clearAbandoned?.(NOBODY_WAITS, NEVER), [NAME]);
  assert.equal(remembered().length, 1);
  assert.deepEqual(await store.clearAbandoned?.(NOBODY_WAITS, NEVER), []);
  assert.deepEqual([server.uploads(bucket), remembered()], [[], []]);
  assert.deepEqual(await store.clearAbandoned?.(NOBODY_WAITS, NEVER), []);
});

test('an outage that lasts leaves the upload to be resumed, and the next attempt sends only the rest', async (t) => {
  const { server, store, write, stored, count, remembered } = await openScene(t, { retries: 2 });
  const bytes = content(partsAndABit(4));
  const { path, artifact } = write('file', bytes);
  // Parts are sent in order: the later ones find the store gone.
  const { promise: until, resolve: release } = Promise.withResolvers<void>();
  server.fail({ fault: { kind: 'hold', until }, operation: 'UploadPart', times: 3 });
  const putting = store.put(path, artifact, NEW);
  const failed = assert.rejects(putting, { code: 'UPLOAD_FAILED' });
  await server.waitForRequest(() => count('UploadPart') === 3);
  server.fail({ fault: UNAVAILABLE, operation: 'UploadPart', times: Number.POSITIVE_INFINITY });
  release();
  await failed;
  const [pending] = server.uploads(bucket);
  assert.deepEqual(pending?.partNumbers, [1, 2, 3]);
  assert.equal(remembered().length, 1);
  server.heal();
  const before = count('UploadPart');
  const told: number[] = [];
  await store.put(path, artifact, { ...NEW, onBytes: (sent) => told.push(sent) });
  assert.equal(count('UploadPart') - before, 2);
  assert.equal(told.at(-1), bytes.length);
  assert.equal(count('InitiateMultipartUpload'), 1);
  assert.ok(stored().equals(bytes));
  assert.deepEqual(remembered(), []);
});

test('an interruption ends requests that are under way, and leaves the upload to be resumed', async (t) => {
  const { server, store, write, stored, count, remembered } = await openScene(t);
  const bytes = content(partsAndABit(2));
  const { path, artifact } = write('file', bytes);
  const hold = { kind: 'hold', until: new Promise<void>(() => {}) } as const;
  server.fail({ fault: hold, operation: 'UploadPart', times: 3 });
  const interruption = new AbortController();
  const reason = new Error('interrupted');
  const putting = store.put(path, artifact, { overwrite: false, signal: interruption.signal });
  await server.waitForRequest(() => count('UploadPart') === 3);
  interruption.abort(reason);
  await assert.rejects(putting, reason);
  assert.equal(remembered().length, 1);
  assert.equal(count('AbortMultipartUpload'), 0);
  server.heal();
  await store.put(path, artifact, NEW);
  assert.ok(stored().equals(bytes));
  assert.equal(count('InitiateMultipartUpload'), 1);
});

test('the answer to a completion is lost: what is there is the file, and that is enough', async (t) => {
  const { server, store, write, stored, count, remembered } = await openScene(t);
  const bytes = content(partsAndABit(1));
  const { path, artifact } = write('file', bytes);
  const { promise: until, resolve: release } = Promise.withResolvers<void>();
  server.fail({ fault: { kind: 'hold', until }, operation: 'CompleteMultipartUpload' });
  const putting = store.put(path, artifact, NEW);
  await server.waitForRequest(({ operation }) => operation === 'CompleteMultipartUpload');
  const [upload] = server.uploads(bucket);
  const { parts } = await aliOss(server).listParts(KEY, upload?.uploadId ?? '');
  const sent = (parts as unknown as { PartNumber: string; ETag: string }[]).map((part) => {
    return { number: Number(part.PartNumber), etag: part.ETag };
  });
  await aliOss(server).completeMultipartUpload(KEY, upload?.uploadId ?? '', sent);
  release();
  await putting;
  assert.ok(stored().equals(bytes));
  assert.equal(count('InitiateMultipartUpload'), 1);
  assert.deepEqual(remembered(), []);
});

test('an upload that OSS has forgotten is begun anew, once', async (t) => {
  const { server, store, write, stored, count } = await openScene(t);
  const bytes = content(partsAndABit(1));
  const { path, artifact } = write('file', bytes);
  await interruptAtCompletion();
  const [upload] = server.uploads(bucket);
  await aliOss(server).abortMultipartUpload(KEY, upload?.uploadId ?? '');
  await store.put(path, artifact, NEW);
  assert.ok(stored().equals(bytes));
  assert.equal(count('InitiateMultipartUpload'), 2);

  async function interruptAtCompletion(): Promise<void> {
    const interruption = new AbortController();
    const hold = { kind: 'hold', until: new Promise<void>(() => {}) } as const;
    server.fail({ fault: hold, operation: 'CompleteMultipartUpload' });
    const putting = store.put(path, artifact, { overwrite: false, signal: interruption.signal });
    await server.waitForRequest(({ operation }) => operation === 'CompleteMultipartUpload');
    interruption.abort();
    await assert.rejects(putting);
  }
});

test('another file under the same name: what was begun for the first one is given up', async (t) => {
  const { server, store, write, stored, count } = await openScene(t, { retries: 1 });
  const first = write('first', content(partsAndABit(1)));
  server.fail({ fault: UNAVAILABLE, operation: 'CompleteMultipartUpload', times: 20 });
  const { promise: aborted, resolve: abort } = Promise.withResolvers<void>();
  const interruption = new AbortController();
  const putting = store.put(first.path, first.artifact, { overwrite: false, signal: interruption.signal });
  void aborted.then(() => interruption.abort());
  await server.waitForRequest(({ operation }) => operation === 'CompleteMultipartUpload');
  abort();
  await assert.rejects(putting);
  server.heal();
  const bytes = content(partsAndABit(2), 2);
  const second = write('second', bytes);
  await store.put(second.path, second.artifact, NEW);
  assert.ok(stored().equals(bytes));
  assert.deepEqual([count('AbortMultipartUpload'), server.uploads(bucket)], [1, []]);
  assert.equal(server.objects(bucket)[0]?.metadata['sha256'], second.artifact.sha256);
});

for (const [operation, sizeBytes] of [
  ['PutObject', 100_000],
  ['UploadPart', partsAndABit(1)],
  ['CompleteMultipartUpload', partsAndABit(1)],
] as const) {
  test(`an object that is cut short at ${operation} is found out, and ours to replace`, async (t) => {
    const { server, store, write, stored, remembered } = await openScene(t);
    const bytes = content(sizeBytes);
    const { path, artifact } = write('file', bytes);
    server.fail({ fault: { kind: 'truncate', keepBytes: 7 }, operation });
    const putting = store.put(path, artifact, NEW);
    // The answer is that of the whole; who sends, asks the store again afterwards.
    if (operation === 'PutObject') await putting;
    else await assert.rejects(putting, { code: 'REMOTE_MISMATCH' });
    const present = await store.stat(NAME, NEVER);
    assert.notEqual(present?.crc64, artifact.crc64);
    assert.equal(present?.sha256, artifact.sha256);
    await store.put(path, artifact, { ...NEW, overwrite: true });
    assert.ok(stored().equals(bytes));
    assert.deepEqual([server.uploads(bucket), remembered()], [[], []]);
  });

  if (operation === 'UploadPart') continue;
  test(`another CRC-64 in the answer to ${operation} is a failure`, async (t) => {
    const { server, store, write } = await openScene(t);
    const { path, artifact } = write('file', content(sizeBytes));
    server.fail({ fault: { kind: 'wrong-crc' }, operation });
    await assert.rejects(store.put(path, artifact, NEW), {
      code: 'REMOTE_MISMATCH',
      message: new RegExp(`instead of ${artifact.crc64}`),
    });
    assert.deepEqual(server.uploads(bucket), []);
  });
}

test('a file that is shorter than it was, or gone, is told as such at once', async (t) => {
  const { store, write } = await openScene(t);
  for (const sizeBytes of [300_000, partsAndABit(2)]) {
    const { path, artifact } = write('file', content(sizeBytes));
    truncateSync(path, sizeBytes - 1);
    await assert.rejects(store.put(path, artifact, NEW), {
      code: 'UPLOAD_FAILED',
      message: new RegExp(`ends at ${sizeBytes - 1} bytes`),
    });
    await assert.rejects(store.put(`${path}-gone`, artifact, NEW), { code: 'STORAGE_FAILED' });
  }
});

test('a file that no object can hold is refused before anything is sent', async (t) => {
  const { server, store, write } = await openScene(t);
  const { path, artifact } = write('file', content(10));
  const tooLarge = { ...artifact, sizeBytes: 48.9e12 };
  await assert.rejects(store.put(path, tooLarge, NEW), { code: 'UPLOAD_FAILED', message: /48\.8 TB/ });
  assert.deepEqual(server.requests, []);
});

test('uploads to another bucket or prefix are left to whoever uses that', async (t) => {
  const { server, store, write, uploadsDirectory, directory, remembered } = await openScene(t);
  const { path, artifact } = write('file', content(partsAndABit(1)));
  const refusal = { kind: 'error', status: 403, code: 'AccessDenied' } as const;
  server.fail({ fault: refusal, operation: 'UploadPart', times: 2 });
  server.fail({ fault: refusal, operation: 'AbortMultipartUpload' });
  await assert.rejects(store.put(path, artifact, NEW), { code: 'UPLOAD_FAILED' });
  assert.equal(readdirSync(uploadsDirectory).length, 1);
  const elsewhere = sdkStore(server.endpoint, uploadsDirectory, undefined, { prefix: 'elsewhere' });
  assert.deepEqual(await elsewhere.clearAbandoned?.(ALL_WAIT, NEVER), []);
  const file = join(uploadsDirectory, remembered()[0] ?? '');
  const left = [`${store.url(NAME)} (${file})`];
  assert.deepEqual(await elsewhere.clearAbandoned?.(NOBODY_WAITS, NEVER), left);
  assert.equal(readdirSync(uploadsDirectory).length, 1);
  const neighbour = { ...NOBODY_WAITS, isKnown: () => false };
  assert.deepEqual(await sdkStore(server.endpoint, directory).clearAbandoned?.(neighbour, NEVER), []);
  assert.equal(server.uploads(bucket).length, 1);
});

test('what cannot be cleared because OSS cannot be reached stays remembered', async (t) => {
  const { server, store, write, remembered } = await openScene(t);
  const { path, artifact } = write('file', content(partsAndABit(1)));
  const interruption = new AbortController();
  const hold = { kind: 'hold', until: new Promise<void>(() => {}) } as const;
  server.fail({ fault: hold, operation: 'CompleteMultipartUpload' });
  const putting = store.put(path, artifact, { overwrite: false, signal: interruption.signal });
  await server.waitForRequest(({ operation }) => operation === 'CompleteMultipartUpload');
  interruption.abort();
  await assert.rejects(putting);
  const stopped = AbortSignal.abort();
  assert.deepEqual(await store.clearAbandoned?.(NOBODY_WAITS, stopped), [NAME]);
  assert.equal(remembered().length, 1);
});
