import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import type { LookupFunction } from 'node:net';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type OSS from 'ali-oss';
import { missing } from '../harness/parts.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { aliOss, bucket, ossutil, startTestServer } from './clients.ts';
import type { OssServer } from './server.ts';
import { throwAwayCertificate } from './throw-away-certificate.ts';

const cname = 'dumps.example.com';
const key = 'a b/备份.dump';

for (const authorizationV4 of [false, true]) {
  const version = authorizationV4 ? 'V4' : 'V1';
  for (const [how, name, options, host] of [
    ['by a host of the bucket', 'oss.test', {}, `${bucket}.oss.test`],
    ['by path', 'oss.test', { sldEnable: true }, 'oss.test'],
    ['by a custom domain name', cname, { cname: true }, cname],
  ] as const) {
    test(`${version}: ali-oss reaches the bucket ${how}`, async (t) => {
      const server = await startTestServer(t, { cnames: { [cname]: bucket } });
      const client = aliOssAt(t, server, name, { authorizationV4, ...options });
      await client.put(key, Buffer.from('x'));
      assert.equal(String((await client.get(key)).content), 'x');
      assert.deepEqual((await client.list({ prefix: 'a b/', 'max-keys': 9 }, {})).objects[0]?.name, key);
      assert.deepEqual(
        server.requests.map(({ headers }) => headers['host']),
        Array(3).fill(`${host}:${server.port}`),
      );
    });
  }
}

test('at aliyuncs.com OSS refuses path style', async (t) => {
  const server = await startTestServer(t);
  const client = aliOssAt(t, server, 'oss-cn-hangzhou.aliyuncs.com', { sldEnable: true });
  await assert.rejects(client.put(key, Buffer.from('x')), { code: 'SecondLevelDomainForbidden' });
  await aliOssAt(t, server, 'oss-cn-hangzhou.aliyuncs.com').put(key, Buffer.from('x'));
});

test('ossutil reaches the bucket by a custom domain name', { skip: missing('ossutil') }, async (t) => {
  const server = await startTestServer(t, { cnames: { [cname]: bucket } });
  const file = join(temporaryDirectory(t), 'file');
  writeFileSync(file, 'x');
  const args = ['cp', file, `oss://${bucket}/${key}`, '-f', '--proxy-host', server.endpoint];
  for (const signature of [[], ['--sign-version', 'v4', '--region', 'cn-hangzhou']]) {
    const { exitCode, output } = await ossutil(t, server, args, { cname: `http://${cname}`, signature });
    assert.equal(exitCode, 0, output);
    assert.equal(server.requests.at(-1)?.headers['host'], cname);
    assert.equal(server.objects(bucket)[0]?.key, key);
  }
});

describe('HTTPS', () => {
  test('ali-oss: only with a certificate that it trusts', async (t) => {
    // At an IP address ali-oss asks for the host that the bucket has in its region.
    const tls = throwAwayCertificate(t, [`${bucket}.oss.test`, `${bucket}.oss-cn-hangzhou.aliyuncs.com`]);
    const server = await startTestServer(t, { tls });
    assert.match(server.endpoint, /^https:/);
    const trusting = { ca: tls.cert };
    await aliOss(server, agent(t, new TlsAgent(trusting))).put(key, Buffer.from('x'));
    const byName = agent(t, new TlsAgent({ ...trusting, lookup }));
    const endpoint = `https://oss.test:${server.port}`;
    assert.equal(String((await aliOss(server, { endpoint, ...byName }).get(key)).content), 'x');
    await assert.rejects(aliOss(server, agent(t, new TlsAgent())).head(key), /self-signed certificate/);
    const otherName = { endpoint: `https://other.test:${server.port}`, ...byName };
    await assert.rejects(aliOss(server, otherName).head(key), /does not match certificate/);
  });

  test('a connection can be cut', async (t) => {
    const tls = throwAwayCertificate(t, [`${bucket}.oss-cn-hangzhou.aliyuncs.com`]);
    const server = await startTestServer(t, { tls });
    const client = aliOss(server, agent(t, new TlsAgent({ ca: tls.cert })));
    server.fail({ fault: { kind: 'refuse' } });
    await assert.rejects(client.head(key), { status: -1 });
    server.fail({ fault: { kind: 'reset', afterBytes: 1000 }, operation: 'PutObject' });
    await assert.rejects(client.put(key, Buffer.alloc(1_000_000)), { status: -1 });
    assert.deepEqual(server.objects(bucket), []);
  });

  test('ossutil', { skip: missing('ossutil') }, async (t) => {
    const tls = throwAwayCertificate(t);
    const server = await startTestServer(t, { tls });
    const list = (environment = {}) => ossutil(t, server, ['ls', `oss://${bucket}`], { environment });
    assert.match((await list()).output, /certificate signed by unknown authority/);
    const { exitCode, output } = await list({ SSL_CERT_FILE: tls.caFile });
    assert.equal(exitCode, 0, output);
  });
});

/** A client whose endpoint is the server under another name. */
function aliOssAt(t: TestContext, server: OssServer, name: string, options: object = {}): OSS {
  const endpoint = `http://${name}:${server.port}`;
  return aliOss(server, { endpoint, ...agent(t, new Agent({ lookup })), ...options });
}

function agent(t: TestContext, made: Agent): object {
  t.after(() => made.destroy());
  return made instanceof TlsAgent ? { httpsAgent: made } : { agent: made };
}

const lookup = ((_name, { all }, done) => {
  const address = { address: '127.0.0.1', family: 4 };
  if (all) done(null, [address]);
  else done(null, address.address, address.family);
}) satisfies LookupFunction;
