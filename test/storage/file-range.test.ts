import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type FileHandle, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import {
  contentOfRange,
  type OpenFile,
  readRange,
  streamBlocks,
  withOpenFile,
} from '../../src/storage/file-range.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

const CONTENT = randomBytes(2_000_000);
const RANGE = { offset: 1000, sizeBytes: 1_900_000 };
const BLOCKS = 8;
/** More than reading ahead takes. */
const TURNS = 50;

test('a range is read as a whole, and in blocks that stay as they are while the next one is read', async (t) => {
  const path = join(temporaryDirectory(t), 'file');
  await writeFile(path, CONTENT);
  const expected = CONTENT.subarray(RANGE.offset, RANGE.offset + RANGE.sizeBytes);
  await withOpenFile(path, async (opened) => {
    assert.ok((await contentOfRange(opened, RANGE)).equals(expected));

    const { file, reads } = countReads(opened);
    const pieces: Buffer[] = [];
    let takenBytes = 0;
    const slow = new Writable({
      write(block: Buffer, _encoding, callback) {
        takenBytes += block.length;
        void readAhead(reads, takenBytes).then(() => {
          pieces.push(Buffer.from(block));
          callback();
        }, callback);
      },
    });
    await pipeline(streamBlocks(readRange(file, RANGE)), slow);
    assert.equal(pieces.length, BLOCKS);
    assert.ok(Buffer.concat(pieces).equals(expected));
  });
});

interface Reads {
  begun: number;
  ended: number;
  bytes: number;
}

function countReads({ path, handle }: OpenFile): { file: OpenFile; reads: Reads } {
  const reads = { begun: 0, ended: 0, bytes: 0 };
  const read = async (buffer: Buffer, offset: number, length: number, position: number): Promise<unknown> => {
    reads.begun += 1;
    try {
      // Less than was asked for, as a read may.
      const result = await handle.read(buffer, offset, Math.ceil(length / 2), position);
      reads.bytes += result.bytesRead;
      return result;
    } finally {
      reads.ended += 1;
    }
  };
  return { file: { path, handle: { read } as FileHandle }, reads };
}

/** Once the block after those that were taken is there, and everything that would read more had its turn. */
async function readAhead(reads: Reads, takenBytes: number): Promise<void> {
  for (let turn = 0; turn < TURNS || reads.ended < reads.begun; turn += 1) await setImmediate();
  assert.ok(reads.bytes > takenBytes || reads.bytes === RANGE.sizeBytes, 'nothing was read ahead');
}
