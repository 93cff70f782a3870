import { Assembler } from './assembler.ts';
import { type Batch, BatchBuilder, isSegment } from './batch.ts';
import { type Deflated, type DeflateJob, deflate } from './deflate.ts';
import type { DeflatePool } from './deflate-pool.ts';
import { type EntryWithData, type Head, offsetPatches } from './head.ts';
import { ItemReader } from './item-reader.ts';
import type { ReencodeResult } from './reencode.ts';

/** So that no thread waits for the next one while the oldest is written. */
const BATCHES_PER_THREAD = 2;

/** What follows the table of contents: read into batches, which are compressed at the same time and come out in order. */
export class DataStream {
  readonly #entries: readonly EntryWithData[];
  readonly #headBytes: number;
  readonly #pool: DeflatePool;
  readonly #level: number;
  readonly #mostWaiting: number;
  readonly #waiting: { batch: Batch; deflated: Promise<Deflated> }[] = [];
  readonly #batches: BatchBuilder;
  readonly #reader: ItemReader;
  readonly #assembler: Assembler;

  constructor(head: Head, how: { pool: DeflatePool; level: number; threads: number }) {
    this.#entries = head.entriesWithData;
    this.#headBytes = head.bytes.length;
    this.#pool = how.pool;
    this.#level = how.level;
    this.#mostWaiting = BATCHES_PER_THREAD * how.threads;
    this.#batches = new BatchBuilder(this.#mostWaiting + 1);
    this.#reader = new ItemReader(head.entriesWithData, this.#batches);
    this.#assembler = new Assembler(this.#headBytes);
  }

  /** @throws NotAnArchive */
  async *add(chunk: Buffer): AsyncGenerator<Buffer, void> {
    for (let at = 0; at < chunk.length; ) {
      at = this.#reader.read(chunk, at);
      if (!this.#batches.isFull) continue;
      // The next batch needs an input.
      if (this.#waiting.length === this.#mostWaiting) yield await this.#oldest();
      this.#begin();
    }
  }

  /** @throws NotAnArchive where something is missing */
  async *end(): AsyncGenerator<Buffer, void> {
    this.#reader.end();
    if (!this.#batches.isEmpty) {
      // A small archive is done sooner than a thread has started.
      if (this.#waiting.length === 0) yield this.#lastAlone();
      else {
        if (this.#waiting.length === this.#mostWaiting) yield await this.#oldest();
        this.#begin();
      }
    }
    while (this.#waiting.length > 0) yield await this.#oldest();
  }

  result(): ReencodeResult {
    const { offsets, rows } = this.#assembler;
    return {
      patches: offsetPatches(this.#entries, offsets),
      headBytes: this.#headBytes,
      rowsByDumpId: rows,
    };
  }

  #begin(): void {
    const batch = this.#batches.take();
    this.#waiting.push({ batch, deflated: this.#pool.deflate(this.#jobOf(batch)) });
  }

  #lastAlone(): Buffer {
    const batch = this.#batches.take();
    return this.#assembler.add(batch, deflate(this.#jobOf(batch)));
  }

  #jobOf({ input, parts }: Batch): DeflateJob {
    return { input, level: this.#level, segments: parts.filter(isSegment) };
  }

  async #oldest(): Promise<Buffer> {
    const [oldest] = this.#waiting;
    if (!oldest) throw new Error('nothing is being compressed');
    const deflated = await oldest.deflated;
    this.#waiting.shift();
    const piece = this.#assembler.add(oldest.batch, deflated);
    this.#batches.giveBack(oldest.batch);
    return piece;
  }
}
