import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { NotAnArchive, parseToc, type Toc } from './toc.ts';

const FIRST_BYTES = 256 * 1024;
/** A database of a million tables has some 1 GB of it; nothing that is no archive should be read further. */
const MAXIMUM_BYTES = 2 ** 30;

/**
 * Reads the table of contents of an archive; undefined where the file ends before it does, as long as pg_dump still writes it.
 * @throws NotAnArchive
 */
export async function readTocOfFile(path: string): Promise<Toc | undefined> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    for (let wanted = FIRST_BYTES; ; wanted *= 4) {
      const length = Math.min(wanted, size, MAXIMUM_BYTES);
      const bytes = Buffer.alloc(length);
      const { bytesRead } = await file.read(bytes, 0, length, 0);
      const toc = parseToc(bytes.subarray(0, bytesRead));
      if (!toc && length === MAXIMUM_BYTES) throw endless();
      if (toc || length === size) return toc;
    }
  } finally {
    await file.close();
  }
}

/**
 * Reads the table of contents from the beginning of a stream and leaves the rest of it unread.
 * @throws NotAnArchive also where the stream ends before the table of contents does
 */
export async function readTocOfStream(stream: Readable): Promise<Toc> {
  const collector = createTocCollector();
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const toc = collector.add(chunk);
    if (toc) return toc;
  }
  const toc = collector.end();
  if (!toc) throw new NotAnArchive('cut short');
  return toc;
}

/**
 * Finds the table of contents in an archive that comes in pieces; each method returns it once, when it is first seen to be complete. Of what turns out
 * to be no archive nothing is kept: NotAnArchive is thrown once.
 */
export interface TocCollector<Found = Toc> {
  add(chunk: Buffer): Found | undefined;
  end(): Found | undefined;
}

export function createTocCollector(): TocCollector {
  return collectHead(parseToc);
}

/** The same for whatever else `parse` makes of all that came so far; undefined from it means that more is needed. */
export function collectHead<Found>(parse: (bytes: Buffer) => Found | undefined): TocCollector<Found> {
  let chunks: Buffer[] = [];
  let length = 0;
  let nextLook = 0;
  let isOver = false;
  const look = (): Found | undefined => {
    const bytes = Buffer.concat(chunks);
    chunks = [];
    isOver = true;
    const found = parse(bytes);
    if (found) return found;
    if (length > MAXIMUM_BYTES) throw endless();
    isOver = false;
    chunks = [bytes];
    // Looking after every piece would read the beginning again and again.
    nextLook = Math.min(length * 2, MAXIMUM_BYTES + 1);
    return undefined;
  };
  return {
    add(chunk) {
      if (isOver) return undefined;
      chunks.push(chunk);
      length += chunk.length;
      return length < nextLook ? undefined : look();
    },
    end: () => (isOver ? undefined : look()),
  };
}

function endless(): NotAnArchive {
  return new NotAnArchive('a table of contents without an end');
}
