import type { Toc } from '../toc.ts';
import { DataStream } from './data-stream.ts';
import { createDeflatePool } from './deflate-pool.ts';
import { CutShort, collectUncompressedHead } from './head.ts';
import { untilAborted } from './until-aborted.ts';

export interface ReencodeOptions {
  /** As gzip counts, 1 to 9. */
  readonly level: number;
  readonly threads: number;
  readonly signal: AbortSignal;
  /** Called as soon as the table of contents is complete. */
  readonly onToc?: ((toc: Toc) => void) | undefined;
}

export interface Reencoding {
  /**
   * The archive, to be written from its beginning on. Whoever stops early ends the source and the threads with it.
   * @throws NotReencodable before anything else, for archives that are compressed already or of an unknown format
   * @throws NotAnArchive where the source is damaged; CutShort where it ends before the data of each entry came
   * @throws ThreadFailed
   */
  readonly pieces: AsyncIterable<Buffer>;
  /** For when all pieces have come. */
  result(): ReencodeResult;
}

export interface ReencodeResult {
  /** What goes over the beginning, so that restores of a part, or by several processes, find the data. The archive is whole without it. */
  readonly patches: readonly { readonly position: number; readonly bytes: Buffer }[];
  /** All patches lie in so many first bytes. */
  readonly headBytes: number;
  /** By the dump id of the data's entry; only of data that a COPY made, so none of `pg_dump --inserts`. */
  readonly rowsByDumpId: ReadonlyMap<number, number>;
}

/**
 * Compresses the archive that `pg_dump --format=custom --compress=0` writes to a pipe on several threads: what comes out is, but for the bytes that
 * compression makes of them, what `--compress=9` writes. Memory is bounded by the threads, and by the table of contents.
 */
export function reencodeArchive(source: AsyncIterable<Buffer>, options: ReencodeOptions): Reencoding {
  let result: ReencodeResult | undefined;
  const pieces = reencode(source, options, (found) => {
    result = found;
  });
  return {
    pieces,
    result() {
      if (!result) throw new Error('the archive is not complete');
      return result;
    },
  };
}

async function* reencode(
  source: AsyncIterable<Buffer>,
  { level, threads, signal, onToc }: ReencodeOptions,
  onEnd: (result: ReencodeResult) => void,
): AsyncGenerator<Buffer, void> {
  const pool = createDeflatePool(threads);
  const collect = collectUncompressedHead(level);
  let data: DataStream | undefined;
  // The head, which may be large, is kept no longer than this.
  async function* begin(chunk: Buffer): AsyncGenerator<Buffer, DataStream | undefined> {
    const head = collect(chunk);
    if (!head) return undefined;
    onToc?.(head.toc);
    yield head.bytes;
    const begun = new DataStream(head, { pool, level, threads });
    yield* begun.add(head.rest);
    return begun;
  }
  try {
    for await (const chunk of untilAborted(source, signal)) {
      if (data) yield* data.add(chunk);
      else data = yield* begin(chunk);
    }
    if (!data) throw new CutShort('cut short');
    yield* data.end();
    onEnd(data.result());
  } finally {
    await pool.end();
  }
}
