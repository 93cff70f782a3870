import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import OSS from 'ali-oss';
import { ossutilPath } from '../harness/parts.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { type Credential, type OssServer, type OssServerOptions, startOssServer } from './server.ts';

export const bucket = 'backups';
export const region = 'cn-hangzhou';
export const permanentKey = { accessKeyId: 'LTAI-permanent', accessKeySecret: 'permanent secret' };
export const temporaryKey = {
  accessKeyId: 'STS.temporary',
  accessKeySecret: 'temporary-secret',
  securityToken: 'a-token',
};

/** A server that knows the bucket and the two keys of this file, unless told otherwise, and ends with the test. */
export async function startTestServer(
  t: TestContext,
  options: Partial<OssServerOptions> = {},
): Promise<OssServer> {
  const dataDirectory = options.dataDirectory ?? temporaryDirectory(t);
  const credentials = [permanentKey, temporaryKey];
  const server = await startOssServer({ region, credentials, buckets: [bucket], ...options, dataDirectory });
  t.after(() => server.close());
  return server;
}

/** An ali-oss client for the server: V4 and the permanent key, unless `options` say otherwise. */
export function aliOss(server: OssServer, options: Partial<OSS.Options> = {}): OSS {
  return new OSS({
    ...permanentKey,
    bucket,
    endpoint: server.endpoint,
    region: `oss-${region}`,
    authorizationV4: true,
    ...options,
  });
}

// Commands of ossutil that refuse --retry-times.
const withoutRetries = ['bucket-versioning', 'lifecycle', 'object-tagging', 'worm'];

export interface OssutilRun {
  readonly exitCode: number | null;
  /** Both of its output streams. */
  readonly output: string;
  readonly workingDirectory: string;
}

/** Runs the real ossutil against the server, once per operation (no retries), without a terminal. */
export async function ossutil(
  t: TestContext,
  server: OssServer,
  args: readonly string[],
  {
    credential = permanentKey,
    endpoint = server.endpoint,
    signature = ['--sign-version', 'v4', '--region', region],
    cname,
    environment = {},
  }: {
    credential?: Credential;
    endpoint?: string;
    signature?: readonly string[];
    /** The custom domain name of the bucket, where it has one. */
    cname?: string;
    environment?: Readonly<Record<string, string>>;
  } = {},
): Promise<OssutilRun> {
  const directory = temporaryDirectory(t);
  const workingDirectory = join(directory, 'cwd');
  mkdirSync(workingDirectory);
  const configFile = join(directory, 'config');
  const { accessKeyId, accessKeySecret, securityToken } = credential;
  const settings = {
    language: 'EN',
    endpoint,
    accessKeyID: accessKeyId,
    accessKeySecret,
    stsToken: securityToken,
  };
  const lines = Object.entries(settings).flatMap(([name, value]) => (value ? [`${name}=${value}`] : []));
  const sections = ['[Credentials]', ...lines, ...(cname ? ['[Bucket-Cname]', `${bucket}=${cname}`] : [])];
  writeFileSync(configFile, [...sections, ''].join('\n'), { mode: 0o600 });
  const folders =
    args[0] === 'cp'
      ? ['--output-dir', join(directory, 'out'), '--checkpoint-dir', join(directory, 'checkpoint')]
      : [];
  const retries = withoutRetries.includes(args[0] ?? '') ? [] : ['--retry-times', '1'];
  const child = spawn(
    ossutilPath() ?? 'ossutil',
    [...args, '--config-file', configFile, ...retries, ...signature, ...folders],
    { cwd: workingDirectory, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...environment } },
  );
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { exitCode, output: stdout + stderr, workingDirectory };
}
