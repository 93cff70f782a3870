import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type OSS from 'ali-oss';
import { missing } from '../harness/parts.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { aliOss, bucket, ossutil, permanentKey, startTestServer, temporaryKey } from './clients.ts';

const wrongSecret = { ...permanentKey, accessKeySecret: 'wrong secret' };
const unknownKey = { ...permanentKey, accessKeyId: 'LTAI-unknown' };
const versions = [
  { version: 'V1', authorizationV4: false, signature: [] },
  { version: 'V4', authorizationV4: true, signature: ['--sign-version', 'v4', '--region', 'cn-hangzhou'] },
] as const;

for (const { version, authorizationV4, signature } of versions) {
  test(`${version}: ali-oss is known by its secret`, async (t) => {
    const server = await startTestServer(t);
    const put = (options: Partial<OSS.Options>) =>
      aliOss(server, { authorizationV4, ...options }).put('k', Buffer.from('x'));
    await assert.rejects(put(wrongSecret), {
      status: 403,
      code: 'SignatureDoesNotMatch',
      ecCode: '0002-00000040',
    });
    await assert.rejects(put(unknownKey), {
      status: 403,
      code: 'InvalidAccessKeyId',
      ecCode: '0002-00000902',
    });
    assert.deepEqual(server.objects(bucket), []);
    await put({});
    assert.deepEqual(
      server.requests.map(({ signature, status }) => [signature, status]),
      [
        [undefined, 403],
        [undefined, 403],
        [version, 200],
      ],
    );
  });

  test(`${version}: ossutil is known by its secret`, { skip: missing('ossutil') }, async (t) => {
    const server = await startTestServer(t);
    const file = join(temporaryDirectory(t), 'file');
    writeFileSync(file, 'x');
    const upload = (credential = permanentKey) =>
      ossutil(t, server, ['cp', file, `oss://${bucket}/a b+c%é/备份.dump`, '-f'], { credential, signature });
    const refused = await upload(wrongSecret);
    assert.equal(refused.exitCode, 1);
    assert.match(refused.output, /StatusCode=403, ErrorCode=SignatureDoesNotMatch/);
    assert.match((await upload(unknownKey)).output, /ErrorCode=InvalidAccessKeyId/);
    assert.deepEqual(server.objects(bucket), []);
    const accepted = await upload();
    assert.equal(accepted.exitCode, 0, accepted.output);
    assert.equal(server.objects(bucket)[0]?.key, 'a b+c%é/备份.dump');
    assert.equal(server.requests.at(-1)?.signature, version);
  });

  for (const [what, tamper] of Object.entries({
    'the key': (url: string) => url.replace('/key', '/other'),
    'a parameter': (url: string) => url.replace('uploadId=', 'uploadId=1'),
    'the metadata': (url: string, headers: Record<string, string>) => {
      headers['x-oss-meta-tool'] = 'changed';
      return url;
    },
    'the type': (url: string, headers: Record<string, string>) => {
      headers['Content-Type'] = 'text/changed';
      return url;
    },
  })) {
    test(`${version}: signs ${what}`, async (t) => {
      const server = await startTestServer(t);
      const client = aliOss(server, { authorizationV4 });
      changeOnTheWay(client, tamper);
      const upload = client.completeMultipartUpload('key', 'id', [], { headers: { 'x-oss-meta-tool': 'x' } });
      await assert.rejects(upload, { code: 'SignatureDoesNotMatch' });
    });
  }

  test(`${version}: a temporary key needs its token`, async (t) => {
    const server = await startTestServer(t);
    const { securityToken, ...key } = temporaryKey;
    const refreshSTSToken = async () => ({ ...key, stsToken: '' });
    const put = (stsToken?: string) =>
      aliOss(server, { authorizationV4, ...key, stsToken, refreshSTSToken }).put('k', Buffer.from('x'));
    await assert.rejects(put(), { code: 'InvalidAccessKeyId', ecCode: '0002-00000003' });
    await assert.rejects(put('another-token'), { code: 'InvalidSecurityToken' });
    await put(securityToken);
  });
}

test('ossutil may use a temporary key', { skip: missing('ossutil') }, async (t) => {
  const server = await startTestServer(t);
  const { exitCode, output } = await ossutil(t, server, ['ls', `oss://${bucket}`], {
    credential: temporaryKey,
  });
  assert.equal(exitCode, 0, output);
});

test('V4: the scope must name the region of the server', async (t) => {
  const server = await startTestServer(t);
  await assert.rejects(aliOss(server, { region: 'oss-cn-beijing' }).head('k'), {
    status: 400,
    code: 'InvalidArgument',
    message: 'Invalid signing region in Authorization header.',
    ecCode: '0002-00000226',
  });
});

test('a request without a signature is answered with the XML of OSS', async (t) => {
  const server = await startTestServer(t);
  const response = await fetch(`${server.endpoint}/${bucket}/k`);
  const requestId = response.headers.get('x-oss-request-id');
  assert.equal(response.status, 403);
  assert.equal(response.headers.get('content-type'), 'application/xml');
  assert.equal(
    await response.text(),
    `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>Anonymous user has no right to access this bucket.</Message><RequestId>${requestId}</RequestId><HostId>127.0.0.1</HostId><EC>0003-00000001</EC></Error>`,
  );
});

type Tamper = (url: string, headers: Record<string, string>) => string;

/** Lets the client sign its request and changes it afterwards. */
function changeOnTheWay(client: OSS, tamper: Tamper): void {
  interface Sender {
    request(url: string, options: { headers: Record<string, string> }): Promise<unknown>;
  }
  const inside = client as unknown as { urllib: Sender };
  const sender = inside.urllib;
  inside.urllib = { request: (url, options) => sender.request(tamper(url, options.headers), options) };
}
