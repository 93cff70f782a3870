import type { Readable } from 'node:stream';
import { PROBE_NAME } from './missing-object.ts';
import type { AliOss, CallOptions, OssClient } from './oss-client.ts';
import { wholeDownload } from './oss-download.ts';
import { OssFailure, storeError } from './oss-errors.ts';
import { objectKey, objectUrl } from './oss-target.ts';
import type { ListedObject, Removal, Store, StoredObject } from './store.ts';

const PAGE_SIZE = '1000';

/** Of an answer, by their names in small letters. */
export type Headers = Readonly<Record<string, string | undefined>>;

/** The part of a store that asks OSS through the SDK, for every tool that uploads to it. */
export function ossObjects(
  client: OssClient,
): Pick<Store, 'url' | 'probe' | 'clockDriftSeconds' | 'stat' | 'list' | 'get' | 'remove'> {
  const { target } = client;
  const url = (name: string): string => objectUrl(target, name);
  const key = (name: string): string => objectKey(target, name);

  return {
    url,
    async stat(name, signal) {
      const headers = await headObject(client, name, { signal });
      return headers && toStoredObject(headers);
    },
    async probe(signal) {
      await headObject(client, PROBE_NAME, { signal, retries: 0 });
    },
    clockDriftSeconds: () => client.clockDriftSeconds(),
    list: (signal) => listObjects(client, signal),
    async get(name, { range, signal }) {
      try {
        const headers = range
          ? { Range: `bytes=${range.start}-${range.end}`, 'x-oss-range-behavior': 'standard' }
          : {};
        const { stream, res } = await client.call((sdk) => sdk.getStream(key(name), { headers }), { signal });
        const { status, headers: answered } = res as unknown as { status: number; headers: Headers };
        if (range && status !== 206) {
          (stream as Readable).destroy();
          throw new OssFailure({ code: 'UnexpectedAnswer', status });
        }
        return wholeDownload({
          body: stream,
          expectedBytes: Number(answered['content-length'] ?? Number.NaN),
          toError: (failure) =>
            signal.aborted ? signal.reason : storeError('STORE_FAILED', url(name), failure),
        });
      } catch (error) {
        throw asStoreError('STORE_FAILED', url(name), error);
      }
    },
    async remove(name, signal) {
      try {
        const { res } = await client.call((sdk) => sdk.delete(key(name)), { signal });
        return toRemoval((res as { headers: Headers }).headers);
      } catch (error) {
        if (error instanceof OssFailure && error.code === 'FileImmutable') return 'immutable';
        if (error instanceof OssFailure && error.code === 'NoSuchKey') return 'removed';
        throw asStoreError('STORE_FAILED', url(name), error);
      }
    },
  };
}

/**
 * What OSS says of an object; undefined where there is none.
 * @throws PgBackupError CONFIRM_FAILED
 */
export async function headObject(
  client: OssClient,
  name: string,
  options: CallOptions,
): Promise<Headers | undefined> {
  const { target } = client;
  try {
    const { res } = await client.call((sdk) => sdk.head(objectKey(target, name)), options);
    return res.headers as Headers;
  } catch (error) {
    if (error instanceof OssFailure && error.code === 'NoSuchKey') return undefined;
    throw asStoreError('CONFIRM_FAILED', objectUrl(target, name), error);
  }
}

/** Every object directly below the prefix; what lies deeper is not ours. */
async function* listObjects(client: OssClient, signal: AbortSignal): AsyncGenerator<ListedObject> {
  const { target } = client;
  const prefix = objectKey(target, '');
  let token: string | undefined;
  do {
    const page = await readPage(client, prefix, token, signal);
    for (const object of page.objects) {
      const name = decodeName(object.name).slice(prefix.length);
      // What consoles make to show an empty folder.
      if (name === '') continue;
      yield { name, sizeBytes: object.size, modifiedAt: new Date(object.lastModified) };
    }
    token = page.isTruncated ? page.nextContinuationToken : undefined;
  } while (token !== undefined);
}

async function readPage(
  client: OssClient,
  prefix: string,
  token: string | undefined,
  signal: AbortSignal,
): Promise<Awaited<ReturnType<AliOss['listV2']>>> {
  const query = {
    delimiter: '/',
    'max-keys': PAGE_SIZE,
    // A name may hold what XML cannot.
    'encoding-type': 'url',
    // A parameter without a value is signed in another way than it is sent.
    ...(prefix === '' ? {} : { prefix }),
    ...(token === undefined ? {} : { 'continuation-token': token }),
  } as const;
  try {
    return await client.call((sdk) => sdk.listV2({ ...query }), { signal });
  } catch (error) {
    throw asStoreError('STORE_FAILED', objectUrl(client.target, ''), error);
  }
}

function decodeName(encoded: string): string {
  return decodeURIComponent(encoded.replaceAll('+', ' '));
}

export function toStoredObject(headers: Headers): StoredObject {
  return {
    sizeBytes: Number(headers['content-length']),
    crc64: headers['x-oss-hash-crc64ecma'],
    sha256: headers['x-oss-meta-sha256'],
  };
}

function toRemoval(headers: Headers): Removal {
  const isHidden = headers['x-oss-delete-marker'] === 'true' || headers['x-oss-version-id'] !== undefined;
  return isHidden ? 'versioned' : 'removed';
}

function asStoreError(code: 'CONFIRM_FAILED' | 'STORE_FAILED', object: string, error: unknown): unknown {
  return error instanceof OssFailure ? storeError(code, object, error) : error;
}
