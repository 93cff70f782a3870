import { dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import pMap from 'p-map';
import { PgBackupError } from '../errors.ts';
import { diskFull, freeBytes, onDisk } from '../files/storage-error.ts';
import type { Text } from '../language.ts';
import { type ByteRange, bytesIn, gapsBetween } from './byte-ranges.ts';
import { type DownloadedObject, openPartialFile, type PartialFile } from './download-state.ts';
import { missingObject } from './missing-object.ts';
import { shortBy } from './oss-download.ts';
import type { Store } from './store.ts';
import { isPassingFault } from './store-fault.ts';

const RANGE_BYTES = 32 * 1024 ** 2;
const RANGES_AT_A_TIME = 4;
/** Without a byte in between. With the pauses, and what a store itself tries again, some minutes. */
const ATTEMPTS = 8;
const FIRST_PAUSE_MILLISECONDS = 500;
const LONGEST_PAUSE_MILLISECONDS = 30_000;

export interface DownloadOptions {
  readonly signal: AbortSignal;
  /** Told the bytes that are there so far, those of an earlier attempt included. */
  readonly onBytes?: ((done: number) => void) | undefined;
  /** What is asked for with one request. */
  readonly rangeBytes?: number;
  /** How often in a row a range may break off before its next byte. */
  readonly attempts?: number;
}

/**
 * Fetches an object into `file`, whose name may have 232 bytes, and resumes what an earlier attempt left beside it. When this resolves, every
 * byte is on the disk under that name; whether they are the right ones, a sha256 must tell. One download of a file at a time.
 * @throws PgBackupError FETCH_FAILED, DISK_FULL, STORAGE_FAILED; or the reason of `signal`, and what has arrived stays
 */
export async function downloadObject(
  store: Store,
  object: { readonly name: string; readonly sizeBytes: number },
  file: string,
  options: DownloadOptions,
): Promise<void> {
  options.signal.throwIfAborted();
  try {
    await using partial = await openPartialFile(file, await describe(store, object, options.signal));
    refuseFullDisk(partial, object.sizeBytes);
    await fetchMissing(store, object, partial, options);
    await partial.publish();
  } catch (error) {
    throw asFetchError(error);
  }
}

async function describe(
  store: Store,
  { name, sizeBytes }: { readonly name: string; readonly sizeBytes: number },
  signal: AbortSignal,
): Promise<DownloadedObject> {
  const url = store.url(name);
  const present = await store.stat(name, signal);
  if (!present) throw missingObject(url);
  if (present.sizeBytes !== sizeBytes) {
    throw new PgBackupError('FETCH_FAILED', {
      object: url,
      detail: {
        en: `it has ${present.sizeBytes} bytes, the backup had ${sizeBytes}`,
        zh: `其大小为 ${present.sizeBytes} 字节，而备份时为 ${sizeBytes} 字节`,
      },
      remedy: {
        en: 'Look for a good copy: pg-backup verify --all --remote',
        zh: '请查找完好的副本：pg-backup verify --all --remote',
      },
    });
  }
  return { url, sizeBytes, checksum: present.crc64 ?? present.md5 ?? present.sha256 };
}

function refuseFullDisk({ path, present }: PartialFile, sizeBytes: number): void {
  const free = freeBytes(dirname(path));
  if (free !== undefined && free < sizeBytes - bytesIn(present)) throw diskFull(path);
}

/** The first failure stops the other ranges, and when this ends none is under way any more. */
async function fetchMissing(
  store: Store,
  { name, sizeBytes }: { readonly name: string; readonly sizeBytes: number },
  partial: PartialFile,
  { rangeBytes = RANGE_BYTES, attempts = ATTEMPTS, onBytes, ...options }: DownloadOptions,
): Promise<void> {
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  let doneBytes = bytesIn(partial.present);
  onBytes?.(doneBytes);
  const source: Source = {
    store,
    name,
    signal,
    attempts,
    onWritten(bytes) {
      doneBytes += bytes;
      onBytes?.(doneBytes);
    },
  };
  await pMap(
    gapsBetween(partial.present, sizeBytes, rangeBytes),
    async (range) => {
      if (signal.aborted) return;
      try {
        await fetchRange(source, partial, range);
      } catch (error) {
        failed.abort(error);
      }
    },
    { concurrency: RANGES_AT_A_TIME },
  );
  signal.throwIfAborted();
}

interface Source {
  readonly store: Store;
  readonly name: string;
  readonly signal: AbortSignal;
  readonly attempts: number;
  readonly onWritten: (bytes: number) => void;
}

/** Tries again from the byte where it broke off. */
async function fetchRange(source: Source, partial: PartialFile, range: ByteRange): Promise<void> {
  let failures = 0;
  for (let at = range.start; at < range.end; ) {
    const { end, failure } = await receive(source, partial, { start: at, end: range.end });
    failures = end > at ? 1 : failures + 1;
    if (end > at) await partial.remember({ start: at, end });
    at = end;
    if (failure === undefined) continue;
    source.signal.throwIfAborted();
    if (!isPassingFault(failure) || failures >= source.attempts) throw failure;
    const pause = Math.min(FIRST_PAUSE_MILLISECONDS * 2 ** (failures - 1), LONGEST_PAUSE_MILLISECONDS);
    await setTimeout(pause, undefined, { signal: source.signal });
  }
}

/** Asks for a range once, and tells up to where it is in the file, and what went wrong. */
async function receive(
  { store, name, signal, onWritten }: Source,
  partial: PartialFile,
  { start, end }: ByteRange,
): Promise<{ readonly end: number; readonly failure?: unknown }> {
  let at = start;
  try {
    await onDisk(store.url(name), async () => {
      const stream = await store.get(name, { range: { start, end: end - 1 }, signal });
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        if (at + chunk.length > end) throw moreThanAsked(store.url(name));
        await partial.write(chunk, at);
        at += chunk.length;
        onWritten(chunk.length);
      }
    });
  } catch (failure) {
    // A store that ignores which bytes it is asked for sends others from the start, in its answers beside this one as well.
    const isOther = [failure, signal.reason].some(isMoreThanAsked);
    return { end: isOther ? start : at, failure };
  }
  if (at === end) return { end };
  const detail = shortBy(at - start, end - start);
  return {
    end: at,
    failure: new PgBackupError('STORE_FAILED', { object: store.url(name), detail, remedy: CHECK_WAY }),
  };
}

const CHECK_WAY: Text = {
  en: 'Check the network, and proxies in between.',
  zh: '请检查网络以及中间的代理。',
};

const MORE_THAN_ASKED: Text = { en: 'more bytes came than were asked for', zh: '收到的字节多于所请求的' };

function moreThanAsked(object: string): PgBackupError {
  return new PgBackupError('FETCH_FAILED', { object, detail: MORE_THAN_ASKED, remedy: CHECK_WAY });
}

function isMoreThanAsked(error: unknown): boolean {
  return error instanceof PgBackupError && error.parameters['detail'] === MORE_THAN_ASKED;
}

/** In the words of a download, where the store failed. */
function asFetchError(error: unknown): unknown {
  if (!(error instanceof PgBackupError)) return error;
  const isOfStore = error.code === 'STORE_FAILED' || error.code === 'CONFIRM_FAILED';
  return isOfStore ? new PgBackupError('FETCH_FAILED', error.parameters, error) : error;
}
