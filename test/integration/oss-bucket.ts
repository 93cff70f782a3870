import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OSS from 'ali-oss';
import {
  type BucketOptions,
  type ObjectSummary,
  type OssServer,
  startOssServer,
} from '../oss-server/server.ts';
import type { Env } from './installation.ts';

export const BUCKET = 'backups';
const REGION = 'cn-hangzhou';
const KEY = { accessKeyId: 'LTAI5tIntegration', accessKeySecret: 'integration/secret+key=' };

/** A bucket on a server of its own, for all tests of a file. */
export interface OssBucket {
  readonly server: OssServer;
  /** The settings for uploads into it, below the prefix. */
  settings(prefix: string, mode?: 'both' | 'oss'): Env;
  /** The objects below the prefix by their names without it. */
  objects(prefix: string): Map<string, ObjectSummary & { content: Buffer }>;
  /** The keys below the prefix whose data arrived, in that order. */
  arrivals(prefix: string): string[];
  /** The keys below the prefix of uploads that were begun and neither completed nor given up. */
  begun(prefix: string): string[];
  /** What somebody else does: stores an object. */
  put(name: string, content: string | Buffer): Promise<void>;
  /** What somebody else does: removes an object. */
  remove(name: string): Promise<void>;
  close(): Promise<void>;
}

/** Starts an OSS server with one bucket, plain unless `kind` says otherwise, and one key. */
export async function startOssBucket(key = KEY, kind: Omit<BucketOptions, 'name'> = {}): Promise<OssBucket> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'pg-backup-bucket-'));
  const server = await startOssServer({
    dataDirectory,
    region: REGION,
    credentials: [key],
    buckets: [{ ...kind, name: BUCKET }],
  });
  return {
    server,
    arrivals: (prefix) =>
      server.requests
        .filter(({ operation, status }) => operation === 'PutObject' && status === 200)
        .flatMap(({ key }) => (key?.startsWith(`${prefix}/`) ? [key.slice(prefix.length + 1)] : [])),
    begun: (prefix) =>
      server
        .uploads(BUCKET)
        .map(({ key }) => key)
        .filter((key) => key.startsWith(`${prefix}/`)),
    async put(name, content) {
      await clientOf(server, key).put(name, Buffer.from(content));
    },
    async remove(name) {
      await clientOf(server, key).delete(name);
    },
    async close() {
      await server.close();
      rmSync(dataDirectory, { recursive: true, force: true });
    },
    settings: (prefix, mode = 'both') => ({
      BACKUP_MODE: mode,
      OSS_BUCKET: BUCKET,
      OSS_PREFIX: prefix,
      OSS_ENDPOINT: server.endpoint,
      OSS_REGION: REGION,
      OSS_ACCESS_KEY_ID: key.accessKeyId,
      OSS_ACCESS_KEY_SECRET: key.accessKeySecret,
    }),
    objects: (prefix) =>
      new Map(
        server
          .objects(BUCKET)
          .filter(({ key }) => key.startsWith(`${prefix}/`))
          .map((object) => [
            object.key.slice(prefix.length + 1),
            { ...object, content: readFileSync(server.objectPath(BUCKET, object.key)) },
          ]),
      ),
  };
}

function clientOf(server: OssServer, key: typeof KEY): OSS {
  return new OSS({
    ...key,
    bucket: BUCKET,
    endpoint: server.endpoint,
    region: `oss-${REGION}`,
    authorizationV4: true,
  });
}
