import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { describeError } from '../../src/errors.ts';
import type { Artifact } from '../../src/report/record.ts';
import type { OssTarget } from '../../src/storage/oss-target.ts';
import { openOssutilStore } from '../../src/storage/ossutil.ts';
import { openUploadStates } from '../../src/storage/upload-state.ts';
import { missing, ossutilPath } from '../harness/parts.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { aliOss, bucket, permanentKey, startTestServer, temporaryKey } from '../oss-server/clients.ts';
import type { Credential, OssServer, OssServerOptions } from '../oss-server/server.ts';
import { credentialsOf, targetAt } from './oss-test-target.ts';
import { ALL_WAIT, NOBODY_WAITS } from './upload-fates.ts';

const { signal } = new AbortController();
const skip = missing('ossutil');
const environment = { PATH: dirname(ossutilPath() ?? '/') };
const NAME = 'shop öl_20251011T180000Z_db01.dump';
const SECOND_KEY: Credential = { ...temporaryKey, accessKeyId: 'STS.second', securityToken: 'second-token' };
const KEY = `backups/${NAME}`;
const MULTIPART_BYTES = 120 * 1024 * 1024;

test('a file is sent with what the settings say of new objects', { skip }, async (t) => {
  const { server, put } = await start(t, {
    target: {
      ...{ serverSideEncryption: 'KMS', kmsKeyId: 'key-1', storageClass: 'IA' },
      tags: 'app=my community&kind=a/b+c:d',
    },
  });
  await put('content');
  const [object] = server.objects(bucket);
  assert.equal(object?.key, KEY);
  assert.deepEqual(object?.tags, { app: 'my community', kind: 'a/b+c:d' });
  assert.equal(object?.headers['x-oss-server-side-encryption'], 'KMS');
  assert.equal(object?.headers['x-oss-server-side-encryption-key-id'], 'key-1');
  assert.equal(object?.headers['x-oss-storage-class'], 'IA');
  assert.match(object?.metadata['sha256'] ?? '', /^[0-9a-f]{64}$/);
});

test('a large file gets the same, in parts', { skip }, async (t) => {
  const { server, put } = await start(t, { target: { storageClass: 'IA', tags: 'app=x' } });
  await put(MULTIPART_BYTES);
  const [object] = server.objects(bucket);
  assert.equal(object?.sizeBytes, MULTIPART_BYTES);
  assert.deepEqual(object?.tags, { app: 'x' });
  assert.equal(object?.headers['x-oss-storage-class'], 'IA');
  assert.ok(server.requests.some(({ operation }) => operation === 'UploadPart'));
});

test('another object of that name stays', { skip }, async (t) => {
  const { server, put } = await start(t);
  await aliOss(server).put(KEY, Buffer.from('somebody'));
  await assert.rejects(put('content'), { code: 'OBJECT_EXISTS' });
  await assert.rejects(put(MULTIPART_BYTES), { code: 'OBJECT_EXISTS' });
  assert.equal(server.objects(bucket)[0]?.sizeBytes, 8);
  await put('content', { overwrite: true });
  assert.equal(server.objects(bucket)[0]?.sizeBytes, 7);
});

test('keys and litter are gone when the upload has ended, well or not', { skip }, async (t) => {
  const { server, directory, put } = await start(t);
  await put('content');
  server.fail({ operation: 'PutObject', fault: { kind: 'error', code: 'AccessDenied' } });
  await assert.rejects(put('content', { overwrite: true }), { code: 'UPLOAD_FAILED' });
  assert.deepEqual(readdirSync(join(directory, 'ossutil')), []);
});

test('temporary keys that expired are renewed', { skip }, async (t) => {
  const expired = { ...temporaryKey, expiresAtMilliseconds: Date.now() - 1000 };
  const { server, credentials, put } = await start(t, {
    server: { credentials: [expired, SECOND_KEY] },
    keys: [expired, SECOND_KEY],
  });
  await put('content');
  assert.equal(credentials.renewals, 1);
  assert.equal(server.objects(bucket).length, 1);
});

test('keys that expire in the middle are renewed, and the upload goes on where it was', {
  skip,
}, async (t) => {
  const { server, put } = await start(t, {
    server: { credentials: [temporaryKey, SECOND_KEY] },
    keys: [temporaryKey, SECOND_KEY],
  });
  const putting = put(MULTIPART_BYTES);
  await server.waitForRequest(({ operation, status }) => operation === 'UploadPart' && status === 200);
  server.addCredential({ ...temporaryKey, expiresAtMilliseconds: Date.now() });
  await putting;
  assert.equal(server.objects(bucket)[0]?.sizeBytes, MULTIPART_BYTES);
  const begun = server.requests.filter(
    ({ operation, status }) => operation === 'InitiateMultipartUpload' && status === 200,
  );
  assert.equal(begun.length, 1);
  assert.ok(
    server.requests.some(
      ({ accessKeyId, status }) => accessKeyId === SECOND_KEY.accessKeyId && status === 200,
    ),
  );
});

test('keys that cannot be renewed are told', { skip }, async (t) => {
  const { put } = await start(t, { server: { credentials: [] }, keys: [temporaryKey] });
  await assert.rejects(put('content'), isFailure('InvalidAccessKeyId'));
});

test('the parts of an upload that failed are given up', { skip }, async (t) => {
  const { server, put } = await start(t);
  server.fail({
    operation: 'UploadPart',
    partNumber: 2,
    fault: { kind: 'error', code: 'AccessDenied' },
    times: Infinity,
  });
  await assert.rejects(put(MULTIPART_BYTES), isFailure('AccessDenied'));
  assert.deepEqual(server.uploads(bucket), []);
});

test('the parts that a killed upload of the same object left are given up, others stay', {
  skip,
}, async (t) => {
  const { server, put } = await start(t);
  const sdk = aliOss(server);
  await sdk.initMultipartUpload(KEY);
  await sdk.initMultipartUpload(`${KEY}.sha256`);
  await put(MULTIPART_BYTES);
  assert.deepEqual(
    server.uploads(bucket).map(({ key }) => key),
    [`${KEY}.sha256`],
  );
});

test('a key that may not list uploads can upload all the same', { skip }, async (t) => {
  const { server, put } = await start(t);
  const fault = { kind: 'error', code: 'AccessDenied' } as const;
  server.fail({ operation: 'ListMultipartUploads', fault, times: Infinity });
  await put(MULTIPART_BYTES);
  assert.equal(server.objects(bucket).length, 1);
});

test('a clock that is off is told with the drift', { skip }, async (t) => {
  const { server, put } = await start(t);
  server.fail({ fault: { kind: 'clock-skew', seconds: 3600 }, times: Infinity });
  await assert.rejects(put('content'), (error: Error) => {
    assert.match(error.message, /RequestTimeTooSkewed: .* it is (3599|3600|3601) s behind/);
    return true;
  });
});

const ADDRESSES: Readonly<Record<string, (server: OssServer) => Partial<OssTarget>>> = {
  'a custom domain': ({ port }) => ({ endpoint: `http://localhost:${port}`, addressing: 'cname' }),
  'the path': ({ port }) => ({ endpoint: `http://localhost:${port}`, addressing: 'path' }),
};
for (const [what, change] of Object.entries(ADDRESSES)) {
  test(`a bucket is reached by ${what}`, { skip }, async (t) => {
    const cnames = what === 'a custom domain' ? { localhost: bucket } : {};
    const { server, put } = await start(t, { server: { cnames }, change });
    await put('content');
    await put(MULTIPART_BYTES, { overwrite: true });
    assert.equal(server.objects(bucket)[0]?.key, KEY);
    const hosts = new Set(server.requests.map(({ headers }) => headers['host']));
    assert.deepEqual([...hosts], [`localhost:${server.port}`]);
  });
}

test('a server that falls silent is asked again in good time', { skip, timeout: 30_000 }, async (t) => {
  const { server, put } = await start(t, { readTimeoutSeconds: 1 });
  server.fail({ operation: 'PutObject', fault: { kind: 'hold', until: new Promise<void>(() => {}) } });
  await put('content');
  assert.equal(server.objects(bucket)[0]?.sizeBytes, 7);
});

for (const [version, said] of [
  ['2.1.2', 'ossutil version 2.1.2'],
  ['v1.6.19', 'ossutil version: v1.6.19'],
] as const) {
  test(`an ossutil ${version} is told plainly, and not used`, async (t) => {
    const [directory, own] = [temporaryDirectory(t), temporaryDirectory(t)];
    // No such version is here: a program says what it says.
    writeFileSync(join(directory, 'ossutil'), `#!/bin/sh\necho '${said}'\n`, { mode: 0o755 });
    const error: unknown = await openOssutilStore({
      target: targetAt({ endpoint: 'http://127.0.0.1:9' }),
      ...{ credentials: credentialsOf(permanentKey), environment: { PATH: directory } },
      ...{ temporaryDirectory: own, uploadsDirectory: own },
    }).catch((reason: unknown) => reason);
    const { code, message } = describeError(error, 'zh');
    assert.equal(code, 'OSSUTIL_UNSUPPORTED');
    assert.match(message, /需要 ossutil 1\.7/);
    assert.ok(message.includes(version), message);
  });
}

test("an upload that the sdk began stays while it may be resumed, and is given up once ossutil's is confirmed", {
  skip,
}, async (t) => {
  const { server, store, uploadsDirectory, put } = await start(t);
  const { uploadId } = await aliOss(server).initMultipartUpload(KEY);
  const states = openUploadStates(uploadsDirectory);
  const known = { version: 1, name: NAME, token: 'token', parts: [] } as const;
  const url = store.url(NAME);
  await states.write({ ...known, url, uploadId });
  const elsewhere = `oss://elsewhere/${NAME}`;
  await states.write({ ...known, url: elsewhere, uploadId: 'ABC' });
  const uploads = () => server.uploads(bucket).map((upload) => upload.uploadId);

  const fault = { kind: 'error', code: 'AccessDenied' } as const;
  server.fail({ operation: 'UploadPart', fault, times: Infinity });
  await assert.rejects(put(MULTIPART_BYTES), isFailure('AccessDenied'));
  assert.deepEqual(uploads(), [uploadId]);
  server.heal();
  await put(MULTIPART_BYTES);
  assert.deepEqual(uploads(), [uploadId]);
  assert.deepEqual(await store.clearAbandoned?.(ALL_WAIT, signal), []);
  assert.deepEqual(uploads(), [uploadId]);

  const left = [`${elsewhere} (${states.pathOf(elsewhere)})`];
  assert.deepEqual(await store.clearAbandoned?.(NOBODY_WAITS, signal), left);
  assert.deepEqual(uploads(), []);
  assert.deepEqual(
    (await states.list()).map((state) => state.url),
    [elsewhere],
  );
  assert.equal(server.objects(bucket)[0]?.sizeBytes, MULTIPART_BYTES);
});

function isFailure(storeCode: string): (error: unknown) => boolean {
  return (error) => {
    const { code, parameters } = error as { code: string; parameters: Record<string, unknown> };
    assert.deepEqual([code, parameters['storeCode']], ['UPLOAD_FAILED', storeCode]);
    return true;
  };
}

async function start(
  t: TestContext,
  options: {
    server?: Partial<OssServerOptions>;
    target?: Partial<OssTarget>;
    keys?: readonly Credential[];
    readTimeoutSeconds?: number;
    change?: (server: OssServer) => Partial<OssTarget>;
  } = {},
) {
  const server = await startTestServer(t, options.server);
  const credentials = credentialsOf(...(options.keys ?? [permanentKey]));
  const directory = temporaryDirectory(t);
  const uploadsDirectory = join(directory, 'uploads');
  const { readTimeoutSeconds } = options;
  const store = await openOssutilStore({
    target: targetAt(server, { ...options.target, ...options.change?.(server) }),
    ...{ credentials, temporaryDirectory: directory, uploadsDirectory, environment },
    ...(readTimeoutSeconds === undefined ? {} : { readTimeoutSeconds }),
  });
  /** Sends a text, or so many bytes of nothing. */
  const put = async (content: string | number, { overwrite = false } = {}): Promise<void> => {
    const file = join(mkdtempSync(join(directory, 'file-')), 'file');
    writeFileSync(file, typeof content === 'string' ? content : '');
    if (typeof content === 'number') truncateSync(file, content);
    await store.put(file, artifactOf(file), { overwrite, signal });
  };
  return { server, credentials, directory, uploadsDirectory, store, put };
}

function artifactOf(file: string): Artifact {
  const bytes = readFileSync(file);
  return { name: NAME, sizeBytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}
