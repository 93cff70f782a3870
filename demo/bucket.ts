import { randomBytes } from 'node:crypto';
import { type OssServer, startOssServer } from '../test/oss-server/server.ts';

export interface Bucket {
  readonly name: string;
  readonly server: OssServer;
  readonly region: string;
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
}

/** Starts the OSS stand-in with one empty bucket and fresh keys. */
export async function startBucket(dataDirectory: string, cleanUp: AsyncDisposableStack): Promise<Bucket> {
  const name = 'demo-backups';
  const region = 'cn-hangzhou';
  const accessKeyId = `DEMO${randomBytes(8).toString('hex')}`;
  const accessKeySecret = randomBytes(16).toString('hex');
  const credentials = [{ accessKeyId, accessKeySecret }];
  const server = await startOssServer({ dataDirectory, region, credentials, buckets: [name] });
  cleanUp.defer(() => server.close());
  return { name, server, region, accessKeyId, accessKeySecret };
}
