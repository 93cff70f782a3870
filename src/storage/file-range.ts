import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { PgBackupError } from '../errors.ts';
import { readFull } from '../files/read-full.ts';
import { onDisk } from '../files/storage-error.ts';
import type { Text } from '../language.ts';
import type { Part } from './part-plan.ts';

/** Small enough that several ranges at a time need little memory; and more than a request or a socket takes before it says that it is busy. */
const BLOCK_BYTES = 256 * 1024;
const BLOCKS = 2;

/** An open file: it stays the same one when its name changes. */
export interface OpenFile {
  readonly path: string;
  readonly handle: FileHandle;
}

/**
 * The bytes of a range without a position that others share, in full blocks but for the last. Each block lasts until the next but one is asked
 * for: a stream of them may read one ahead.
 * @throws PgBackupError STORAGE_FAILED, or UPLOAD_FAILED for a file that ends within the range
 */
export async function* readRange(
  file: OpenFile,
  { offset, sizeBytes }: Pick<Part, 'offset' | 'sizeBytes'>,
): AsyncGenerator<Buffer, void> {
  // New ones for all that is sent would be tens of megabytes of garbage between two collections.
  const blocks = Buffer.allocUnsafe(BLOCKS * Math.min(BLOCK_BYTES, sizeBytes));
  const blockBytes = blocks.length / BLOCKS;
  let next = 0;
  for (let done = 0; done < sizeBytes; ) {
    const block = blocks.subarray(next, next + Math.min(blockBytes, sizeBytes - done));
    await fill(block, file, offset + done);
    done += block.length;
    next = (next + blockBytes) % blocks.length;
    yield block;
  }
}

async function fill(block: Buffer, { path, handle }: OpenFile, position: number): Promise<void> {
  const readBytes = await onDisk(path, () => readFull(handle, block, position));
  if (readBytes < block.length) throw endsEarly(path, position + readBytes);
}

/** Full blocks as a stream that asks for the next one while whoever reads it is busy with one, and for no other. */
export function streamBlocks(blocks: AsyncIterable<Buffer>): Readable {
  return Readable.from(blocks, { objectMode: false, highWaterMark: 1 });
}

/** All bytes of a range that has few. @throws as readRange */
export async function contentOfRange(
  file: OpenFile,
  { offset, sizeBytes }: Pick<Part, 'offset' | 'sizeBytes'>,
): Promise<Buffer> {
  const content = Buffer.allocUnsafe(sizeBytes);
  await fill(content, file, offset);
  return content;
}

/** Opens a file for `use`, and closes it when that has ended. @throws PgBackupError STORAGE_FAILED */
export async function withOpenFile<T>(path: string, use: (file: OpenFile) => Promise<T>): Promise<T> {
  await using handle = await onDisk(path, () => open(path));
  return await use({ path, handle });
}

/** The MD5 of a range in base64, as Content-MD5 has it. */
export async function md5OfRange(file: OpenFile, range: Part, signal: AbortSignal): Promise<string> {
  const md5 = createHash('md5');
  for await (const block of readRange(file, range)) {
    signal.throwIfAborted();
    md5.update(block);
  }
  return md5.digest('base64');
}

function endsEarly(path: string, sizeBytes: number): PgBackupError {
  const detail: Text = { en: `the file ends at ${sizeBytes} bytes`, zh: `文件仅有 ${sizeBytes} 字节` };
  return new PgBackupError('UPLOAD_FAILED', { object: path, detail, remedy: '' });
}
