import type { Readable } from 'node:stream';
import { collectHead } from './collect-head.ts';
import { NotAnArchive, parseToc, type Toc } from './toc.ts';

/**
 * Reads the table of contents from the beginning of a stream and leaves the rest of it unread.
 * @throws NotAnArchive also where the stream ends before the table of contents does
 */
export async function readTocOfStream(stream: Readable): Promise<Toc> {
  const collect = collectHead();
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const collected = collect(chunk);
    const toc = collected && parseToc(collected.head);
    if (toc) return toc;
  }
  throw new NotAnArchive('cut short');
}
