import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import prettyBytes from 'pretty-bytes';
import { PgBackupError } from '../errors.ts';

/** Runs `action` and turns what the file system throws into DISK_FULL or STORAGE_FAILED for `path`; our own errors pass. */
export async function onDisk<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw toStorageError(error, path);
  }
}

/** The same for what only reads: READING_FAILED. */
export async function fromDisk<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof PgBackupError || !(error instanceof Error && 'syscall' in error)) throw error;
    throw new PgBackupError('READING_FAILED', { path, detail: error.message }, error);
  }
}

export function diskFull(path: string, cause?: unknown): PgBackupError {
  return new PgBackupError(
    'DISK_FULL',
    { path, freeSize: prettyBytes(freeBytes(dirname(path)) ?? 0) },
    cause,
  );
}

/** The bytes that an unprivileged process may still write below a directory (statvfs, f_bavail); undefined where nobody can tell. */
export function freeBytes(directory: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

/** True for an error of the operating system with this code, for example `ENOENT`. */
export function hasErrorCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

function toStorageError(error: unknown, path: string): unknown {
  if (error instanceof PgBackupError) return error;
  if (hasErrorCode(error, 'ENOSPC', 'EDQUOT')) return diskFull(path, error);
  if (!(error instanceof Error && 'syscall' in error)) return error;
  const user = `${process.getuid?.() ?? ''}:${process.getgid?.() ?? ''}`;
  return new PgBackupError(
    'STORAGE_FAILED',
    { path, detail: error.message, remedy: `chown -R ${user} ${dirname(path)}` },
    error,
  );
}
