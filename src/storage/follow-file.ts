import { open } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { hasErrorCode, onDisk } from '../files/storage-error.ts';
import type { OpenFile } from './file-range.ts';
import { type Part, partsOf } from './part-plan.ts';

/** A file under way changes with every block that is written: asking now and then costs less than being told. */
const POLL_MILLISECONDS = 500;

/** Opens a file as soon as there is one; undefined once `stop` is aborted. @throws PgBackupError STORAGE_FAILED */
export async function openWhenThere(path: string, stop: AbortSignal): Promise<OpenFile | undefined> {
  do {
    try {
      return { path, handle: await open(path) };
    } catch (error) {
      if (!hasErrorCode(error, 'ENOENT')) return await onDisk(path, () => Promise.reject(error));
    }
  } while (await waited(stop));
  return undefined;
}

/**
 * The parts of a file that another process appends to, each one as soon as all of its bytes are there, until `stop` is aborted. The first part is
 * left out: pg_dump rewrites the head of its file when it ends.
 */
export async function* growingParts({ handle }: OpenFile, stop: AbortSignal): AsyncGenerator<Part, void> {
  for (const part of partsOf(Number.POSITIVE_INFINITY)) {
    if (part.number === 1) continue;
    while ((await handle.stat()).size < part.offset + part.sizeBytes) {
      if (!(await waited(stop))) return;
    }
    if (stop.aborted) return;
    yield part;
  }
}

/** Resolves after a moment with true, or at once with false when `stop` is aborted. */
async function waited(stop: AbortSignal): Promise<boolean> {
  return setTimeout(POLL_MILLISECONDS, true, { signal: stop }).catch(() => false);
}
