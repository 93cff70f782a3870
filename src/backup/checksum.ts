import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
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
  },
): Promise<Artifact> {
  return onDisk(path, async () => {
    const sha256 = createHash('sha256');
    const md5 = options.also === 'md5' ? createHash('md5') : undefined;
    let crc = '0';
    let done = 0;
    const stream = createReadStream(path, { highWaterMark: BLOCK_BYTES, signal: options.signal });
    for await (const block of stream as AsyncIterable<Buffer>) {
      sha256.update(block);
      md5?.update(block);
      if (options.also === 'crc64') crc = extendCrc64(crc, block);
      done += block.length;
      options.onBytes?.(done);
    }
    const { size } = await stat(path);
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
