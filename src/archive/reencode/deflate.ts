import { constants, deflateRawSync } from 'node:zlib';
import { adler32 } from './adler32.ts';
import type { Segment } from './batch.ts';

/** What is done in one go. */
export interface DeflateJob {
  readonly input: SharedArrayBuffer;
  readonly level: number;
  readonly segments: readonly Segment[];
}

/** The compressed segments one behind the other, and what is known of each. */
export interface Deflated {
  readonly output: Uint8Array<ArrayBuffer>;
  readonly segments: readonly DeflatedSegment[];
}

export interface DeflatedSegment {
  readonly deflatedBytes: number;
  /** Of its content. */
  readonly adler: number;
  readonly newlines: number;
}

const NEWLINE = 10;
/** Small contents need no large window and tables, which take five times as long to make as to use. */
const SMALL = { bytes: 1024, options: { windowBits: 11, memLevel: 5 } };
const LONGEST_OUTPUT_STEP_BYTES = 64 * 1024;

/** Compresses each segment, on this thread. */
export function deflate({ input, level, segments }: DeflateJob): Deflated {
  const pieces = segments.map((segment) => deflateSegment(input, level, segment));
  // An ArrayBuffer of its own, because it is handed over.
  const output = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const piece of pieces) {
    output.set(piece, end);
    end += piece.length;
  }
  return {
    output,
    segments: segments.map(({ start, length }, index) => {
      const content = new Uint8Array(input, start, length);
      return {
        deflatedBytes: pieces[index]?.length ?? 0,
        adler: adler32(content),
        newlines: countNewlines(content),
      };
    }),
  };
}

/** Raw deflate (RFC 1951); all but the last segment of an item end at a byte, with an empty block. */
function deflateSegment(input: SharedArrayBuffer, level: number, segment: Segment): Buffer {
  const { start, length, dictionaryBytes, ends } = segment;
  const isSmall = length + dictionaryBytes <= SMALL.bytes;
  return deflateRawSync(new Uint8Array(input, start, length), {
    level,
    chunkSize: Math.min(mostDeflatedBytes(length), LONGEST_OUTPUT_STEP_BYTES),
    finishFlush: ends ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
    ...(isSmall ? SMALL.options : {}),
    ...(dictionaryBytes > 0
      ? { dictionary: new Uint8Array(input, start - dictionaryBytes, dictionaryBytes) }
      : {}),
  });
}

/** What does not compress needs 5 bytes for each 16 KB of it, and as many for the end. A larger buffer would be kept whole, as long as the piece that lies in it. */
function mostDeflatedBytes(length: number): number {
  return length + (length >> 10) + 64;
}

function countNewlines(content: Uint8Array): number {
  let newlines = 0;
  for (let at = content.indexOf(NEWLINE); at >= 0; at = content.indexOf(NEWLINE, at + 1)) newlines += 1;
  return newlines;
}
