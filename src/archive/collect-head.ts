import { createPlacesFinder, NotAnArchive, type Places } from './toc.ts';

/** More than the head of most databases. */
const FIRST_BYTES = 64 * 1024;
/** A database of a million tables has some 1 GB of it; nothing that is no archive should be read further. */
const MAXIMUM_BYTES = 2 ** 30;

/** An archive whose table of contents comes to no end. */
export class HeadTooLong extends NotAnArchive {
  override readonly name: string = 'HeadTooLong';
}

export interface CollectedHead {
  /** The header and the table of contents. */
  readonly head: Buffer;
  readonly places: Places;
  /** What came with its last piece, and belongs to the data. */
  readonly rest: Buffer;
}

/** Takes the pieces of an archive, which may be used for something else afterwards; returns what its head is once that is complete, and once only. */
export type HeadCollector<Head = CollectedHead> = (piece: Buffer) => Head | undefined;

/**
 * Collects the head of an archive; `check` may throw for a beginning that is of no use, and may not keep it. After whatever was thrown nothing is
 * kept, or thrown again.
 * @throws NotAnArchive; HeadTooLong
 */
export function collectHead(
  check: (beginning: Buffer) => void = () => {},
  maximumBytes = MAXIMUM_BYTES,
): HeadCollector {
  let collecting: Collecting | undefined = {
    memory: new ArrayBuffer(FIRST_BYTES),
    sizeBytes: 0,
    find: createPlacesFinder(),
  };
  return (piece) => {
    if (!collecting) return undefined;
    const { memory: filled, sizeBytes: filledBytes, find } = collecting;
    collecting = undefined;
    const sizeBytes = filledBytes + piece.length;
    if (sizeBytes > maximumBytes) throw new HeadTooLong('a table of contents without an end');
    const memory = grown(filled, sizeBytes);
    const bytes = Buffer.from(memory, 0, sizeBytes);
    piece.copy(bytes, filledBytes);
    check(bytes);
    const places = find(bytes);
    if (!places) {
      collecting = { memory, sizeBytes, find };
      return undefined;
    }
    const rest = Buffer.from(bytes.subarray(places.headBytes));
    return { head: Buffer.from(memory.transfer(places.headBytes)), places, rest };
  };
}

interface Collecting {
  readonly memory: ArrayBuffer;
  /** So much of it is filled. */
  readonly sizeBytes: number;
  readonly find: ReturnType<typeof createPlacesFinder>;
}

/** What is grown out of is given back at once: left to the collection of garbage, it would lie there together with all that follows. */
function grown(memory: ArrayBuffer, neededBytes: number): ArrayBuffer {
  if (neededBytes <= memory.byteLength) return memory;
  return memory.transfer(Math.max(neededBytes, 2 * memory.byteLength));
}
