import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { childrenOf } from '../test/harness/process-tree.ts';
import { startRcloneServer } from '../test/harness/rclone-server.ts';

/** Where a side uploads to. */
export interface ObjectStore {
  /** What its clients need: the settings of pg-backup for OSS, those of the AWS SDK for S3. */
  readonly settings: Readonly<Record<string, string>>;
  readonly pid: number;
  /** Removes all objects; resolves with their sizes. */
  clear(): Promise<number[]>;
  stop(): Promise<void>;
}

export const S3_BUCKET = 'backups';

/** The OSS stand-in of the tests, in a process of its own. */
export async function startOss(directory: string): Promise<ObjectStore> {
  const script = fileURLToPath(new URL('oss-process.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script], {
    env: { ...process.env, TMPDIR: directory },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<unknown> => {
    const { value, done } = await lines.next();
    if (done) throw new Error('the OSS server ended');
    return JSON.parse(value);
  };
  return {
    settings: (await nextLine()) as Record<string, string>,
    pid: child.pid ?? 0,
    async clear() {
      child.stdin.write('clear\n');
      return (await nextLine()) as number[];
    },
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}

/** `rclone serve s3`. */
export async function startS3(directory: string): Promise<ObjectStore> {
  const before = childrenOf(process.pid);
  const server = await startRcloneServer(directory, [S3_BUCKET]);
  const bucket = server.bucketDirectory(S3_BUCKET);
  return {
    settings: {
      AWS_ACCESS_KEY_ID: server.accessKeyId,
      AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
      S3_ENDPOINT: `http://127.0.0.1:${server.port}`,
    },
    pid: childrenOf(process.pid).find((pid) => !before.includes(pid)) ?? 0,
    async clear() {
      const names = existsSync(bucket) ? readdirSync(bucket) : [];
      const sizes = names.map((name) => statSync(join(bucket, name)).size);
      for (const name of names) rmSync(join(bucket, name), { recursive: true });
      return sizes;
    },
    stop: () => server.stop(),
  };
}
