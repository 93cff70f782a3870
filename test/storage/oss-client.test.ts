import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { openOssClient } from '../../src/storage/oss-client.ts';
import { OssFailure } from '../../src/storage/oss-errors.ts';
import type { OssTarget } from '../../src/storage/oss-target.ts';
import { bucket, permanentKey, startTestServer, temporaryKey } from '../oss-server/clients.ts';
import type { Credential, OssServer, OssServerOptions } from '../oss-server/server.ts';
import { throwAwayCertificate } from '../oss-server/throw-away-certificate.ts';
import { credentialsOf, targetAt } from './oss-test-target.ts';

const { signal } = new AbortController();
const CONTENT = Buffer.from('twelve bytes');

test('passing faults are tried again until the request is done', async (t) => {
  const codes = ['InternalError', 'ServiceUnavailable', 'QpsLimitExceeded', 'RequestTimeout'] as const;
  const again = async (code: string): Promise<void> => {
    const { server, put } = await start(t);
    server.fail({ operation: 'PutObject', fault: { kind: 'error', code } });
    await put('x');
    assert.equal(server.requests.length, 2, code);
    assert.equal(server.objects(bucket)[0]?.sizeBytes, CONTENT.length);
  };
  await Promise.all(codes.map(again));
});

test('a connection that is reset is tried again', async (t) => {
  const { server, put } = await start(t);
  server.fail({ operation: 'PutObject', fault: { kind: 'refuse' } });
  server.fail({ operation: 'PutObject', fault: { kind: 'reset', afterBytes: 3 } });
  await put('x');
  assert.equal(server.objects(bucket)[0]?.sizeBytes, CONTENT.length);
});

test('a refusal is final', async (t) => {
  for (const code of [
    'AccessDenied',
    'UserDisable',
    'NoSuchBucket',
    'FileAlreadyExists',
    'InvalidArgument',
  ]) {
    const { server, put } = await start(t);
    server.fail({ fault: { kind: 'error', code, ...(code === 'NoSuchBucket' ? { status: 404 } : {}) } });
    await assert.rejects(put('x'), { code, isRefusal: true });
    assert.equal(server.requests.length, 1, code);
  }
});

test('after so many retries the last fault is told', async (t) => {
  const { server, put } = await start(t);
  server.fail({ fault: { kind: 'error', code: 'ServiceUnavailable' }, times: Infinity });
  await assert.rejects(put('x', { retries: 1 }), {
    code: 'ServiceUnavailable',
    status: 503,
    isRefusal: false,
  });
  assert.equal(server.requests.length, 2);
});

test('the deadline ends the retries, and cuts the attempt that is under way', async (t) => {
  const { server, put } = await start(t);
  const held = Promise.withResolvers<void>();
  t.after(() => held.resolve());
  server.fail({ fault: { kind: 'error', code: 'InternalError' } });
  server.fail({ fault: { kind: 'hold', until: held.promise }, times: Infinity });
  const before = performance.now();
  await assert.rejects(put('x', { retries: 100, deadlineMilliseconds: 2_500 }), {
    code: 'ConnectionTimeout',
  });
  assert.ok(performance.now() - before < 10_000);
  assert.equal(server.requests.length, 2);
});

test('one attempt takes no longer than it may, the body included', async (t) => {
  const { server, put } = await start(t);
  const held = Promise.withResolvers<void>();
  t.after(() => held.resolve());
  server.fail({ operation: 'PutObject', fault: { kind: 'stall', afterBytes: 4, until: held.promise } });
  await assert.rejects(put('x', { retries: 0, timeoutMilliseconds: 300 }), { code: 'ConnectionTimeout' });
  await put('x', { retries: 0, timeoutMilliseconds: 30_000 });
});

test('an abort ends the request under way with the reason of the signal, and leaves no connection open', async (t) => {
  const { server, client } = await start(t);
  const held = Promise.withResolvers<void>();
  t.after(() => held.resolve());
  server.fail({ fault: { kind: 'hold', until: held.promise }, times: Infinity });
  const aborter = new AbortController();
  const reason = new Error('stop');
  const putting = client.call((sdk) => sdk.put('x', CONTENT), { signal: aborter.signal });
  await server.waitForRequest(({ operation }) => operation === 'PutObject');
  aborter.abort(reason);
  await assert.rejects(putting, reason);
  await server.waitForRequest(({ status }) => status === 'dropped');
  assert.equal(server.requests.length, 1);
  await assert.rejects(
    client.call((sdk) => sdk.put('x', CONTENT), { signal: aborter.signal }),
    reason,
  );
  assert.equal(server.requests.length, 1);
});

test('temporary keys that expired are renewed once, without costing a retry', async (t) => {
  const renewed: Credential = { ...temporaryKey, accessKeyId: 'STS.second', securityToken: 'second-token' };
  const expired = { ...temporaryKey, expiresAtMilliseconds: Date.now() - 1000 };
  const { server, credentials, put } = await start(t, { credentials: [expired, renewed] }, [
    expired,
    renewed,
  ]);
  await put('x', { retries: 0 });
  await put('y', { retries: 0 });
  assert.equal(credentials.renewals, 1);
  assert.deepEqual(
    server.requests.map(({ status }) => status),
    [403, 200, 200],
  );
});

test('keys that OSS does not know any more are renewed too, and refused for good when there are no others', async (t) => {
  const renewed: Credential = { ...temporaryKey, accessKeyId: 'STS.second', securityToken: 'second-token' };
  const { server, credentials, put } = await start(t, { credentials: [temporaryKey, renewed] }, [
    temporaryKey,
    renewed,
  ]);
  server.removeCredential(temporaryKey.accessKeyId);
  await put('x');
  server.removeCredential(renewed.accessKeyId);
  await assert.rejects(put('y'), { code: 'InvalidAccessKeyId' });
  assert.equal(credentials.renewals, 2);
});

test('permanent keys are never renewed', async (t) => {
  const { server, credentials, put } = await start(t);
  server.removeCredential(permanentKey.accessKeyId);
  await assert.rejects(put('x'), { code: 'InvalidAccessKeyId' });
  assert.equal(credentials.renewals, 0);
});

test('temporary keys are no reason to write to the console', async (t) => {
  const warn = t.mock.method(console, 'warn');
  const { server, client, put } = await start(t, {}, [temporaryKey]);
  server.fail({ operation: 'PutObject', fault: { kind: 'reset', afterBytes: 3 }, times: 2 });
  await put('x', { retries: 1 }).catch(() => undefined);
  const stream = () => Readable.from([CONTENT, CONTENT]);
  server.fail({ operation: 'PutObject', fault: { kind: 'reset', afterBytes: 3 } });
  await client.call((sdk) => sdk.putStream('x', stream()), { signal });
  assert.equal(warn.mock.callCount(), 0);
});

const ADDRESSES: Readonly<Record<string, (server: OssServer) => Partial<OssTarget>>> = {
  'a custom domain': ({ port }) => ({ endpoint: `http://localhost:${port}`, addressing: 'cname' }),
  'the path, at a name': ({ port }) => ({ endpoint: `http://localhost:${port}`, addressing: 'path' }),
  'the path, at an address': ({ endpoint }) => ({ endpoint, addressing: 'path' }),
  'the host name': ({ endpoint }) => ({ endpoint, addressing: 'virtual' }),
};
for (const [what, change] of Object.entries(ADDRESSES)) {
  test(`a bucket is reached by ${what}`, async (t) => {
    const cnames = what === 'a custom domain' ? { localhost: bucket } : {};
    const { server, put } = await start(t, { cnames }, [permanentKey], change);
    await put('x/ü 1', { retries: 0 });
    assert.deepEqual(
      server.objects(bucket).map(({ key }) => key),
      ['x/ü 1'],
    );
  });
}

test('a certificate that nobody trusts is told as such', async (t) => {
  const { put } = await start(t, { tls: throwAwayCertificate(t) });
  await assert.rejects(put('x', { retries: 0 }), { code: 'CertificateRejected', isRefusal: false });
});

test('a name that does not exist and a port where nothing listens are told apart', async (t) => {
  const { server } = await start(t);
  await server.close();
  for (const [endpoint, code, said] of [
    [server.endpoint, 'ConnectionRefused', `connect ECONNREFUSED 127.0.0.1:${server.port}`],
    ['http://oss.invalid', 'HostNotFound', `getaddrinfo ENOTFOUND ${bucket}.oss.invalid`],
  ] as const) {
    const client = openOssClient(targetAt({ endpoint }), credentialsOf(permanentKey));
    const failed = client.call((sdk) => sdk.head('x'), { signal, retries: 0 });
    await assert.rejects(failed, (error) => {
      assert.ok(error instanceof OssFailure);
      assert.equal(error.code, code);
      assert.ok(error.detail.en.endsWith(`; ${said}`), error.detail.en);
      return true;
    });
  }
});

async function start(
  t: TestContext,
  options: Partial<OssServerOptions> = {},
  keys: readonly Credential[] = [permanentKey],
  change: (server: OssServer) => Partial<OssTarget> = () => ({}),
) {
  const server = await startTestServer(t, options);
  const credentials = credentialsOf(...keys);
  const client = openOssClient(targetAt(server, change(server)), credentials);
  const put = (key: string, callOptions: Partial<Parameters<typeof client.call>[1]> = {}) =>
    client.call((sdk) => sdk.put(key, CONTENT), { signal, ...callOptions });
  return { server, credentials, client, put };
}
