import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { extendCrc64 } from '../files/crc64.ts';
import { onDisk } from '../files/storage-error.ts';
import type { Artifact } from '../report/record.ts';
import type { StoreChecksum } from '../storage/store.ts';

const BLOCK_BYTES = 1024 * 1024;

/** Reads a file once and returns its facts under `name`; a checksum that stores count too only where asked for. */
export async function measureFile(
  path: string,
  name: string,
  options: {
    readonly also?: StoreChecksum | undefined;
    readonly signal?: AbortSignal;
    readonly onBytes?: (done: number) => void;
    /** The block lasts as long as the call. */
    readonly onBlock?: (block: Buffer) => void;
  },
): Promise<Artifact> {
  return onDisk(path, async () => {
    const sha256 = createHash('sha256');
    const md5 = options.also === 'md5' ? createHash('md5') : undefined;
    let crc = '0';
    let done = 0;
    await using file = await open(path);
    // One for all: a new one for each would be hundreds of megabytes before the next collection of garbage.
    const buffer = Buffer.allocUnsafe(BLOCK_BYTES);
    for (;;) {
      options.signal?.throwIfAborted();
      const { bytesRead } = await file.read(buffer, 0, buffer.length, done);
      if (bytesRead === 0) break;
      const block = buffer.subarray(0, bytesRead);
      sha256.update(block);
      md5?.update(block);
      if (options.also === 'crc64') crc = extendCrc64(crc, block);
      options.onBlock?.(block);
      done += bytesRead;
      options.onBytes?.(done);
    }
    const { size } = await file.stat();
    return {
      name: basename(name),
      sizeBytes: size,
      sha256: sha256.digest('hex'),
      ...(options.also === 'crc64' ? { crc64: crc } : {}),
      ...(md5 ? { md5: md5.digest('hex') } : {}),
    };
  });
}

/** One line that `sha256sum -c` accepts in any directory that holds the pair. */
export function checksumLine(artifact: Artifact): string {
  return `${artifact.sha256}  ${artifact.name}\n`;
}
