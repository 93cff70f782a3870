import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { PgBackupError } from '../errors.ts';
import { onDisk } from '../files/storage-error.ts';
import type { Text } from '../language.ts';
import type { Part } from './part-plan.ts';

/** Small enough that several ranges at a time need little memory. */
const BLOCK_BYTES = 256 * 1024;

/** An open file: it stays the same one when its name changes. */
export interface OpenFile {
  readonly path: string;
  readonly handle: FileHandle;
}

/**
 * The bytes of a range, block by block, without a position that others share.
 * @throws PgBackupError STORAGE_FAILED, or UPLOAD_FAILED for a file that ends within the range
 */
export async function* readRange(
  { path, handle }: OpenFile,
  { offset, sizeBytes }: Pick<Part, 'offset' | 'sizeBytes'>,
): AsyncGenerator<Buffer, void> {
  let done = 0;
  while (done < sizeBytes) {
    const block = Buffer.allocUnsafe(Math.min(BLOCK_BYTES, sizeBytes - done));
    const { bytesRead } = await onDisk(path, () => handle.read(block, 0, block.length, offset + done));
    if (bytesRead === 0) throw endsEarly(path, offset + done);
    done += bytesRead;
    yield block.subarray(0, bytesRead);
  }
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
