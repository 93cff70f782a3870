import { crc32 } from 'node:zlib';
import { collectHead } from '../archive/read-toc.ts';
import { findPlaces, NotAnArchive } from '../archive/toc.ts';
import { extendCrc64 } from '../files/crc64.ts';
import type { StoreChecksum } from '../storage/store.ts';

/** What a file held while it was being written. All but the head is final. */
export interface Counted {
  readonly sizeBytes: number;
  /** The header and the table of contents, whose offsets are written last of all; empty for a file that is only appended to. */
  readonly head: Buffer;
  /** Of what comes after the head. */
  readonly crc32: number;
  /** The same as the store counts it, where it counts a CRC-64. */
  readonly crc64?: string;
}

export interface BlockCounter {
  /** The block may be used for something else afterwards. */
  add(block: Buffer): void;
  /** Undefined where the beginning is no head of an archive that is understood here. */
  result(): Counted | undefined;
}

/** Counts the blocks of an archive as they come by, and tells its header and table of contents once they are complete. */
export function countArchive(also: StoreChecksum | undefined, onHead: (head: Buffer) => void): BlockCounter {
  let head: Buffer | undefined;
  const heads = collectHead((bytes) => {
    const places = findPlaces(bytes);
    return places && { headBytes: places.headBytes, bytes };
  });
  const data = countBlocks(also);
  const look = (find: () => ReturnType<typeof heads.add>): void => {
    const found = orNothing(find);
    if (!found) return;
    head = Buffer.from(found.bytes.subarray(0, found.headBytes));
    data.add(found.bytes.subarray(found.headBytes));
    onHead(head);
  };
  return {
    add(block) {
      if (head) data.add(block);
      else look(() => heads.add(Buffer.from(block)));
    },
    result() {
      if (!head) look(() => heads.end());
      const counted = data.result();
      return head && { ...counted, head, sizeBytes: head.length + counted.sizeBytes };
    },
  };
}

/** Counts the blocks of a file that is only appended to. */
export function countBlocks(
  also: StoreChecksum | undefined,
): Omit<BlockCounter, 'result'> & { readonly result: () => Counted } {
  let sum = 0;
  let crc64 = '0';
  let sizeBytes = 0;
  return {
    add(block) {
      sum = crc32(block, sum);
      if (also === 'crc64') crc64 = extendCrc64(crc64, block);
      sizeBytes += block.length;
    },
    result: () => ({
      ...{ sizeBytes, head: Buffer.alloc(0), crc32: sum },
      ...(also === 'crc64' ? { crc64 } : {}),
    }),
  };
}

/** What pg_dump wrote is judged by pg_restore, not here. */
function orNothing<T>(find: () => T | undefined): T | undefined {
  try {
    return find();
  } catch (error) {
    if (error instanceof NotAnArchive) return undefined;
    throw error;
  }
}
