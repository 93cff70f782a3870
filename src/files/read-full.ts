import type { FileHandle } from 'node:fs/promises';

/** Fills the buffer from there on, though a read may bring less than it was asked for. Resolves with how many bytes there were: fewer at the end of the file alone. */
export async function readFull(file: FileHandle, buffer: Buffer, position: number): Promise<number> {
  let done = 0;
  while (done < buffer.length) {
    const { bytesRead } = await file.read(buffer, done, buffer.length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}
