import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type OSS from 'ali-oss';
import { missing } from '../harness/parts.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { aliOss, bucket, ossutil, startTestServer } from './clients.ts';

const partSize = 100 * 1024;
const data = Buffer.from(Array.from({ length: 3 * partSize }, (_, index) => index % 251));

test('an upload outlives the server, with its description and its parts', async (t) => {
  const dataDirectory = temporaryDirectory(t);
  const first = await startTestServer(t, { dataDirectory });
  const headers = { 'x-oss-storage-class': 'IA', 'x-oss-tagging': 'a=b' };
  const meta = { sha256: 'abc' } as never;
  const { uploadId } = await aliOss(first).initMultipartUpload('k', { headers, meta });
  await upload(aliOss(first), uploadId, 1);
  const stale = await upload(aliOss(first), uploadId, 2, 0);
  const replaced = await upload(aliOss(first), uploadId, 2);
  assert.notEqual(stale, replaced);
  const before = first.uploads(bucket);
  await first.close();

  const second = await startTestServer(t, { dataDirectory, port: first.port });
  assert.deepEqual(second.uploads(bucket), before);
  const client = aliOss(second);
  const listed = await client.listParts('k', uploadId);
  const parts = [listed.parts].flat() as unknown as { PartNumber: string; ETag: string; Size: string }[];
  assert.deepEqual(
    parts.map(({ PartNumber, Size }) => [PartNumber, Size]),
    [
      ['1', String(partSize)],
      ['2', String(partSize)],
    ],
  );
  const three = await upload(client, uploadId, 3);
  const known = parts.map(({ PartNumber, ETag }) => ({ number: Number(PartNumber), etag: ETag }));
  await client.completeMultipartUpload('k', uploadId, [...known, { number: 3, etag: three }]);
  assert.deepEqual(readFileSync(second.objectPath(bucket, 'k')), data);
  const [object] = second.objects(bucket);
  assert.deepEqual(object?.tags, { a: 'b' });
  assert.deepEqual(object.metadata, { sha256: 'abc' });
  assert.equal(object.headers['x-oss-storage-class'], 'IA');
  assert.deepEqual(readdirSync(join(dataDirectory, 'uploads')), []);
});

test('what a killed server left half written is not taken for a part or an upload', async (t) => {
  const dataDirectory = temporaryDirectory(t);
  const first = await startTestServer(t, { dataDirectory });
  const { uploadId } = await aliOss(first).initMultipartUpload('k');
  await upload(aliOss(first), uploadId, 1);
  await first.close();
  const uploads = join(dataDirectory, 'uploads');
  writeFileSync(join(uploads, uploadId, '2'), 'data without a description');
  appendFileSync(join(uploads, uploadId, '3.json'), '{"number":3,');
  mkdirSync(join(uploads, 'WITHOUT-DESCRIPTION'));
  const second = await startTestServer(t, { dataDirectory });
  assert.deepEqual(second.uploads(bucket), [{ key: 'k', uploadId, partNumbers: [1] }]);
});

test('an upload that was aborted is not there after a restart', async (t) => {
  const dataDirectory = temporaryDirectory(t);
  const first = await startTestServer(t, { dataDirectory });
  const { uploadId } = await aliOss(first).initMultipartUpload('k');
  await upload(aliOss(first), uploadId, 1);
  await aliOss(first).abortMultipartUpload('k', uploadId);
  await first.close();
  const second = await startTestServer(t, { dataDirectory });
  assert.deepEqual(second.uploads(bucket), []);
  const error = { status: 404, code: 'NoSuchUpload', ecCode: '0042-00000104' };
  await assert.rejects(upload(aliOss(second), uploadId, 2), error);
});

test('all parts and all uploads are listed, however many pages that takes', async (t) => {
  const client = aliOss(await startTestServer(t));
  const ids: string[] = [];
  for (const key of ['k', 'k', 'k', 'b', 'c d']) ids.push((await client.initMultipartUpload(key)).uploadId);
  const [uploadId = ''] = ids;
  for (const number of [1, 2, 3, 5, 10_000]) await upload(client, uploadId, number, 0);

  const numbers: number[] = [];
  for (let marker = '0', more = true; more; ) {
    const query = { 'max-parts': 2, 'part-number-marker': marker };
    const page = await client.listParts('k', uploadId, query as never);
    const parts = [page.parts].flat() as unknown as { PartNumber: string }[];
    assert.ok(parts.length <= 2);
    numbers.push(...parts.map(({ PartNumber }) => Number(PartNumber)));
    marker = String(page.nextPartNumberMarker);
    more = String(page.isTruncated) === 'true';
  }
  assert.deepEqual(numbers, [1, 2, 3, 5, 10_000]);

  const found: string[] = [];
  for (let markers = {}, more = true; more; ) {
    const page = await client.listUploads({ 'max-uploads': 2, ...markers });
    found.push(...page.uploads.map(({ uploadId }) => uploadId));
    markers = { 'key-marker': page.nextKeyMarker, 'upload-id-marker': page.nextUploadIdMarker };
    more = page.isTruncated;
  }
  assert.deepEqual(found.toSorted(), ids.toSorted());
  const underPrefix = await client.listUploads({ prefix: 'c', 'max-uploads': 10 });
  assert.deepEqual(
    underPrefix.uploads.map(({ uploadId }) => uploadId),
    [ids[4]],
  );
});

test('ossutil sees unfinished uploads and removes them', { skip: missing('ossutil') }, async (t) => {
  const server = await startTestServer(t);
  const { uploadId } = await aliOss(server).initMultipartUpload('k');
  await upload(aliOss(server), uploadId, 1);
  const list = await ossutil(t, server, ['ls', '-m', `oss://${bucket}`]);
  assert.match(list.output, new RegExp(`${uploadId} +oss://${bucket}/k`));
  const removed = await ossutil(t, server, ['rm', '-m', '-r', '-f', `oss://${bucket}`]);
  assert.equal(removed.exitCode, 0, removed.output);
  assert.deepEqual(server.uploads(bucket), []);
});

/** Uploads that part of the data, or the one that starts at `start`, and returns its ETag. */
async function upload(client: OSS, uploadId: string, number: number, start = (number - 1) * partSize) {
  return (await client.uploadPart('k', uploadId, number, data, start, start + partSize)).etag;
}
