import { randomUUID } from 'node:crypto';
import { PgBackupError } from '../errors.ts';
import { abortUpload } from './abort-uploads.ts';
import { type OpenFile, readRange, streamBlocks } from './file-range.ts';
import type { CallOptions, OssClient } from './oss-client.ts';
import type { Headers } from './oss-objects.ts';
import { objectKey, objectUrl, uploadHeaders } from './oss-target.ts';
import type { Part } from './part-plan.ts';
import type { SentPart, UploadState, UploadStates } from './upload-state.ts';

export interface Uploading {
  readonly client: OssClient;
  readonly states: UploadStates;
  /** How often a request is tried again. */
  readonly retries: number;
}

export interface MultipartUpload {
  readonly state: UploadState;
  /** True for a part that OSS has acknowledged with this very content. */
  holds(part: Part, md5: string): boolean;
  /** @throws OssFailure, PgBackupError DISK_FULL, STORAGE_FAILED */
  send(file: OpenFile, part: Part, md5: string, signal: AbortSignal): Promise<void>;
  /** Remembers which file the object shall hold, and makes the parts the object. Returns the CRC-64 that OSS counted. @throws OssFailure */
  complete(
    sha256: string,
    count: number,
    overwrite: boolean,
    signal: AbortSignal,
  ): Promise<string | undefined>;
}

/** Metadata of what was sent before its sha256 was known. */
export const TOKEN_HEADER = 'x-oss-meta-upload-token';

const SLOWEST_BYTES_PER_SECOND = 64 * 1024;
const OUTAGE_MILLISECONDS = 15 * 60_000;
const SHORTEST_TIMEOUT_MILLISECONDS = 60_000;
/** OSS puts up to 10,000 parts together before it answers. */
const COMPLETION_TIMEOUT_MILLISECONDS = 300_000;

/**
 * Begins an upload; the parts of an earlier one of that name are given up.
 * @throws OssFailure, PgBackupError DISK_FULL, STORAGE_FAILED
 */
export async function beginUpload(
  uploading: Uploading,
  name: string,
  { sha256, overwrite }: { readonly sha256?: string; readonly overwrite: boolean },
  signal: AbortSignal,
): Promise<MultipartUpload> {
  const { client, states, retries } = uploading;
  const key = objectKey(client.target, name);
  const url = objectUrl(client.target, name);
  const earlier = await states.read(url);
  if (earlier) await abortBegun(client, earlier, signal);
  // What an earlier upload completed with a wrong content stays known as ours.
  const token = earlier?.token ?? randomUUID();
  const headers = { ...uploadHeaders(client.target, { sha256, overwrite }), [TOKEN_HEADER]: token };
  const { uploadId } = await client.call((sdk) => sdk.initMultipartUpload(key, { headers }), {
    ...patience(retries, SHORTEST_TIMEOUT_MILLISECONDS),
    signal,
  });
  const known = sha256 === undefined ? {} : { sha256 };
  const state: UploadState = { version: 1, name, url, uploadId, token, ...known, parts: [] };
  try {
    await states.write(state);
  } catch (error) {
    // Nobody would ever know of it again.
    await giveUpUpload(uploading, state, signal).catch(() => {});
    throw error;
  }
  return openUpload(uploading, state);
}

/** An upload that was begun before. */
export function openUpload({ client, states, retries }: Uploading, begun: UploadState): MultipartUpload {
  const { name, uploadId } = begun;
  const key = objectKey(client.target, name);
  const sent = new Map(begun.parts.map((part) => [part.number, part]));
  let sha256 = begun.sha256;
  let written = Promise.resolve();

  const current = (): UploadState => ({
    ...begun,
    ...(sha256 === undefined ? {} : { sha256 }),
    parts: [...sent.values()].sort((a, b) => a.number - b.number),
  });
  // One after the other, so that an older state never takes the place of a newer one.
  const write = (): Promise<void> => {
    const writing = written.then(() => states.write(current()));
    written = writing.catch(() => {});
    return writing;
  };

  return {
    get state() {
      return current();
    },
    holds(part, md5) {
      const known = sent.get(part.number);
      return known?.offset === part.offset && known.sizeBytes === part.sizeBytes && known.md5 === md5;
    },
    async send(file, part, md5, signal) {
      const { number, sizeBytes } = part;
      const timeoutMilliseconds = Math.max(
        SHORTEST_TIMEOUT_MILLISECONDS,
        (sizeBytes / SLOWEST_BYTES_PER_SECOND) * 1000,
      );
      const unreadable = new AbortController();
      const { etag } = await client.call(
        (sdk) => {
          const body = streamBlocks(reportFault(readRange(file, part), (error) => unreadable.abort(error)));
          const headers = { 'Content-MD5': md5 };
          return sdk.uploadPart(key, uploadId, number, body, 0, sizeBytes, { headers } as object);
        },
        {
          // To the SDK, a file that cannot be read is a connection that broke, and worth another attempt.
          signal: AbortSignal.any([signal, unreadable.signal]),
          ...patience(retries, timeoutMilliseconds),
        },
      );
      sent.set(number, { ...part, md5, etag } satisfies SentPart);
      await write();
    },
    async complete(sha256OfFile, count, overwrite, signal) {
      if (sha256 !== sha256OfFile) {
        sha256 = sha256OfFile;
        await write();
      }
      const parts = current().parts.filter(({ number }) => number <= count);
      const headers = overwrite ? {} : { 'x-oss-forbid-overwrite': 'true' };
      const { res } = await client.call(
        (sdk) => sdk.completeMultipartUpload(key, uploadId, [...parts], { headers }),
        { ...patience(retries, COMPLETION_TIMEOUT_MILLISECONDS), signal },
      );
      return (res.headers as Headers)['x-oss-hash-crc64ecma'];
    },
  };
}

/**
 * Aborts an upload, so that no paid parts stay, and forgets it; one that OSS does not know is only forgotten.
 * @throws OssFailure; it is remembered then.
 */
export async function giveUpUpload(
  { client, states }: Pick<Uploading, 'client' | 'states'>,
  state: UploadState,
  signal: AbortSignal,
): Promise<void> {
  await abortBegun(client, state, signal);
  await states.remove(state.url);
}

/** How long a request is tried: answers that come at once are waited out for the backoff's time, those that do not come for twice theirs. */
export function patience(
  retries: number,
  timeoutMilliseconds: number,
): Pick<CallOptions, 'retries' | 'timeoutMilliseconds' | 'deadlineMilliseconds'> {
  return {
    retries,
    timeoutMilliseconds,
    deadlineMilliseconds: OUTAGE_MILLISECONDS + 2 * timeoutMilliseconds,
  };
}

async function abortBegun(
  client: OssClient,
  { name, uploadId }: UploadState,
  signal: AbortSignal,
): Promise<void> {
  await abortUpload(client, { key: objectKey(client.target, name), uploadId }, { signal });
}

/** Tells what is wrong with the file, but not what its reader throws when it breaks off. */
async function* reportFault<T>(
  items: AsyncIterable<T>,
  onFault: (error: unknown) => void,
): AsyncGenerator<T> {
  try {
    yield* items;
  } catch (error) {
    if (error instanceof PgBackupError) onFault(error);
    throw error;
  }
}
