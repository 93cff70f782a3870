import { openIfThere, pause } from '../files/growing-file.ts';
import type { OpenFile } from './file-range.ts';
import { FIRST_PART_BYTES, type Part, partsOf } from './part-plan.ts';

/** A part takes longer to come about than a block. */
const POLL_MILLISECONDS = 500;

/** Opens a file as soon as there is one; undefined once `stop` is aborted. @throws PgBackupError STORAGE_FAILED */
export async function openWhenThere(path: string, stop: AbortSignal): Promise<OpenFile | undefined> {
  do {
    const handle = await openIfThere(path);
    if (handle) return { path, handle };
  } while (await pause(POLL_MILLISECONDS, stop));
  return undefined;
}

/**
 * The parts of a file that another process appends to, each one as soon as all of its bytes are there, and once `whole` aborts those that are left; until
 * `stop` is aborted. The first part comes last: the head of a dump is written anew when it ends.
 */
export async function* growingParts(
  { handle }: OpenFile,
  { whole, stop }: { readonly whole: AbortSignal; readonly stop: AbortSignal },
): AsyncGenerator<Part, void> {
  const pausing = AbortSignal.any([whole, stop]);
  let sentParts = 1;
  for (const part of partsOf(Number.POSITIVE_INFINITY)) {
    if (part.number === 1) continue;
    let isThere = false;
    do {
      isThere = (await handle.stat()).size >= part.offset + part.sizeBytes;
    } while (!isThere && (await pause(POLL_MILLISECONDS, pausing)));
    if (stop.aborted) return;
    if (!isThere) break;
    sentParts = part.number;
    yield part;
  }
  const { size } = await handle.stat();
  // Smaller ones are not sent in parts.
  if (size <= FIRST_PART_BYTES) return;
  const [first, ...others] = partsOf(size);
  for (const part of others) {
    if (stop.aborted) return;
    if (part.number > sentParts) yield part;
  }
  if (first && !stop.aborted) yield first;
}
