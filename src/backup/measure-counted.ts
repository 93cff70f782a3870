import { isSameButOffsets } from '../archive/compare-head.ts';
import { combineCrc64, extendCrc64 } from '../files/crc64.ts';
import type { Artifact } from '../report/record.ts';
import type { StoreChecksum } from '../storage/store.ts';
import { measureFile } from './checksum.ts';
import { type Counted, countArchive, countBlocks } from './count-blocks.ts';
import { damagedUnseen } from './verify-archive.ts';

/**
 * The facts of a dump that is complete and was counted while it was written: reads it once, for the sha256, and makes sure that it is what was
 * counted. `counted` may come later than that; undefined where nobody could count.
 * @throws PgBackupError ARCHIVE_DAMAGED, STORAGE_FAILED; what `counted` rejects with
 */
export async function measureCounted(
  path: string,
  name: string,
  counted: Promise<Counted | undefined> | undefined,
  options: {
    readonly also: StoreChecksum | undefined;
    readonly isEncrypted: boolean;
    readonly signal: AbortSignal;
    readonly onBytes: (done: number) => void;
  },
): Promise<Artifact> {
  const { also, isEncrypted, signal, onBytes } = options;
  if (!counted) return measureFile(path, name, { also, signal, onBytes });
  const counter = isEncrypted ? countBlocks(undefined) : countArchive(undefined, () => {});
  const measured = await measureFile(path, name, {
    // The MD5 of pieces cannot be put together, and the beginning is known only now.
    ...{ also: also === 'md5' ? also : undefined, signal, onBytes },
    onBlock: counter.add,
  });
  const before = await counted;
  if (!before) return measureFile(path, name, { also, signal, onBytes });
  const now = counter.result();
  if (now?.sizeBytes !== before.sizeBytes || now.crc32 !== before.crc32) throw damagedUnseen(CHANGED);
  if (!isEncrypted && !isSameButOffsets(before.head, now.head)) throw damagedUnseen(CHANGED);
  if (before.crc64 === undefined) return measured;
  const crc64OfHead = extendCrc64('0', now.head);
  const crc64 = combineCrc64(crc64OfHead, before.crc64, before.sizeBytes - before.head.length);
  return { ...measured, crc64 };
}

const CHANGED = {
  en: 'the file has changed after it was read back',
  zh: '文件在读回之后被改动',
};
