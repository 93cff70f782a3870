import { compareWithHead } from '../archive/compare-head.ts';
import { combineCrc64, extendCrc64 } from '../files/crc64.ts';
import type { Artifact } from '../report/record.ts';
import type { StoreChecksum } from '../storage/store.ts';
import { measureFile } from './checksum.ts';
import { type Counted, countBlocks } from './count-blocks.ts';
import { damagedUnseen } from './verify-archive.ts';

/** What is known of a dump that was read back while it was written. */
export interface ReadBack {
  /** Its head, empty where there is none, as soon as that is read; undefined where it is not understood, or will not come any more. */
  readonly head: Promise<Buffer | undefined>;
  /** At the end of the file; undefined where nothing could be counted. */
  readonly counted: Promise<Counted | undefined>;
}

/**
 * The facts of a dump that is complete: reads it once, for the sha256, and makes sure that it is what was read back, which may come to its end
 * later than this.
 * @throws PgBackupError ARCHIVE_DAMAGED, STORAGE_FAILED; what `counted` rejects with
 */
export async function measureCounted(
  path: string,
  name: string,
  readBack: ReadBack | undefined,
  options: {
    readonly also: StoreChecksum | undefined;
    readonly signal: AbortSignal;
    readonly onBytes: (done: number) => void;
  },
): Promise<Artifact> {
  const { also, signal, onBytes } = options;
  const head = await readBack?.head;
  if (!head) {
    await readBack?.counted;
    return measureFile(path, name, options);
  }
  const counter = countAnew(head, also);
  const measured = await measureFile(path, name, {
    // The MD5 of pieces cannot be put together, and the beginning is known only now.
    ...{ also: also === 'md5' ? also : undefined, signal, onBytes },
    onBlock: counter.add,
  });
  const before = await readBack?.counted;
  const { isChanged, crc64OfHead, ...now } = counter.result();
  if (isChanged || now.sizeBytes !== before?.sizeBytes || now.crc32 !== before.crc32) {
    throw damagedUnseen(CHANGED);
  }
  if (before.crc64 === undefined) return measured;
  return { ...measured, crc64: combineCrc64(crc64OfHead, before.crc64, now.sizeBytes - head.length) };
}

/** Compares the beginning of a file with the head that it had, and counts the rest. */
function countAnew(head: Buffer, also: StoreChecksum | undefined) {
  const isSame = compareWithHead(head);
  const rest = countBlocks(undefined);
  let sizeBytes = 0;
  let isChanged = false;
  let crc64OfHead = '0';
  return {
    add(block: Buffer): void {
      const ofHead = block.subarray(0, Math.max(0, head.length - sizeBytes));
      if (ofHead.length > 0) {
        isChanged = !isSame(ofHead);
        if (also === 'crc64') crc64OfHead = extendCrc64(crc64OfHead, ofHead);
      }
      rest.add(block.subarray(ofHead.length));
      sizeBytes += block.length;
    },
    result: () => ({ sizeBytes, isChanged, crc64OfHead, crc32: rest.result().crc32 }),
  };
}

const CHANGED = {
  en: 'the file has changed after it was read back',
  zh: '文件在读回之后被改动',
};
