import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { crc64 } from 'crc64-ecma182.js';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { aliOss, bucket, startTestServer } from './clients.ts';

const crc64Header = 'x-oss-hash-crc64ecma';

for (const authorizationV4 of [false, true]) {
  const version = authorizationV4 ? 'V4' : 'V1';

  test(`${version}: what was put comes back, with its description`, async (t) => {
    const server = await startTestServer(t);
    const client = aliOss(server, { authorizationV4 });
    const key = `a b/c+d%e&f=g?h#i/备份'(!*).dump`;
    const data = Buffer.from('123456789');
    const put = await client.put(key, data, {
      mime: 'application/x-dump',
      meta: { sha256: 'abc' } as never,
      headers: { 'x-oss-storage-class': 'IA', 'x-oss-server-side-encryption': 'AES256' },
    });
    // The check value of CRC-64/XZ, which is what OSS uses.
    const expectedCrc64 = '11051210869376104954';
    assert.equal(headersOf(put.res)[crc64Header], expectedCrc64);

    const { meta, res } = await client.head(key);
    const {
      date,
      'x-oss-request-id': requestId,
      'last-modified': lastModified,
      ...described
    } = headersOf(res);
    assert.deepEqual(meta, { sha256: 'abc' });
    assert.deepEqual(described, {
      server: 'AliyunOSS',
      'accept-ranges': 'bytes',
      connection: 'keep-alive',
      'keep-alive': 'timeout=5',
      'content-length': '9',
      'content-type': 'application/x-dump',
      etag: '"25F9E794323B453885F5181F1B624D0B"',
      'x-oss-hash-crc64ecma': expectedCrc64,
      'x-oss-meta-sha256': 'abc',
      'x-oss-object-type': 'Normal',
      'x-oss-server-side-encryption': 'AES256',
      'x-oss-storage-class': 'IA',
    });
    assert.match(requestId ?? '', /^[0-9A-F]{24}$/);
    assert.ok(Math.abs(Date.parse(lastModified ?? '') - Date.parse(date ?? '')) < 60_000);

    assert.deepEqual((await client.get(key)).content, data);
    assert.deepEqual(readFileSync(server.objectPath(bucket, key)), data);
    const [object] = server.objects(bucket);
    assert.deepEqual(
      [object?.key, object?.sizeBytes, object?.crc64, object?.metadata],
      [key, 9, expectedCrc64, { sha256: 'abc' }],
    );

    await client.delete(key);
    await assert.rejects(client.head(key), { status: 404, code: 'NoSuchKey' });
    await assert.rejects(client.get(key), { status: 404, code: 'NoSuchKey', ecCode: '0026-00000001' });
    await client.delete(key);
  });

  test(`${version}: objects are listed page by page, by both versions of the list`, async (t) => {
    const server = await startTestServer(t);
    const client = aliOss(server, { authorizationV4 });
    const keys = ['a/1', 'a/2', 'b', 'b c', 'ﬀ', '😀'];
    for (const key of keys.toReversed()) await client.put(key, Buffer.from(key));

    const byMarker: string[] = [];
    for (let marker: string | undefined; marker !== null; ) {
      const page = await client.list({ 'max-keys': 2, ...(marker ? { marker } : {}) }, {});
      assert.equal(page.objects.length, 2);
      byMarker.push(...page.objects.map(({ name }) => name));
      marker = page.nextMarker;
      assert.equal(page.isTruncated, marker !== null);
    }
    assert.deepEqual(byMarker, keys);

    const byToken: string[] = [];
    for (let token: string | undefined; token !== null; ) {
      const query = { 'max-keys': '4', ...(token ? { 'continuation-token': token } : {}) };
      const page = await client.listV2(query, {});
      byToken.push(...page.objects.map(({ name }) => name));
      token = page.nextContinuationToken as unknown as string;
    }
    assert.deepEqual(byToken, keys);

    const top = await client.list({ delimiter: '/', 'max-keys': 2, 'encoding-type': 'url' }, {});
    assert.deepEqual(top.prefixes, ['a%2F']);
    assert.deepEqual(
      top.objects.map(({ name, size }) => [name, size]),
      [['b', 1]],
    );
    assert.equal(top.nextMarker, 'b');
    const rest = await client.list({ delimiter: '/', marker: 'a/', 'max-keys': 1 }, {});
    assert.deepEqual([rest.prefixes, rest.objects.map(({ name }) => name)], [null, ['b']]);
    const under = await client.list({ prefix: 'a/', 'max-keys': 1000 }, {});
    assert.deepEqual(
      under.objects.map(({ name }) => name),
      ['a/1', 'a/2'],
    );
    const folder = await client.list({ prefix: 'a/', delimiter: '/', 'max-keys': 1000 }, {});
    assert.deepEqual([folder.prefixes, folder.objects.length], [null, 2]);
    await assert.rejects(client.list({ 'max-keys': 1001 }, {}), { code: 'InvalidArgument' });
  });

  test(`${version}: many objects are deleted at once`, async (t) => {
    const server = await startTestServer(t);
    const client = aliOss(server, { authorizationV4 });
    for (const key of ['<&>"', 'b', 'c', 'd']) await client.put(key, Buffer.from('x'));
    const { deleted } = await client.deleteMulti(['<&>"', 'b', 'never there']);
    assert.deepEqual(
      deleted?.map((entry) => (entry as unknown as { Key: string }).Key),
      ['<&>"', 'b', 'never there'],
    );
    assert.deepEqual((await client.deleteMulti(['c'], { quiet: true })).deleted, []);
    assert.deepEqual(
      server.objects(bucket).map(({ key }) => key),
      ['d'],
    );
  });
}

test('a range comes alone; one that is not inside the object brings all of it, or what the standard says', async (t) => {
  const client = aliOss(await startTestServer(t));
  await client.put('k', Buffer.from('0123456789'));
  const get = async (Range: string, standard = false) => {
    const headers = { Range, ...(standard ? { 'x-oss-range-behavior': 'standard' } : {}) };
    const { stream, res } = await client.getStream('k', { headers } as never);
    return [res.status, String(await buffer(stream)), headersOf(res)['content-range']];
  };
  assert.deepEqual(await get('bytes=2-4'), [206, '234', 'bytes 2-4/10']);
  assert.deepEqual(await get('bytes=7-'), [206, '789', 'bytes 7-9/10']);
  assert.deepEqual(await get('bytes=-2'), [206, '89', 'bytes 8-9/10']);
  assert.deepEqual(await get('bytes=8-20'), [200, '0123456789', undefined]);
  assert.deepEqual(await get('bytes=8-20', true), [206, '89', 'bytes 8-9/10']);
  await assert.rejects(get('bytes=10-20', true), { status: 416 });
});

test('an object is not overwritten where the request forbids it', async (t) => {
  const server = await startTestServer(t);
  const client = aliOss(server);
  const headers = { 'x-oss-forbid-overwrite': 'true' };
  await client.put('k', Buffer.from('first'), { headers });
  await assert.rejects(client.put('k', Buffer.from('second'), { headers }), {
    status: 409,
    code: 'FileAlreadyExists',
  });
  assert.equal(readFileSync(server.objectPath(bucket, 'k'), 'utf8'), 'first');
  await client.put('k', Buffer.from('third'));
  assert.equal(readFileSync(server.objectPath(bucket, 'k'), 'utf8'), 'third');
});

test('a stream of unknown length is taken', async (t) => {
  const server = await startTestServer(t);
  const data = Buffer.alloc(3_000_000, 'abc');
  await aliOss(server).putStream('k', Readable.from([data.subarray(0, 1_234_567), data.subarray(1_234_567)]));
  assert.equal(server.objects(bucket)[0]?.crc64, crc64(data));
});

test('objects outlive the server', async (t) => {
  const dataDirectory = temporaryDirectory(t);
  const first = await startTestServer(t, { dataDirectory });
  await aliOss(first).put('k', Buffer.from('x'));
  await first.close();
  const second = await startTestServer(t, { dataDirectory, port: first.port });
  assert.equal(second.endpoint, first.endpoint);
  assert.equal(String((await aliOss(second).get('k')).content), 'x');
});

test('a request that OSS would refuse is refused', async (t) => {
  const server = await startTestServer(t);
  const client = aliOss(server);
  const data = Buffer.from('x');
  const put = (headers: object) => client.put('k', data, { headers });
  await assert.rejects(aliOss(server, { bucket: 'unknown-bucket' }).put('k', data), { code: 'NoSuchBucket' });
  await assert.rejects(client.put('\\k', data), { code: 'InvalidObjectName' });
  await assert.rejects(client.put('k'.repeat(1024), data), { code: 'InvalidObjectName' });
  await assert.rejects(put({ 'Content-MD5': 'AAAAAAAAAAAAAAAAAAAAAA==' }), { code: 'InvalidDigest' });
  await assert.rejects(put({ 'x-oss-storage-class': 'Cheap' }), { code: 'InvalidArgument' });
  await assert.rejects(put({ 'x-oss-server-side-encryption': 'ROT13' }), {
    code: 'InvalidEncryptionAlgorithmError',
  });
  const contentLength = 5 * 1024 ** 3 + 1;
  const tooLarge = client.putStream('k', Readable.from([data]), { contentLength } as never);
  await assert.rejects(tooLarge, { status: 400, code: 'EntityTooLarge' });
  assert.deepEqual(server.objects(bucket), []);
});

test('what this server does not know is refused, not ignored', async (t) => {
  const client = aliOss(await startTestServer(t));
  const notImplemented = { status: 501, code: 'NotImplemented' };
  await client.put('k', Buffer.from('x'));
  await assert.rejects(client.getBucketReferer(bucket), notImplemented);
  await assert.rejects(client.copy('copy', 'k'), notImplemented);
  await assert.rejects(client.putACL('k', 'public-read'), notImplemented);
  await assert.rejects(
    client.put('k', Buffer.from('x'), { headers: { 'x-oss-traffic-limit': '819200' } }),
    notImplemented,
  );
  await assert.rejects(client.get('k', undefined, { headers: { 'If-Match': '"x"' } }), notImplemented);
});

test('a bucket describes itself', async (t) => {
  const client = aliOss(await startTestServer(t));
  const { bucket: info } = await client.getBucketInfo(bucket);
  assert.deepEqual([info.Name, info.Location], [bucket, 'oss-cn-hangzhou']);
  await assert.rejects(client.getBucketInfo('unknown-bucket'), { code: 'NoSuchBucket' });
});

function headersOf(response: { headers: object }): Record<string, string | undefined> {
  return response.headers as Record<string, string | undefined>;
}
