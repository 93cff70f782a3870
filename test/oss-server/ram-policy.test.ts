import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { missing } from '../harness/parts.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { authorizationOf } from './authorization.ts';
import { aliOss, bucket, ossutil, permanentKey, startTestServer } from './clients.ts';
import type { OssError } from './oss-error.ts';
import { parseRamPolicy } from './ram-policy.ts';
import { type OssServer, type OssServerOptions, startOssServer } from './server.ts';

const limitedKey = { accessKeyId: 'LTAI-limited', accessKeySecret: 'limited secret' };
const data = Buffer.alloc(100 * 1024, 'abc');

const allow = (Action: string | string[], Resource: string | string[], more: object = {}) => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...more,
});
const inBucket = `acs:oss:*:*:${bucket}`;
const object = (pattern: string) => `${inBucket}/${pattern}`;

test('a key without a policy may do everything, one with a policy only what it allows', async (t) => {
  const { server, client } = await limitedTo(t, [allow('oss:PutObject', object('dumps/*'))]);
  await aliOss(server).put('other', data);
  await client.put('dumps/k', data);
  await assert.rejects(client.put('other', data), {
    status: 403,
    code: 'AccessDenied',
    ecCode: '0003-00000001',
    message: 'You have no right to access this object because of bucket acl.',
  });
  await assert.rejects(client.delete('dumps/k'), { status: 403, code: 'AccessDenied' });
  assert.deepEqual(
    server.objects(bucket).map(({ key }) => key),
    ['dumps/k', 'other'],
  );
});

test('a refusal names the action and how it was denied', () => {
  const { demand } = authorizationOf({
    credential: limitedKey,
    policy: parseRamPolicy(policy([{ Effect: 'Deny', Action: 'oss:DeleteObject', Resource: '*' }])),
  });
  const refused = (action: string, NoPermissionType: string) =>
    assert.throws(
      () => demand({ action, resource: 'oss:b/k' }),
      ({ details }: OssError) => {
        const { AccessDeniedDetail } = details as { AccessDeniedDetail: Record<string, string> };
        assert.equal(AccessDeniedDetail['AuthAction'], action);
        assert.equal(AccessDeniedDetail['NoPermissionType'], NoPermissionType);
        return true;
      },
    );
  refused('oss:GetObject', 'ImplicitDeny');
  refused('oss:DeleteObject', 'ExplicitDeny');
});

test('each operation needs the action that OSS publishes for it', async (t) => {
  const { server } = await limitedTo(t, []);
  const account = aliOss(server);
  await account.put('k', data);
  const { uploadId } = await account.initMultipartUpload('k');
  const one = await account.uploadPart('k', uploadId, 1, data, 0, data.length);
  const client = aliOss(server, limitedKey);
  const tagged = { headers: { 'x-oss-tagging': 'a=b' } };
  const withKms = { headers: { 'x-oss-server-side-encryption': 'KMS' } };
  const untyped = client as unknown as Record<
    'getObjectMeta' | 'getObjectTagging',
    (name: string) => Promise<unknown>
  >;
  const listBucket = [inBucket];
  const onObject = [object('k')];
  const steps: [needed: string[], resources: string[], request: () => Promise<unknown>][] = [
    [['oss:GetObject'], onObject, () => client.head('k')],
    [['oss:GetObject'], onObject, () => client.get('k')],
    [['oss:GetObject'], onObject, () => untyped.getObjectMeta('k')],
    [['oss:GetObjectAcl'], onObject, () => client.getACL('k')],
    [['oss:GetObjectTagging'], onObject, () => untyped.getObjectTagging('k')],
    [['oss:PutObject'], onObject, () => client.put('k', data)],
    [['oss:PutObject', 'oss:PutObjectTagging'], onObject, () => client.put('k', data, tagged)],
    [['oss:PutObject', 'oss:PutObjectTagging'], onObject, () => client.initMultipartUpload('k', tagged)],
    [
      ['oss:PutObject', 'kms:GenerateDataKey', 'kms:Decrypt'],
      [...onObject, 'acs:kms:*:*:key/*'],
      () => client.put('k', data, withKms),
    ],
    [['oss:GetObject', 'kms:Decrypt'], [...onObject, 'acs:kms:*:*:key/*'], () => client.get('k')],
    [['oss:ListObjects'], listBucket, () => client.list({ 'max-keys': 1 }, {})],
    [['oss:ListObjects'], listBucket, () => client.listV2({ 'max-keys': '1' }, {})],
    [['oss:ListMultipartUploads'], listBucket, () => client.listUploads({})],
    [['oss:GetBucketInfo'], listBucket, () => client.getBucketInfo(bucket)],
    [['oss:PutObject'], onObject, () => client.uploadPart('k', uploadId, 2, data, 0, data.length)],
    [['oss:ListParts'], onObject, () => client.listParts('k', uploadId)],
    [
      ['oss:PutObject', 'oss:PutObjectTagging'],
      onObject,
      () => client.completeMultipartUpload('k', uploadId, [{ number: 1, etag: one.etag }], tagged as never),
    ],
    [['oss:DeleteObject'], onObject, () => client.deleteMulti(['k'])],
    [['oss:DeleteObject'], onObject, () => client.delete('k')],
  ];
  const limit = (statements: object[]) => server.addCredential({ ...limitedKey, policy: policy(statements) });
  for (const [index, [needed, resources, request]] of steps.entries()) {
    for (const action of needed) {
      limit([allow('*', '*'), { Effect: 'Deny', Action: action, Resource: resources }]);
      const error = { status: 403, code: 'AccessDenied' };
      await assert.rejects(request(), error, `step ${index} without ${action}`);
    }
    limit([allow(needed, resources)]);
    await request();
  }
  const abort = await account.initMultipartUpload('k');
  limit([allow(['oss:PutObject', 'oss:DeleteObject'], object('*'))]);
  await assert.rejects(client.abortMultipartUpload('k', abort.uploadId), { code: 'AccessDenied' });
  limit([allow('oss:AbortMultipartUpload', object('*'))]);
  await client.abortMultipartUpload('k', abort.uploadId);
});

test('a Deny wins over every Allow', async (t) => {
  const { client } = await limitedTo(t, [
    { Effect: 'Deny', Action: ['oss:Delete*'], Resource: object('dumps/*') },
    allow('oss:*', ['*']),
  ]);
  await client.put('dumps/k', data);
  const denied = { status: 403, code: 'AccessDenied', ecCode: '0003-00000201' };
  await assert.rejects(client.delete('dumps/k'), denied);
  await assert.rejects(client.deleteMulti(['dumps/k']), denied);
  await client.put('k', data);
  await client.delete('k');
});

test('a list may be limited to a prefix', { skip: missing('ossutil') }, async (t) => {
  const { server, client } = await limitedTo(t, [
    allow('oss:ListObjects', inBucket, { Condition: { StringLike: { 'oss:Prefix': ['dumps/*', 'x'] } } }),
  ]);
  await client.list({ prefix: 'dumps/', 'max-keys': 1 }, {});
  await client.listV2({ prefix: 'x', 'max-keys': '1' }, {});
  const denied = { status: 403, code: 'AccessDenied' };
  await assert.rejects(client.list({ prefix: 'other/', 'max-keys': 1 }, {}), denied);
  await assert.rejects(client.list({ prefix: 'xy', 'max-keys': 1 }, {}), denied);
  await assert.rejects(client.list({ 'max-keys': 1 }, {}), denied);
  const list = (prefix: string) =>
    ossutil(t, server, ['ls', `oss://${bucket}/${prefix}`], { credential: limitedKey });
  assert.equal((await list('dumps/')).exitCode, 0);
  assert.match((await list('other/')).output, /StatusCode=403, ErrorCode=AccessDenied/);
});

test('ossutil uploads with oss:PutObject and oss:GetObject alone', {
  skip: missing('ossutil'),
}, async (t) => {
  const { server } = await limitedTo(t, [allow(['oss:PutObject', 'oss:GetObject'], object('*'))]);
  const file = join(temporaryDirectory(t), 'file');
  writeFileSync(file, data);
  const upload = (...options: string[]) =>
    ossutil(t, server, ['cp', file, `oss://${bucket}/k`, ...options], { credential: limitedKey });
  assert.equal((await upload('-f')).exitCode, 0);
  assert.equal((await upload()).exitCode, 0);
  const refused = await upload('-f', '--tagging', 'a=b');
  assert.match(refused.output, /ErrorCode=AccessDenied/);
});

for (const missingKeyStatus of [undefined, 403] as const) {
  test(`a missing object without the right to list: ${missingKeyStatus ?? 404}`, async (t) => {
    const read = allow('oss:GetObject', object('*'));
    const { server, client } = await limitedTo(t, [read], missingKeyStatus && { missingKeyStatus });
    const status = missingKeyStatus ?? 404;
    await assert.rejects(client.head('missing'), { status });
    await assert.rejects(client.get('missing'), { status });
    server.addCredential({ ...limitedKey, policy: policy([read, allow('oss:ListObjects', inBucket)]) });
    await assert.rejects(client.head('missing'), { status: 404 });
  });
}

test('who may not read tags does not see their number', async (t) => {
  const { server, client } = await limitedTo(t, [allow('oss:GetObject', object('*'))]);
  await aliOss(server).put('k', data, { headers: { 'x-oss-tagging': 'a=b' } });
  const head = (await client.head('k')).res.headers as Record<string, string>;
  assert.equal(head['x-oss-tagging-count'], undefined);
});

test('a policy that is not understood is an error', async (t) => {
  const good = allow('oss:GetObject', object('*'));
  const bad: Record<string, unknown> = {
    Version: { Version: '2012-10-17', Statement: [good] },
    Statement: { Version: '1', Statement: [] },
    'policy.Id': { Version: '1', Id: 'x', Statement: [good] },
    Effect: policy([{ ...good, Effect: 'allow' }]),
    'Statement.NotAction': policy([{ ...good, NotAction: 'oss:PutObject' }]),
    'Action "oss:PutObjekt"': policy([{ ...good, Action: 'oss:PutObjekt' }]),
    'Action "s3:GetObject"': policy([{ ...good, Action: ['oss:GetObject', 's3:GetObject'] }]),
    'Resource "backups/*"': policy([{ ...good, Resource: 'backups/*' }]),
    'Resource "acs:oss:cn-hangzhou:1:b"': policy([{ ...good, Resource: 'acs:oss:cn-hangzhou:1:b' }]),
    'Condition.IpAddress': policy([{ ...good, Condition: { IpAddress: { 'acs:SourceIp': '10.0.0.1' } } }]),
    'StringLike.oss:Delimiter': policy([{ ...good, Condition: { StringLike: { 'oss:Delimiter': '/' } } }]),
  };
  for (const [field, document] of Object.entries(bad)) {
    assert.throws(
      () => parseRamPolicy(document),
      ({ message }: Error) => message.startsWith(`RAM policy: the OSS server does not understand ${field}`),
      field,
    );
  }
  const credentials = [{ ...permanentKey, policy: bad['Version'] }];
  const options = { dataDirectory: temporaryDirectory(t), region: 'cn-hangzhou', buckets: [bucket] };
  await assert.rejects(startOssServer({ ...options, credentials }), /does not understand Version/);
});

function policy(Statement: readonly object[]) {
  return { Version: '1', Statement };
}

async function limitedTo(
  t: Parameters<typeof startTestServer>[0],
  statements: readonly object[],
  options: Partial<OssServerOptions> | undefined = {},
): Promise<{ server: OssServer; client: ReturnType<typeof aliOss> }> {
  const limited = { ...limitedKey, policy: policy(statements.length > 0 ? statements : [denyAll]) };
  const server = await startTestServer(t, { credentials: [permanentKey, limited], ...options });
  return { server, client: aliOss(server, limitedKey) };
}

const denyAll = { Effect: 'Deny', Action: '*', Resource: '*' };
