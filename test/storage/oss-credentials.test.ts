import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openOssClient } from '../../src/storage/oss-client.ts';
import { type OssKeys, openOssCredentials } from '../../src/storage/oss-credentials.ts';
import { OssFailure } from '../../src/storage/oss-errors.ts';
import { startChildScript } from '../harness/child-script.ts';
import { missing } from '../harness/parts.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { startTestServer } from '../oss-server/clients.ts';
import { throwAwayCertificate } from '../oss-server/throw-away-certificate.ts';
import { chainSettings } from './chain-settings.ts';
import { targetAt } from './oss-test-target.ts';

const { signal } = new AbortController();
const NO_INSTANCE = { ALIBABA_CLOUD_ECS_METADATA_DISABLED: 'true' };
const MINUTE = 60_000;

test('keys of the settings are given as they are, and stay so', async () => {
  const settings = chainSettings({
    ...{ OSS_CREDENTIALS: 'keys', OSS_ACCESS_KEY_ID: 'id', OSS_ACCESS_KEY_SECRET: 'secret' },
    OSS_SECURITY_TOKEN: 'token',
  });
  const credentials = openOssCredentials(settings, {});
  assert.equal(revealed(await credentials.keys()), 'id secret token');
  assert.equal(revealed(await credentials.keys({ renew: true })), 'id secret token');
});

test('keys come from variables that an env file set', async () => {
  const keys = { ALIBABA_CLOUD_ACCESS_KEY_ID: 'id', ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'secret' };
  assert.equal(revealed(await chain(keys).keys()), 'id secret');
  assert.equal(
    revealed(await chain({ ...keys, ALIBABA_CLOUD_SECURITY_TOKEN: 'token' }).keys()),
    'id secret token',
  );
});

test('keys come from profile files in the home directory', async (t) => {
  const home = emptyHome(t);
  mkdirSync(join(home, '.alibabacloud'));
  writeFileSync(
    join(home, '.alibabacloud/credentials'),
    '[default]\ntype = access_key\naccess_key_id = ini-id\naccess_key_secret = ini-secret\n',
  );
  assert.equal(revealed(await chain(NO_INSTANCE).keys()), 'ini-id ini-secret');
  const profile = { name: 'p', mode: 'AK', access_key_id: 'cli-id', access_key_secret: 'cli-secret' };
  mkdirSync(join(home, '.aliyun'));
  writeFileSync(join(home, '.aliyun/config.json'), JSON.stringify({ current: 'p', profiles: [profile] }));
  assert.equal(revealed(await chain(NO_INSTANCE).keys()), 'cli-id cli-secret');
});

test('a crowd of requests asks the source once, and a refusal makes it ask again', async (t) => {
  const source = await startCredentialsUri(t);
  const credentials = chain(source.environment);
  const crowd = await Promise.all(Array.from({ length: 10 }, () => credentials.keys()));
  assert.deepEqual(new Set(crowd.map(revealed)), new Set(['STS.1 secret-1 token-1']));
  assert.equal(revealed(await credentials.keys()), 'STS.1 secret-1 token-1');
  assert.equal(source.requests, 1);
  const renewing = await Promise.all([1, 2, 3].map(() => credentials.keys({ renew: true })));
  assert.deepEqual(new Set(renewing.map(revealed)), new Set(['STS.2 secret-2 token-2']));
  assert.equal(revealed(await credentials.keys()), 'STS.2 secret-2 token-2');
  assert.equal(source.requests, 2);
});

test('keys are renewed before they end, and kept where that fails', async (t) => {
  const source = await startCredentialsUri(t, { lifetimeMilliseconds: 60 * MINUTE });
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  const credentials = chain(source.environment);
  await credentials.keys();
  t.mock.timers.tick(40 * MINUTE);
  assert.equal(revealed(await credentials.keys()), 'STS.1 secret-1 token-1');
  t.mock.timers.tick(6 * MINUTE);
  assert.equal(revealed(await credentials.keys()), 'STS.2 secret-2 token-2');
  source.answer = () => [500, 'down'];
  t.mock.timers.tick(46 * MINUTE);
  assert.equal(revealed(await credentials.keys()), 'STS.2 secret-2 token-2');
});

test('a chain that found nothing is asked again from its beginning', async (t) => {
  const source = await startCredentialsUri(t);
  const answer = source.answer;
  source.answer = () => [503, 'down'];
  const credentials = chain(source.environment);
  await assert.rejects(credentials.keys(), { code: 'CredentialsUnavailable', isRefusal: false });
  source.answer = answer;
  assert.match(revealed(await credentials.keys()), /^STS\.\d/);
});

test('every source that gave nothing is named with its reason, and never with what it said', async (t) => {
  const source = await startCredentialsUri(t);
  const home = emptyHome(t);
  mkdirSync(join(home, '.aliyun'));
  writeFileSync(join(home, '.aliyun/config.json'), '{ "access_key_secret": "leaked-secret"');
  for (const [answer, reason] of [
    [[500, 'leaked-secret'], 'HTTP 500'],
    [[200, '{"AccessKeyId":"leaked-id","AccessKeySecret":"leaked-secret"}'], 'no keys'],
    [[200, 'leaked-secret'], 'no keys'],
    [[404, '{"Code":"EntityNotExist.Role","Message":"leaked-secret"}'], 'EntityNotExist.Role'],
  ] as const) {
    source.answer = () => [...answer];
    const error: unknown = await chain(source.environment)
      .keys()
      .then(() => assert.fail())
      .catch((reason: unknown) => reason);
    assert.ok(error instanceof OssFailure);
    const expected = `~/.aliyun/config.json: no keys; ~/.alibabacloud/credentials: ENOENT; ALIBABA_CLOUD_CREDENTIALS_URI: ${reason}`;
    assert.ok(error.detail.en.endsWith(expected), error.detail.en);
    const inChinese = expected
      .replaceAll(': ', '：')
      .replaceAll('; ', '；')
      .replaceAll('no keys', '没有密钥');
    assert.ok(error.detail.zh.endsWith(inChinese), error.detail.zh);
    assert.doesNotMatch(`${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`, /leaked/);
  }
});

test('a request goes on with renewed keys when those of the source are revoked', async (t) => {
  const source = await startCredentialsUri(t);
  const server = await startTestServer(t, { credentials: [] });
  const client = openOssClient(targetAt(server), chain(source.environment));
  const know = (number: number): void =>
    server.addCredential({
      ...{ accessKeyId: `STS.${number}`, accessKeySecret: `secret-${number}` },
      securityToken: `token-${number}`,
    });
  know(1);
  const put = (key: string) => client.call((sdk) => sdk.put(key, Buffer.from('x')), { signal, retries: 0 });
  await put('one');
  server.removeCredential('STS.1');
  know(2);
  await put('two');
  assert.deepEqual(
    server.requests.map(({ status }) => status),
    [200, 403, 200],
  );
});

const skip = missing('root') || (spawnSync('ip', ['-V']).status === 0 ? false : 'needs ip (iproute2)');

test('keys come from the role of an ECS instance', { skip }, async (t) => {
  const { nextLine } = startInFakeCloud(t, {});
  assert.equal(await nextLine(), 'STS.ecs-1 secret-1 token-1');
  assert.equal(await nextLine(), 'STS.ecs-2 secret-2 token-2');
});

test('keys come from STS for the OIDC token of a pod (RRSA)', { skip }, async (t) => {
  const { nextLine } = startInFakeCloud(t, oidcEnvironment(t, 'oidc-token'));
  assert.equal(await nextLine(), 'STS.oidc-1 secret-1 token-1');
  assert.equal(await nextLine(), 'STS.oidc-2 secret-2 token-2');
});

test('an OIDC token that STS refuses is told with the code of STS only', { skip }, async (t) => {
  const environment = { ...oidcEnvironment(t, 'leaked-token'), ...NO_INSTANCE };
  const line = await startInFakeCloud(t, environment).nextLine();
  assert.match(line, /CredentialsUnavailable: .*OIDC \(RRSA\): AuthenticationFail\.OIDCToken\.Invalid; /);
  assert.doesNotMatch(line, /leaked/);
});

function oidcEnvironment(t: TestContext, token: string): Record<string, string> {
  const tokenFile = join(temporaryDirectory(t), 'token');
  writeFileSync(tokenFile, token);
  return {
    ALIBABA_CLOUD_ROLE_ARN: 'acs:ram::1:role/backup',
    ALIBABA_CLOUD_OIDC_PROVIDER_ARN: 'acs:ram::1:oidc-provider/ack-rrsa-x',
    ALIBABA_CLOUD_OIDC_TOKEN_FILE: tokenFile,
    ALIBABA_CLOUD_STS_REGION: 'cn-hangzhou',
  };
}

/** Runs credentials-in-fake-cloud.ts where the addresses of Alibaba Cloud lead to it. */
function startInFakeCloud(t: TestContext, environment: Record<string, string>) {
  const directory = temporaryDirectory(t);
  const { key, cert, caFile } = throwAwayCertificate(t, ['sts.cn-hangzhou.aliyuncs.com']);
  const files = {
    key: join(directory, 'key'),
    cert: join(directory, 'cert'),
    hosts: join(directory, 'hosts'),
  };
  writeFileSync(files.key, key);
  writeFileSync(files.cert, cert);
  writeFileSync(files.hosts, '127.0.0.1 localhost sts.cn-hangzhou.aliyuncs.com\n');
  const prepare = `ip link set lo up && ip addr add 100.100.100.200/32 dev lo && mount --bind ${files.hosts} /etc/hosts && exec "$@"`;
  return startChildScript(
    t,
    new URL('credentials-in-fake-cloud.ts', import.meta.url),
    [JSON.stringify(environment), files.key, files.cert],
    [
      ...['env', `HOME=${directory}`, `NODE_EXTRA_CA_CERTS=${caFile}`],
      ...['unshare', '--mount', '--net', 'sh', '-c', prepare, 'sh'],
    ],
  );
}

interface CredentialsUri {
  readonly environment: Record<string, string>;
  readonly requests: number;
  answer: () => [status: number, body: string];
}

/** A FAKE of what ALIBABA_CLOUD_CREDENTIALS_URI may name: each answer has other keys. */
async function startCredentialsUri(
  t: TestContext,
  { lifetimeMilliseconds = 60 * MINUTE } = {},
): Promise<CredentialsUri> {
  emptyHome(t);
  let requests = 0;
  const source = {
    get requests() {
      return requests;
    },
    environment: {},
    answer: (): [number, string] => [
      200,
      JSON.stringify({
        Code: 'Success',
        AccessKeyId: `STS.${requests}`,
        AccessKeySecret: `secret-${requests}`,
        SecurityToken: `token-${requests}`,
        Expiration: new Date(Date.now() + lifetimeMilliseconds).toISOString().replace(/\.\d+Z$/, 'Z'),
      }),
    ],
  };
  const server = createServer((_request, response) => {
    requests += 1;
    const [status, body] = source.answer();
    response.writeHead(status).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
  source.environment = { ...NO_INSTANCE, ALIBABA_CLOUD_CREDENTIALS_URI: uri };
  return source;
}

/** The library looks into the home directory of the process. */
function emptyHome(t: TestContext): string {
  const before = process.env['HOME'];
  const home = temporaryDirectory(t);
  process.env['HOME'] = home;
  t.after(() => {
    if (before === undefined) delete process.env['HOME'];
    else process.env['HOME'] = before;
  });
  return home;
}

function chain(environment: Record<string, string>) {
  return openOssCredentials(chainSettings(), environment);
}

function revealed({ accessKeyId, accessKeySecret, securityToken }: OssKeys): string {
  const secrets = [accessKeyId, accessKeySecret, ...(securityToken ? [securityToken] : [])];
  return secrets.map((secret) => secret.reveal()).join(' ');
}
