import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { crc64 } from 'crc64-ecma182.js';
import { aliOss, bucket, startTestServer } from './clients.ts';

const partSize = 100 * 1024;
const data = Buffer.from(Array.from({ length: 2 * partSize + 5 }, (_, index) => index % 251));

for (const authorizationV4 of [false, true]) {
  test(`${authorizationV4 ? 'V4' : 'V1'}: parts become one object`, async (t) => {
    const server = await startTestServer(t);
    const client = aliOss(server, { authorizationV4 });
    const headers = { 'x-oss-storage-class': 'IA', 'x-oss-server-side-encryption': 'KMS' };
    const meta = { sha256: 'abc' } as never;
    const { res } = await client.multipartUpload('a/k', data, { partSize, headers, meta });
    assert.equal((res.headers as Record<string, string>)['x-oss-hash-crc64ecma'], crc64(data));
    assert.deepEqual(readFileSync(server.objectPath(bucket, 'a/k')), data);
    const [object] = server.objects(bucket);
    assert.equal(object?.crc64, crc64(data));
    assert.deepEqual(object.metadata, { sha256: 'abc' });
    assert.equal(object.headers['x-oss-storage-class'], 'IA');
    assert.equal(object.headers['x-oss-server-side-encryption'], 'KMS');
    const head = (await client.head('a/k')).res.headers as Record<string, string>;
    assert.match(head['etag'] ?? '', /^"[0-9A-F]{32}-3"$/);
    assert.equal(head['x-oss-object-type'], 'Multipart');
    assert.deepEqual(server.uploads(bucket), []);
  });
}

test('pending uploads and their parts are listed page by page', async (t) => {
  const server = await startTestServer(t);
  const client = aliOss(server);
  const a = await client.initMultipartUpload('a');
  const b = await client.initMultipartUpload('b');
  for (const partNumber of [3, 1, 2]) {
    await client.uploadPart('a', a.uploadId, partNumber, data, 0, partSize);
  }
  assert.deepEqual(server.uploads(bucket), [
    { key: 'a', uploadId: a.uploadId, partNumbers: [1, 2, 3] },
    { key: 'b', uploadId: b.uploadId, partNumbers: [] },
  ]);
  const first = await client.listUploads({ 'max-uploads': 1 });
  assert.deepEqual([first.uploads.map(({ name }) => name), first.isTruncated], [['a'], true]);
  const markers = { 'key-marker': 'a', 'upload-id-marker': a.uploadId };
  const second = await client.listUploads({ 'max-uploads': 1, ...markers });
  assert.deepEqual(
    [second.uploads.map(({ uploadId }) => uploadId), second.isTruncated],
    [[b.uploadId], false],
  );
  const parts = await client.listParts('a', a.uploadId, { 'max-parts': 2, 'part-number-marker': 1 } as never);
  assert.deepEqual(
    (parts.parts as unknown as { PartNumber: string; Size: string }[]).map((part) => [
      part.PartNumber,
      part.Size,
    ]),
    [
      ['2', String(partSize)],
      ['3', String(partSize)],
    ],
  );
});

test('an aborted upload is gone', async (t) => {
  const server = await startTestServer(t);
  const { uploadId } = await aliOss(server).initMultipartUpload('k');
  await aliOss(server).abortMultipartUpload('k', uploadId);
  assert.deepEqual(server.uploads(bucket), []);
  const afterwards = aliOss(server).uploadPart('k', uploadId, 1, data, 0, partSize);
  await assert.rejects(afterwards, { status: 404, code: 'NoSuchUpload' });
});

test('a completion must name the parts as they are', async (t) => {
  const server = await startTestServer(t);
  const client = aliOss(server);
  const { uploadId } = await client.initMultipartUpload('k');
  const upload = async (number: number, sizeBytes: number) => {
    const { etag } = await client.uploadPart('k', uploadId, number, data, 0, sizeBytes);
    return { number, etag };
  };
  const one = await upload(1, partSize);
  const small = await upload(2, partSize - 1);
  const last = await upload(3, 1);
  const complete = (parts: { number: number; etag: string }[], key = 'k') =>
    client.completeMultipartUpload(key, uploadId, parts);
  await assert.rejects(complete([]), { status: 400, code: 'MalformedXML' });
  await assert.rejects(complete([one, { number: 7, etag: one.etag }]), { status: 400, code: 'InvalidPart' });
  await assert.rejects(complete([{ ...one, etag: last.etag }]), { status: 400, code: 'InvalidPart' });
  await assert.rejects(complete([one, small, last]), { status: 400, code: 'EntityTooSmall' });
  await assert.rejects(complete([one], 'other'), { status: 404, code: 'NoSuchUpload' });
  await assert.rejects(upload(0, 1), { status: 400, code: 'InvalidArgument' });
  await assert.rejects(upload(10_001, 1), { status: 400, code: 'InvalidArgument' });
  // ali-oss drops a number that comes twice, but not where it differs in type.
  const twice = [one, { ...one, number: '1' as unknown as number }];
  await assert.rejects(complete(twice), { status: 400, code: 'InvalidPartOrder' });
  await complete([one, last]);
  assert.equal(server.objects(bucket)[0]?.sizeBytes, partSize + 1);
});

test('forbid-overwrite holds for the initiation and for the completion', async (t) => {
  const server = await startTestServer(t);
  const client = aliOss(server);
  const headers = { 'x-oss-forbid-overwrite': 'true' };
  const alreadyExists = { status: 409, code: 'FileAlreadyExists' };
  const { uploadId } = await client.initMultipartUpload('k', { headers });
  const { etag } = await client.uploadPart('k', uploadId, 1, data, 0, partSize);
  await client.put('k', Buffer.from('meanwhile'));
  await assert.rejects(client.initMultipartUpload('k', { headers }), alreadyExists);
  const parts = [{ number: 1, etag }];
  await assert.rejects(
    client.completeMultipartUpload('k', uploadId, parts, { headers } as never),
    alreadyExists,
  );
  assert.equal(readFileSync(server.objectPath(bucket, 'k'), 'utf8'), 'meanwhile');
});
