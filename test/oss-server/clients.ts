import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import OSS from 'ali-oss';
import { ossutilPath } from '../harness/parts.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import type { Credential } from './authentication.ts';
import { type OssServer, startOssServer } from './server.ts';

export const bucket = 'backups';
export const region = 'cn-hangzhou';
export const permanentKey = { accessKeyId: 'LTAI-permanent', accessKeySecret: 'permanent secret' };
export const temporaryKey = {
  accessKeyId: 'STS.temporary',
  accessKeySecret: 'temporary-secret',
  securityToken: 'a-token',
};

/** A server that knows the bucket and the two keys of this file, and ends with the test. */
export async function startTestServer(
  t: TestContext,
  options: { dataDirectory?: string; port?: number } = {},
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
  }: { credential?: Credential; endpoint?: string; signature?: readonly string[] } = {},
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
  writeFileSync(configFile, ['[Credentials]', ...lines, ''].join('\n'), { mode: 0o600 });
  const folders =
    args[0] === 'cp'
      ? ['--output-dir', join(directory, 'out'), '--checkpoint-dir', join(directory, 'checkpoint')]
      : [];
  const child = spawn(
    ossutilPath() ?? 'ossutil',
    [...args, '--config-file', configFile, '--retry-times', '1', ...signature, ...folders],
    { cwd: workingDirectory, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { exitCode, output: stdout + stderr, workingDirectory };
}
