import pRetry, { AbortError } from 'p-retry';
import { PgBackupError } from '../errors.ts';
import { type OssTarget, objectKey, objectUrl } from './oss-target.ts';
import type { StoredObject } from './store.ts';

const TIMEOUT_MILLISECONDS = 30_000;
const RETRIES = 4;

/**
 * Asks OSS for an object with HeadObject (V4 signature); passing faults are tried again for some 15 s, refusals are not.
 * Returns undefined where there is no such object.
 * @throws PgBackupError CONFIRM_FAILED
 */
export async function headObject(
  target: OssTarget,
  name: string,
  signal: AbortSignal,
  { retries = RETRIES }: { readonly retries?: number } = {},
): Promise<StoredObject | undefined> {
  // Loading the SDK takes longer than starting the rest of the program, and mode local never needs it.
  const { default: OSS } = await import('ali-oss');
  const client = new OSS({
    bucket: target.bucket,
    endpoint: target.endpoint,
    secure: target.endpoint.startsWith('https:'),
    region: `oss-${target.region}`,
    accessKeyId: target.accessKeyId.reveal(),
    accessKeySecret: target.accessKeySecret.reveal(),
    authorizationV4: true,
    timeout: TIMEOUT_MILLISECONDS,
  });
  const ask = async (): Promise<StoredObject | undefined> => {
    try {
      const { res } = await client.head(objectKey(target, name));
      return toStoredObject(res.headers as Readonly<Record<string, string | undefined>>);
    } catch (error) {
      const { status = 0 } = error as { status?: number };
      if (status === 404 && isNoSuchKey(error)) return undefined;
      const isRefusal = status >= 400 && status < 500;
      throw isRefusal ? new AbortError(error instanceof Error ? error : String(error)) : error;
    }
  };
  try {
    return await pRetry(() => Promise.race([ask(), whenAborted(signal)]), {
      retries,
      minTimeout: 500,
      randomize: true,
      signal,
    });
  } catch (error) {
    signal.throwIfAborted();
    throw new PgBackupError(
      'CONFIRM_FAILED',
      { object: objectUrl(target, name), detail: describe(error) },
      error,
    );
  }
}

function toStoredObject(headers: Readonly<Record<string, string | undefined>>): StoredObject {
  return {
    sizeBytes: Number(headers['content-length']),
    crc64: headers['x-oss-hash-crc64ecma'],
    sha256: headers['x-oss-meta-sha256'],
  };
}

function isNoSuchKey(error: unknown): boolean {
  return (error as { code?: string }).code === 'NoSuchKey';
}

/** Code, status and RequestId; never the body, which can repeat the key and the string that was signed. */
function describe(error: unknown): string {
  const { code, name, status, requestId, message } = error as Record<string, unknown>;
  // Without an answer the message begins with what the connection met; the SDK's own state follows.
  if (Number(status) < 0) return String(message).split(', HEAD ')[0] ?? '';
  const parts = [
    code ?? name,
    status !== undefined && `HTTP ${status}`,
    requestId && `RequestId ${requestId}`,
  ];
  return parts.filter(Boolean).join(', ');
}

/** Rejects with the signal's reason: the SDK cannot be told to give up a request. */
function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
