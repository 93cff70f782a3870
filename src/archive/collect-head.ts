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
 * Collects the head of an archive; `check` may throw for a beginning that is of no use. After whatever was thrown nothing is kept, or thrown again.
 * @throws NotAnArchive; HeadTooLong
 */
export function collectHead(check: (beginning: Buffer) => void = () => {}): HeadCollector {
  const findPlaces = createPlacesFinder();
  let collected: Collected | undefined = { memory: new ArrayBuffer(FIRST_BYTES), sizeBytes: 0 };
  return (piece) => {
    if (!collected) return undefined;
    const { memory, sizeBytes } = append(collected, piece);
    collected = undefined;
    const bytes = Buffer.from(memory, 0, sizeBytes);
    check(bytes);
    const places = findPlaces(bytes);
    if (places) {
      const { headBytes } = places;
      const rest = Buffer.from(bytes.subarray(headBytes));
      return { head: Buffer.from(memory.transfer(headBytes)), places, rest };
    }
    if (sizeBytes > MAXIMUM_BYTES) throw new HeadTooLong('a table of contents without an end');
    collected = { memory, sizeBytes };
    return undefined;
  };
}

interface Collected {
  readonly memory: ArrayBuffer;
  readonly sizeBytes: number;
}

function append({ memory, sizeBytes }: Collected, piece: Buffer): Collected {
  const total = sizeBytes + piece.length;
  // What is grown out of is given back at once: left to the collection of garbage, it would lie there together with all that follows.
  const larger = total > memory.byteLength ? memory.transfer(Math.max(total, 2 * memory.byteLength)) : memory;
  piece.copy(new Uint8Array(larger), sizeBytes);
  return { memory: larger, sizeBytes: total };
}
