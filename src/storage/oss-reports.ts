import type { Settings } from '../config/settings.ts';
import type { ListedReport, ReportSource } from '../report/report-source.ts';
import { type AliOss, type CallOptions, openOssClient } from './oss-client.ts';
import type { OssCredentials } from './oss-credentials.ts';
import { wholeDownload } from './oss-download.ts';
import { OssFailure, storeError } from './oss-errors.ts';
import type { Headers } from './oss-objects.ts';
import { type OssTarget, objectUrl, uploadHeaders } from './oss-target.ts';

const PAGE_SIZE = '1000';
/** Whoever lists comes again soon; whoever puts may not. */
const READ_PATIENCE = { retries: 1, timeoutMilliseconds: 20_000, deadlineMilliseconds: 45_000 } as const;
const PUT_PATIENCE = { timeoutMilliseconds: 30_000, deadlineMilliseconds: 90_000 } as const;
/** OSS has it, and does not give it out: lifecycle rules put objects into archives. */
const ARCHIVED = 'InvalidObjectState';

/** Reports, records and accounts of drills in OSS, below the target's prefix. Nothing is asked before the first call. */
export function openOssReports(target: OssTarget, credentials: OssCredentials): ReportSource {
  const client = openOssClient(target, credentials);
  const nameOf = (kind: string, path: string): string => `${kind}/${path}`;
  const keyOf = (name: string): string => (target.prefix === '' ? name : `${target.prefix}/${name}`);
  const call = async <T>(
    code: 'UPLOAD_FAILED' | 'STORE_FAILED',
    name: string,
    request: (sdk: AliOss) => Promise<T>,
    options: CallOptions,
  ): Promise<T> => {
    try {
      return await client.call(request, options);
    } catch (error) {
      throw error instanceof OssFailure ? storeError(code, objectUrl(target, name), error) : error;
    }
  };

  return {
    url: `oss://${[target.bucket, target.prefix].filter(Boolean).join('/')}`,
    async put(kind, path, content, signal) {
      const name = nameOf(kind, path);
      const headers = {
        ...uploadHeaders(target, { overwrite: true }),
        'content-type': 'application/json; charset=utf-8',
      };
      const request = (sdk: AliOss) => sdk.put(keyOf(name), content, { headers });
      await call('UPLOAD_FAILED', name, request, { ...PUT_PATIENCE, signal });
    },
    async *list(kind, after, signal) {
      const prefix = keyOf(`${kind}/`);
      let token: string | undefined;
      do {
        const query = {
          prefix,
          'max-keys': PAGE_SIZE,
          // A name may hold what XML cannot.
          'encoding-type': 'url',
          ...(after === undefined ? {} : { 'start-after': prefix + after }),
          ...(token === undefined ? {} : { 'continuation-token': token }),
        } as const;
        const options = { ...READ_PATIENCE, signal };
        const page = await call('STORE_FAILED', `${kind}/`, (sdk) => sdk.listV2({ ...query }), options);
        yield page.objects.map(({ name, size, etag, lastModified }): ListedReport => {
          return {
            path: decodeName(name).slice(prefix.length),
            sizeBytes: size,
            stamp: `${etag} ${size} ${lastModified}`,
          };
        });
        token = page.isTruncated ? page.nextContinuationToken : undefined;
      } while (token !== undefined);
    },
    async read(kind, path, maximumBytes, signal) {
      const name = nameOf(kind, path);
      const request = (sdk: AliOss) => readBody(sdk, keyOf(name), maximumBytes);
      return call('STORE_FAILED', name, request, { ...READ_PATIENCE, signal });
    },
  };
}

/** The place that REPORT_SOURCE names, reached as OSS_BUCKET is. What is read often belongs into no archive, whatever the dumps' class is. */
export function reportTarget(
  source: string,
  way: Pick<OssTarget, 'endpoint' | 'region' | 'addressing'>,
  settings: Settings,
): OssTarget {
  const [bucket = '', ...prefix] = source.slice('oss://'.length).replace(/\/$/, '').split('/');
  return {
    ...way,
    bucket,
    prefix: prefix.join('/'),
    serverSideEncryption: settings.OSS_SERVER_SIDE_ENCRYPTION,
    kmsKeyId: settings.OSS_KMS_KEY_ID,
    storageClass: 'Standard',
  };
}

/** Within the attempt, so that a body that breaks off is asked for again. */
async function readBody(
  sdk: AliOss,
  key: string,
  maximumBytes: number,
): Promise<Buffer | 'gone' | 'unusable'> {
  try {
    const { stream, res } = await sdk.getStream(key);
    const { headers } = res as unknown as { headers: Headers };
    const expectedBytes = Number(headers['content-length'] ?? Number.NaN);
    const body = wholeDownload({ body: stream, expectedBytes, toError: (failure) => failure });
    try {
      if (expectedBytes > maximumBytes) return 'unusable';
      const chunks: Buffer[] = [];
      let bytes = 0;
      for await (const chunk of body as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        if (bytes > maximumBytes) return 'unusable';
        chunks.push(chunk);
      }
      return Buffer.concat(chunks);
    } finally {
      body.destroy();
    }
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === 'NoSuchKey') return 'gone';
    if (code === ARCHIVED) return 'unusable';
    throw error;
  }
}

/** What is no text stays as it was sent: such a name is none of ours. */
function decodeName(encoded: string): string {
  try {
    return decodeURIComponent(encoded.replaceAll('+', ' '));
  } catch {
    return encoded;
  }
}
