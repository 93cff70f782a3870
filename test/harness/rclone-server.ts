import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { rclonePath } from './parts.ts';

/** An S3 server, which is rclone's own: `rclone serve s3` checks V4 signatures and keeps each object as a file. */
export interface RcloneServer {
  readonly port: number;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Where a bucket's objects lie as files. Who puts files there does so before the server is asked for anything: it remembers what directories hold. */
  bucketDirectory(bucket: string): string;
  /** SIGKILL, as when its machine loses power. May be called again. */
  stop(): Promise<void>;
}

/** Starts a server with these buckets on a free port of 127.0.0.1; it dies with this process. */
export async function startRcloneServer(
  directory: string,
  buckets: readonly string[],
): Promise<RcloneServer> {
  const rclone = rclonePath();
  if (!rclone) throw new Error('rclone is missing; get it with: bash scripts/setup test');
  for (const bucket of buckets) mkdirSync(join(directory, bucket), { recursive: true });
  const accessKeyId = 'AKIDcontract';
  const secretAccessKey = randomBytes(18).toString('base64url');
  const server = spawn(
    'setpriv',
    ['--pdeathsig', 'KILL', '--', rclone, 'serve', 's3', directory, '--addr', '127.0.0.1:0'],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        // In the environment, so that a test that looks for keys in command lines finds those of clients only.
        RCLONE_AUTH_KEY: `"${accessKeyId},${secretAccessKey}"`,
        RCLONE_CONFIG: '/dev/null',
      },
    },
  );
  const port = await readyPort(server);
  return {
    port,
    accessKeyId,
    secretAccessKey,
    bucketDirectory: (bucket) => join(directory, bucket),
    async stop() {
      if (server.exitCode !== null || server.signalCode !== null) return;
      const ended = once(server, 'exit');
      server.kill('SIGKILL');
      await ended;
    },
  };
}

/** It says where it listens once it does. */
function readyPort(server: ChildProcess): Promise<number> {
  const said: string[] = [];
  return new Promise((resolve, reject) => {
    if (!server.stderr) throw new Error('rclone serve s3 has no stderr');
    createInterface({ input: server.stderr }).on('line', (line) => {
      said.push(line);
      const port = /Starting s3 server on \[http:\/\/127\.0\.0\.1:(\d+)\//.exec(line)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
    server.on('error', reject);
    server.on('exit', () => reject(new Error(`rclone serve s3 ended:\n${said.join('\n')}`)));
  });
}
