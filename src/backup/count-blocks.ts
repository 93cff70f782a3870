import { crc32 } from 'node:zlib';
import { collectHead } from '../archive/collect-head.ts';
import { NotAnArchive } from '../archive/toc.ts';
import { extendCrc64 } from '../files/crc64.ts';
import type { StoreChecksum } from '../storage/store.ts';

/** What the blocks of a file held. */
export interface Counts {
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
  result(): Counts | undefined;
}

/** Counts the blocks of an archive as they come by, and tells its header and table of contents once they are complete. */
export function countArchive(also: StoreChecksum | undefined, onHead: (head: Buffer) => void): BlockCounter {
  let head: Buffer | undefined;
  const collect = collectHead();
  const data = countBlocks(also);
  return {
    add(block) {
      if (head) return data.add(block);
      const collected = orNothing(() => collect(block));
      if (!collected) return;
      head = collected.head;
      data.add(collected.rest);
      onHead(head);
    },
    result() {
      const counted = data.result();
      return head && { ...counted, head, sizeBytes: head.length + counted.sizeBytes };
    },
  };
}

/** Counts the blocks of a file that is only appended to. */
export function countBlocks(
  also: StoreChecksum | undefined,
): Omit<BlockCounter, 'result'> & { readonly result: () => Counts } {
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
