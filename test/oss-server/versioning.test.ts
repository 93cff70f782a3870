import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type OSS from 'ali-oss';
import { missing } from '../harness/parts.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { aliOss, bucket, ossutil, startTestServer } from './clients.ts';

const forbidOverwrite = () => ({ headers: { 'x-oss-forbid-overwrite': 'true' } });
const immutable = { status: 409, code: 'FileImmutable' };

test('versioning: a delete hides the object, and an overwritten one stays', async (t) => {
  const dataDirectory = temporaryDirectory(t);
  const buckets = [{ name: bucket, versioning: 'Enabled' as const }];
  const server = await startTestServer(t, { buckets, dataDirectory });
  const client = aliOss(server);
  const first = versionOf(await client.put('k', Buffer.from('first')));
  // OSS ignores the header in a versioned bucket.
  const second = versionOf(await client.put('k', Buffer.from('second'), forbidOverwrite()));
  assert.ok(first && second && first !== second);
  assert.equal(versionOf(await client.head('k')), second);
  assert.equal(server.objects(bucket)[0]?.versionId, second);

  const deleted = await client.delete('k');
  const marker = versionOf(deleted);
  assert.equal(deleted.res.status, 204);
  assert.equal(headersOf(deleted)['x-oss-delete-marker'], 'true');
  const versions = [
    ['k', first, false],
    ['k', second, false],
    ['k', marker, true],
  ];
  const isHidden = async (running: typeof server) => {
    await assert.rejects(aliOss(running).head('k'), { status: 404, code: 'NoSuchKey' });
    for (const method of ['GET', 'HEAD']) {
      const { status, headers } = await raw(aliOss(running), method);
      const shown = [status, headers['x-oss-delete-marker'], headers['x-oss-version-id']];
      assert.deepEqual(shown, [404, 'true', marker]);
    }
    assert.deepEqual(running.objects(bucket), []);
    assert.deepEqual((await aliOss(running).list({ 'max-keys': 10 }, {})).objects ?? [], []);
    assert.deepEqual(
      running.versions(bucket).map(({ key, versionId, isDeleteMarker }) => [key, versionId, isDeleteMarker]),
      versions,
    );
  };
  await isHidden(server);
  const { status, headers } = await raw(client, 'GET', 'never there');
  assert.deepEqual([status, headers['x-oss-delete-marker']], [404, undefined]);
  await server.close();
  const next = await startTestServer(t, { buckets, dataDirectory });
  await isHidden(next);
  await aliOss(next).put('k', Buffer.from('third'));
  assert.equal(String((await aliOss(next).get('k')).content), 'third');
});

test('versioning: what is completed or deleted in bulk has a version, too', async (t) => {
  const server = await startTestServer(t, { buckets: [{ name: bucket, versioning: 'Enabled' }] });
  const client = aliOss(server);
  const completed = await client.multipartUpload('k', Buffer.alloc(300_000), { partSize: 100 * 1024 });
  assert.equal(versionOf(completed as never), server.versions(bucket)[0]?.versionId);
  await client.deleteMulti(['k']);
  assert.deepEqual(
    server.versions(bucket).map(({ isDeleteMarker }) => isDeleteMarker),
    [false, true],
  );
});

test('suspended versioning knows one version, called null', async (t) => {
  const server = await startTestServer(t, { buckets: [{ name: bucket, versioning: 'Suspended' }] });
  const client = aliOss(server);
  await client.put('k', Buffer.from('first'));
  assert.equal(versionOf(await client.put('k', Buffer.from('2nd'))), 'null');
  assert.deepEqual(server.versions(bucket), [
    { key: 'k', versionId: 'null', isDeleteMarker: false, sizeBytes: 3 },
  ]);
  assert.equal(versionOf(await client.delete('k')), 'null');
  assert.deepEqual(server.versions(bucket), [
    { key: 'k', versionId: 'null', isDeleteMarker: true, sizeBytes: 0 },
  ]);
});

test('a retention policy protects every object from overwriting and deleting', async (t) => {
  const server = await startTestServer(t, { buckets: [{ name: bucket, worm: true }] });
  const client = aliOss(server);
  const data = Buffer.alloc(100 * 1024);
  const { uploadId } = await client.initMultipartUpload('k');
  const { etag } = await client.uploadPart('k', uploadId, 1, data, 0, data.length);
  await client.put('k', Buffer.from('first'));
  await assert.rejects(client.put('k', Buffer.from('second')), {
    ...immutable,
    ecCode: '0026-00000005',
    message: 'The object you specified is immutable.',
  });
  await assert.rejects(client.put('k', Buffer.from('second'), forbidOverwrite()), {
    code: 'FileAlreadyExists',
  });
  await assert.rejects(client.delete('k'), immutable);
  await assert.rejects(client.deleteMulti(['other', 'k']), immutable);
  await assert.rejects(client.completeMultipartUpload('k', uploadId, [{ number: 1, etag }]), immutable);
  await client.abortMultipartUpload('k', uploadId);
  await client.put('other', Buffer.from('x'));
  await client.delete('never there');
  assert.equal(readFileSync(server.objectPath(bucket, 'k'), 'utf8'), 'first');
  assert.equal(versionOf(await client.head('k')), undefined);
  assert.deepEqual(server.versions(bucket), []);
});

test('a retention policy and versioning', async (t) => {
  const both = (versioning: 'Enabled' | 'Suspended') =>
    startTestServer(t, { buckets: [{ name: bucket, worm: true, versioning }] });
  await assert.rejects(both('Suspended'), /no retention policy where versioning is suspended/);
  const server = await both('Enabled');
  await aliOss(server).put('k', Buffer.from('first'));
  await aliOss(server).put('k', Buffer.from('second'));
  await aliOss(server).delete('k');
  assert.equal(server.versions(bucket).length, 3);
});

test('ossutil: versioned and protected buckets', { skip: missing('ossutil') }, async (t) => {
  const buckets = [
    { name: bucket, versioning: 'Enabled' as const },
    { name: 'protected', worm: true },
    'plain',
  ];
  const server = await startTestServer(t, { buckets });
  const file = join(temporaryDirectory(t), 'file');
  writeFileSync(file, 'x');
  for (const name of [bucket, 'protected']) {
    assert.equal((await ossutil(t, server, ['cp', file, `oss://${name}/k`, '-f'])).exitCode, 0);
  }
  assert.equal((await ossutil(t, server, ['rm', `oss://${bucket}/k`])).exitCode, 0);
  assert.equal(existsSync(server.objectPath(bucket, 'k')), false);
  assert.equal(server.versions(bucket).length, 2);
  const refused = await ossutil(t, server, ['rm', 'oss://protected/k']);
  assert.match(refused.output, /StatusCode=409, ErrorCode=FileImmutable/);
  assert.equal(server.objects('protected').length, 1);

  const ask = async (...args: string[]) => (await ossutil(t, server, args)).output;
  assert.match(await ask('bucket-versioning', '--method', 'get', `oss://${bucket}`), /status:Enabled/);
  assert.match(await ask('bucket-versioning', '--method', 'get', 'oss://plain'), /status:null/);
  assert.match(await ask('worm', 'get', 'oss://protected'), /<State>Locked<\/State>/);
  assert.match(await ask('worm', 'get', 'oss://plain'), /ErrorCode=NoSuchWORMConfiguration/);
});

/** The answer as it came, whatever its status. */
function raw(client: OSS, method: string, object = 'k') {
  interface Sender {
    request(parameters: object): Promise<{ status: number; headers: Record<string, string> }>;
  }
  return (client as unknown as Sender).request({ method, bucket, object });
}

function headersOf({ res }: { res: object }): Record<string, string | undefined> {
  return (res as { headers: Record<string, string | undefined> }).headers;
}

function versionOf(answer: { res: object }): string | undefined {
  return headersOf(answer)['x-oss-version-id'];
}
