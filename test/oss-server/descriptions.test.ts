import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type OSS from 'ali-oss';
import { missing } from '../harness/parts.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { aliOss, bucket, ossutil, startTestServer } from './clients.ts';

const partSize = 100 * 1024;
const data = Buffer.alloc(partSize + 1, 'abc');
const headers = {
  'x-oss-tagging': 'database=my%20shop&kind=a%2Bb',
  'x-oss-storage-class': 'ColdArchive',
  'x-oss-server-side-encryption': 'KMS',
  'x-oss-server-side-encryption-key-id': '9468da86-3509-4f8d-a61e-6eab1eac',
};
const tags = { database: 'my shop', kind: 'a+b' };
const sse = 'x-oss-server-side-encryption';

// ali-oss changes the headers that it is given.
const ways = {
  'at once': (client: OSS) => client.put('k', data, { headers: { ...headers } }),
  'in parts': (client: OSS) => client.multipartUpload('k', data, { partSize, headers: { ...headers } }),
};
for (const [how, upload] of Object.entries(ways)) {
  for (const authorizationV4 of [false, true]) {
    test(`${authorizationV4 ? 'V4' : 'V1'}: tags, storage class and encryption of what is put ${how}`, async (t) => {
      const server = await startTestServer(t);
      const client = aliOss(server, { authorizationV4 });
      await upload(client);
      const head = (await client.head('k')).res.headers as Record<string, string>;
      assert.equal(head['x-oss-tagging-count'], '2');
      assert.equal(head['x-oss-tagging'], undefined);
      const [object] = server.objects(bucket);
      assert.deepEqual(object?.tags, tags);
      for (const name of ['x-oss-storage-class', sse, `${sse}-key-id`] as const) {
        assert.equal(head[name], headers[name]);
        assert.equal(object.headers[name], headers[name]);
      }
      const tagging = client as unknown as { getObjectTagging(name: string): Promise<{ tag: object }> };
      assert.deepEqual((await tagging.getObjectTagging('k')).tag, tags);
      await assert.rejects(client.get('k'), { status: 403, code: 'InvalidObjectState' });
    });
  }
}

test('tags of the initiation hold without the header at the end; a header at the end replaces them', async (t) => {
  const server = await startTestServer(t);
  const client = aliOss(server);
  const complete = async (key: string, atTheEnd: object) => {
    const { uploadId } = await client.initMultipartUpload(key, { headers: { 'x-oss-tagging': 'a=b' } });
    const { etag } = await client.uploadPart(key, uploadId, 1, data, 0, data.length);
    await client.completeMultipartUpload(key, uploadId, [{ number: 1, etag }], atTheEnd);
  };
  await complete('k1', {});
  await complete('k2', { headers: { 'x-oss-tagging': 'c' } });
  assert.deepEqual(
    server.objects(bucket).map(({ tags }) => tags),
    [{ a: 'b' }, { c: '' }],
  );
});

test('without tags there is no count', async (t) => {
  const server = await startTestServer(t);
  await aliOss(server).put('k', data);
  assert.deepEqual(server.objects(bucket)[0]?.tags, {});
  const head = (await aliOss(server).head('k')).res.headers as Record<string, string>;
  assert.equal(head['x-oss-tagging-count'], undefined);
});

for (const [what, options] of [
  ['at once', []],
  ['in parts', ['--bigfile-threshold', String(partSize), '--part-size', String(partSize)]],
] as const) {
  test(`ossutil: tags and encryption ${what}`, { skip: missing('ossutil') }, async (t) => {
    const server = await startTestServer(t);
    const file = join(temporaryDirectory(t), 'file');
    writeFileSync(file, data);
    const meta =
      'X-Oss-Server-Side-Encryption:KMS#X-Oss-Server-Side-Encryption-Key-Id:key-1#X-Oss-Storage-Class:IA';
    const args = ['cp', file, `oss://${bucket}/k`, '-f', '--tagging', 'a=b&c=d e', '--meta', meta];
    const { exitCode, output } = await ossutil(t, server, [...args, ...options]);
    assert.equal(exitCode, 0, output);
    const [object] = server.objects(bucket);
    assert.deepEqual(object?.tags, { a: 'b', c: 'd e' });
    assert.equal(object.headers[`${sse}-key-id`], 'key-1');
    const shown = await ossutil(t, server, ['object-tagging', '--method', 'get', `oss://${bucket}/k`]);
    assert.match(shown.output, /"c"\s+"d e"/);
    const described = await ossutil(t, server, ['stat', `oss://${bucket}/k`]);
    assert.match(described.output, /^X-Oss-Tagging-Count +: 2$/m);
    assert.match(described.output, /^X-Oss-Server-Side-Encryption-Key-Id +: key-1$/m);
    assert.match(described.output, /^X-Oss-Storage-Class +: IA$/m);
  });
}

test('a description that OSS would refuse is refused', async (t) => {
  const server = await startTestServer(t);
  const client = aliOss(server);
  const tag = (text: string) => ({ 'x-oss-tagging': text });
  const many = (count: number) => Array.from({ length: count }, (_, index) => `k${index}=v`).join('&');
  const tagRefusals: [string, object][] = [
    [many(11), { code: 'InvalidTag' }],
    ['a=1&a=2', { code: 'InvalidTag' }],
    [`${'k'.repeat(129)}=v`, { code: 'InvalidTag', ecCode: '0010-00000209' }],
    [`k=${'v'.repeat(257)}`, { code: 'InvalidTag', ecCode: '0010-00000217' }],
    ['k%21=v', { code: 'InvalidTag', ecCode: '0010-00000212' }],
    ['k=%E5%A4%87', { code: 'InvalidTag' }],
    ['aa=bb=cc', { code: 'InvalidArgument', ecCode: '0010-00000219' }],
    ['=v', { code: 'InvalidArgument' }],
    ['k=%zz', { code: 'InvalidArgument' }],
  ];
  for (const [text, error] of tagRefusals) {
    await assert.rejects(client.put('k', data, { headers: tag(text) }), { status: 400, ...error }, text);
    await assert.rejects(client.initMultipartUpload('k', { headers: tag(text) }), { status: 400, ...error });
  }
  const keyForAes = { [sse]: 'AES256', [`${sse}-key-id`]: 'key' };
  await assert.rejects(client.put('k', data, { headers: keyForAes }), { code: 'InvalidArgument' });
  assert.deepEqual(server.objects(bucket), []);
  await client.put('k', data, { headers: tag(`${many(9)}&${'k'.repeat(128)}=${'v'.repeat(256)}`) });
  assert.equal(Object.keys(server.objects(bucket)[0]?.tags ?? {}).length, 10);
});
