import { createHash } from 'node:crypto';
import { combineCrc64, extendCrc64 } from '../files/crc64.ts';
import type { Artifact } from '../report/record.ts';
import type { StoreChecksum } from '../storage/store.ts';
import { measureFile } from './checksum.ts';
import { countBlocks } from './count-blocks.ts';
import type { Counted } from './read-back.ts';
import { damagedUnseen } from './verify-archive.ts';

/** A dump that is being read back, while it is written and after. */
export interface Reading {
  /** Of its head, as soon as that is read, 0 where there is none; undefined where it is not understood, or will not come any more. */
  readonly headBytes: Promise<number | undefined>;
  /** At the end of the file; undefined where its head is not understood. */
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
  reading: Reading | undefined,
  options: {
    readonly also: StoreChecksum | undefined;
    readonly signal: AbortSignal;
    readonly onBytes: (done: number) => void;
  },
): Promise<Artifact> {
  const { also, signal, onBytes } = options;
  const headBytes = await reading?.headBytes;
  if (headBytes === undefined) {
    await reading?.counted;
    return measureFile(path, name, options);
  }
  const counter = countAnew(headBytes, also);
  const measured = await measureFile(path, name, {
    // The MD5 of pieces cannot be put together, and the beginning is known only now.
    ...{ also: also === 'md5' ? also : undefined, signal, onBytes },
    onBlock: counter.add,
  });
  const before = await reading?.counted;
  const { crc64OfHead, ...now } = counter.result();
  const isSame =
    now.sizeBytes === before?.sizeBytes && now.headSha256 === before.headSha256 && now.crc32 === before.crc32;
  if (!isSame) throw damagedUnseen(CHANGED);
  if (before.crc64 === undefined) return measured;
  return { ...measured, crc64: combineCrc64(crc64OfHead, before.crc64, now.sizeBytes - headBytes) };
}

function countAnew(headBytes: number, also: StoreChecksum | undefined) {
  const head = createHash('sha256');
  const rest = countBlocks(undefined);
  let sizeBytes = 0;
  let crc64OfHead = '0';
  return {
    add(block: Buffer): void {
      const ofHead = block.subarray(0, Math.max(0, headBytes - sizeBytes));
      head.update(ofHead);
      if (also === 'crc64') crc64OfHead = extendCrc64(crc64OfHead, ofHead);
      rest.add(block.subarray(ofHead.length));
      sizeBytes += block.length;
    },
    result: () => ({
      ...{ sizeBytes, headSha256: head.digest('hex') },
      ...{ crc32: rest.result().crc32, crc64OfHead },
    }),
  };
}

const CHANGED = {
  en: 'the file has changed after it was read back',
  zh: '文件在读回之后被改动',
};
