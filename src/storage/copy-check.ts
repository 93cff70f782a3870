import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import type { Text } from '../language.ts';
import type { Artifact } from '../report/record.ts';
import type { Store, StoredObject } from './store.ts';

/** What an object that the store itself describes has different from the artifact; a checksum that nobody counted is no difference. */
export function visibleDifferences(present: StoredObject, artifact: Artifact): Text[] {
  const size = {
    en: `${present.sizeBytes} bytes instead of ${artifact.sizeBytes}`,
    zh: `${present.sizeBytes} 字节，应为 ${artifact.sizeBytes}`,
  };
  return [
    ...(present.sizeBytes === artifact.sizeBytes ? [] : [size]),
    ...difference('CRC-64', present.crc64, artifact.crc64),
    ...difference('MD5', present.md5, artifact.md5),
  ];
}

/** True where size and a checksum were counted on both sides and are equal. */
export function isSame(present: StoredObject, artifact: Artifact): boolean {
  return isCounted(present, artifact) && visibleDifferences(present, artifact).length === 0;
}

/**
 * Compares the store's copy with the artifact by size and checksum; where no checksum was counted on both sides, reads the whole copy back
 * and compares its sha256; `onBytes` is told what has been read so far. Returns what the store says, with every difference; undefined where
 * there is no such object.
 * @throws PgBackupError CONFIRM_FAILED, STORE_FAILED
 */
export async function checkCopy(
  store: Store,
  artifact: Artifact,
  signal: AbortSignal,
  onBytes: (read: number) => void = () => {},
): Promise<{ readonly present: StoredObject; readonly differences: readonly Text[] } | undefined> {
  const present = await store.stat(artifact.name, signal);
  if (!present) return undefined;
  const differences = visibleDifferences(present, artifact);
  if (differences.length > 0 || isCounted(present, artifact)) return { present, differences };
  const sha256 = createHash('sha256');
  let readBytes = 0;
  const count = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      readBytes += chunk.length;
      onBytes(readBytes);
      yield chunk;
    }
  };
  await pipeline(await store.get(artifact.name, { signal }), count, sha256);
  return {
    present,
    differences: difference('sha256', sha256.digest('hex'), artifact.sha256),
  };
}

/** All of the differences in one sentence. */
export function describeDifferences(differences: readonly Text[]): Text {
  return {
    en: differences.map(({ en }) => en).join('; '),
    zh: differences.map(({ zh }) => zh).join('；'),
  };
}

function isCounted(present: StoredObject, artifact: Artifact): boolean {
  return (
    (present.crc64 !== undefined && artifact.crc64 !== undefined) ||
    (present.md5 !== undefined && artifact.md5 !== undefined)
  );
}

function difference(checksum: string, found: string | undefined, expected: string | undefined): Text[] {
  if (found === undefined || expected === undefined || found === expected) return [];
  return [
    {
      en: `${checksum} ${found} instead of ${expected}`,
      zh: `${checksum} 为 ${found}，应为 ${expected}`,
    },
  ];
}
