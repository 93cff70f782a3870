import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { text } from 'node:stream/consumers';
import type { OssCredentials } from '../../src/storage/oss-credentials.ts';
import { openOssCredentials } from '../../src/storage/oss-credentials.ts';
import { chainSettings } from './chain-settings.ts';

// FAKES, because neither an ECS instance nor Alibaba Cloud's STS can be had: they answer as the documentation says
// (help.aliyun.com: "instance metadata", IMDSv2; "AssumeRoleWithOIDC"). Runs inside a network namespace where their
// addresses belong to this process. Arguments: the environment as JSON, and the PEM files of the fake STS.

const [environment = '{}', keyFile = '', certFile = ''] = process.argv.slice(2);
const ROLE = 'backup-role';
let issued = 0;

const metadata = createServer((request, response) => {
  const { method, url = '', headers } = request;
  if (method === 'PUT' && url === '/latest/api/token') {
    if (!headers['x-aliyun-ecs-metadata-token-ttl-seconds']) return end(response, 400, '');
    return end(response, 200, 'metadata-token');
  }
  if (headers['x-aliyun-ecs-metadata-token'] !== 'metadata-token') return end(response, 403, '');
  const path = '/latest/meta-data/ram/security-credentials/';
  if (url === path) return end(response, 200, ROLE);
  if (url !== path + ROLE) return end(response, 404, '');
  return end(response, 200, JSON.stringify({ ...temporaryKeys('ecs'), Code: 'Success' }));
});

const sts = createTlsServer(
  { key: readFileSync(keyFile), cert: readFileSync(certFile) },
  (request, response) => void assumeRole(request, response),
);

async function assumeRole(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { searchParams } = new URL(request.url ?? '', 'https://sts');
  const form = new URLSearchParams(await text(request));
  const isAsked =
    searchParams.get('Action') === 'AssumeRoleWithOIDC' && form.get('RoleArn') === 'acs:ram::1:role/backup';
  if (!isAsked || form.get('OIDCToken') !== 'oidc-token') {
    const body = { Code: 'AuthenticationFail.OIDCToken.Invalid', Message: form.get('OIDCToken') };
    return end(response, 400, JSON.stringify(body));
  }
  end(response, 200, JSON.stringify({ Credentials: temporaryKeys('oidc') }));
}

metadata.listen(80, '100.100.100.200');
sts.listen(443, '127.0.0.1');
const credentials = openOssCredentials(chainSettings(), JSON.parse(environment));
console.log(await described(credentials));
console.log(await described(credentials, { renew: true }));
process.exit();

async function described(source: OssCredentials, options: { renew?: boolean } = {}): Promise<string> {
  try {
    const { accessKeyId, accessKeySecret, securityToken } = await source.keys(options);
    return [accessKeyId, accessKeySecret, securityToken].map((secret) => secret?.reveal()).join(' ');
  } catch (error) {
    return String(error);
  }
}

function temporaryKeys(kind: string) {
  issued += 1;
  return {
    AccessKeyId: `STS.${kind}-${issued}`,
    AccessKeySecret: `secret-${issued}`,
    SecurityToken: `token-${issued}`,
    Expiration: new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+Z$/, 'Z'),
  };
}

function end(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status).end(body);
}
