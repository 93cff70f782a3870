import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { hasErrorCode, onDisk } from './storage-error.ts';

/** A file under way changes with every block that is written: asking now and then costs less than being told. */
const POLL_MILLISECONDS = 100;
/** The pipe to a reader takes less at a time. */
const BLOCK_BYTES = 512 * 1024;

/** What ends the waiting: `whole` once nothing more is written, `signal` for good. */
export interface Ends {
  readonly whole: AbortSignal;
  readonly signal: AbortSignal;
}

/**
 * Opens a file once something has been written to it, or nothing will be any more.
 * @throws PgBackupError STORAGE_FAILED; the reason of `signal`
 */
export async function openOnceBegun(path: string, { whole, signal }: Ends): Promise<FileHandle> {
  const either = AbortSignal.any([whole, signal]);
  for (;;) {
    signal.throwIfAborted();
    const isLast = whole.aborted;
    const file = await (isLast ? onDisk(path, () => open(path)) : openIfThere(path));
    if (file && (isLast || (await file.stat()).size > 0)) return file;
    await file?.close();
    await pause(POLL_MILLISECONDS, either);
  }
}

/**
 * The bytes of a file that another process appends to, up to what is its end once `whole` aborts. Each block lasts until the
 * next one is asked for.
 * @throws PgBackupError STORAGE_FAILED; the reason of `signal`
 */
export async function* readGrowing(
  path: string,
  file: FileHandle,
  { whole, signal }: Ends,
): AsyncGenerator<Buffer, void> {
  const either = AbortSignal.any([whole, signal]);
  const block = Buffer.allocUnsafe(BLOCK_BYTES);
  let position = 0;
  for (;;) {
    signal.throwIfAborted();
    // Asked before it is read: what comes in between is read by the next attempt.
    const isLast = whole.aborted;
    const { bytesRead } = await onDisk(path, () => file.read(block, 0, block.length, position));
    if (bytesRead > 0) {
      position += bytesRead;
      yield block.subarray(0, bytesRead);
    } else if (isLast) return;
    if (bytesRead < block.length) await pause(POLL_MILLISECONDS, either);
  }
}

/** Undefined while there is no file. @throws PgBackupError STORAGE_FAILED */
export async function openIfThere(path: string): Promise<FileHandle | undefined> {
  return onDisk(path, async () => {
    try {
      return await open(path);
    } catch (error) {
      if (!hasErrorCode(error, 'ENOENT')) throw error;
      return undefined;
    }
  });
}

/** Resolves with true after so long, or with false as soon as `end` is aborted. */
export async function pause(milliseconds: number, end: AbortSignal): Promise<boolean> {
  return setTimeout(milliseconds, true, { signal: end }).catch(() => false);
}
