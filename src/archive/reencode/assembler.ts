import { TABLE_DATA } from '../format.ts';
import { combineAdler32 } from './adler32.ts';
import { type Batch, isSegment, type Segment } from './batch.ts';
import type { Deflated, DeflatedSegment } from './deflate.ts';
import { writeInteger } from './integer.ts';

/** Deflate with a window of 32 KiB (RFC 1950, section 2.2); the level that it says is for information. */
const ZLIB_HEADER = Buffer.from([0x78, 0xda]);
const ADLER_BYTES = 4;
/** The line that ends a COPY, and the two empty ones that pg_dump writes behind it. */
const LINES_BEHIND_ROWS = 3;
const END_OF_ITEM = writeInteger(0, 0);

/** Puts together what pg_restore reads: for each item one zlib stream in blocks, each behind its length. */
export class Assembler {
  /** Where the data of each entry begin. */
  readonly offsets = new Map<number, number>();
  /** Of each entry whose data are those of a COPY. */
  readonly rows = new Map<number, number>();
  #position: number;
  #table: number | undefined;
  #adler = 1;
  #newlines = 0;

  /** @param position where the first batch begins in the archive */
  constructor(position: number) {
    this.#position = position;
  }

  /** The batches come in order. */
  add({ parts }: Batch, { output, segments }: Deflated): Buffer {
    const pieces: Uint8Array[] = [];
    let [position, outputEnd, index] = [this.#position, 0, 0];
    for (const part of parts) {
      if (isSegment(part)) {
        const segment = segments[index];
        if (!segment) throw new Error('a segment was not compressed');
        index += 1;
        outputEnd += segment.deflatedBytes;
        const added = this.#block(
          part,
          segment,
          output.subarray(outputEnd - segment.deflatedBytes, outputEnd),
        );
        pieces.push(...added);
        position += added.reduce((sum, { length }) => sum + length, 0);
      } else {
        if (part.dumpId !== undefined) this.#beginEntry(part.bytes, part.dumpId, position);
        pieces.push(part.bytes);
        position += part.bytes.length;
      }
    }
    this.#position = position;
    return Buffer.concat(pieces);
  }

  #beginEntry(bytes: Buffer, dumpId: number, position: number): void {
    this.offsets.set(dumpId, position);
    this.#table = bytes[0] === TABLE_DATA ? dumpId : undefined;
  }

  #block(part: Segment, deflated: DeflatedSegment, output: Uint8Array): Uint8Array[] {
    const { begins, ends, endsCopy, length } = part;
    this.#adler = begins ? deflated.adler : combineAdler32(this.#adler, deflated.adler, length);
    this.#newlines = (begins ? 0 : this.#newlines) + deflated.newlines;
    if (endsCopy && this.#table !== undefined) this.rows.set(this.#table, this.#newlines - LINES_BEHIND_ROWS);
    const blockBytes = (begins ? ZLIB_HEADER.length : 0) + output.length + (ends ? ADLER_BYTES : 0);
    const before = writeInteger(0, blockBytes);
    return [
      before,
      ...(begins ? [ZLIB_HEADER] : []),
      output,
      ...(ends ? [bigEndian(this.#adler), END_OF_ITEM] : []),
    ];
  }
}

function bigEndian(value: number): Buffer {
  const bytes = Buffer.alloc(ADLER_BYTES);
  bytes.writeUInt32BE(value);
  return bytes;
}
