import { LARGE_OBJECTS, TABLE_DATA } from '../format.ts';
import { NotAnArchive } from '../toc.ts';
import { CutShort, type EntryWithData } from './head.ts';
import { INTEGER_BYTES, writeInteger } from './integer.ts';

const END_OF_LARGE_OBJECTS = 0;
const LONGEST_BLOCK = 2 ** 31 - 1;

/** Where the items go. */
export interface ItemSink {
  /** Whether it takes nothing more for now. */
  readonly isFull: boolean;
  /** What stands between the items; where the data of an entry begin, with its dump id. */
  addBytes(bytes: Buffer, dumpId?: number): void;
  beginItem(): void;
  /** Takes as much as there is room for; returns how much. */
  addContent(chunk: Buffer, from: number, to: number): number;
  endItem(): void;
}

type Expected = 'type' | 'dump id' | 'large object' | 'block';

/**
 * Takes the data of an archive, which follow the table of contents, apart into items (pg_backup_custom.c): for each entry with data its type, its dump
 * id and blocks, each behind its length, up to one of length 0; large objects have that each, behind their OID, up to the OID 0. The same in whatever
 * way the content of the blocks is compressed.
 */
export class ItemReader {
  readonly #sink: ItemSink;
  /** The entries whose data did not come yet. */
  readonly #missing: Map<number, EntryWithData>;
  #expected: Expected = 'type';
  #type = 0;
  #blockBytes = 0;
  readonly #integer = Buffer.alloc(INTEGER_BYTES);
  #integerBytes = 0;

  constructor(entries: readonly EntryWithData[], sink: ItemSink) {
    this.#missing = new Map(entries.map((entry) => [entry.dumpId, entry]));
    this.#sink = sink;
  }

  /**
   * Reads a chunk from there on, up to its end or to where the sink is full; returns how far.
   * @throws NotAnArchive where the data are not as pg_dump writes them
   */
  read(chunk: Buffer, start: number): number {
    let at = start;
    while (at < chunk.length && !this.#sink.isFull) {
      if (this.#blockBytes > 0) {
        const end = Math.min(chunk.length, at + this.#blockBytes);
        const copied = this.#sink.addContent(chunk, at, end);
        this.#blockBytes -= copied;
        at += copied;
      } else if (this.#expected === 'type') {
        this.#type = chunk.readUInt8(at);
        this.#expected = 'dump id';
        at += 1;
      } else if (this.#integerBytes === 0 && at + INTEGER_BYTES <= chunk.length) {
        this.#understand(chunk, at);
        at += INTEGER_BYTES;
      } else {
        at += this.#gather(chunk, at);
      }
    }
    return at;
  }

  /** @throws CutShort where the data end too early: in an item, or before each entry has its own */
  end(): void {
    if (this.#expected !== 'type') throw new CutShort('cut short in the data');
    const [entry] = this.#missing.values();
    if (entry) throw new CutShort(`cut short before the data of ${entry.tag}`);
  }

  /** An integer may begin in one chunk and end in the next. */
  #gather(chunk: Buffer, at: number): number {
    const copied = chunk.copy(this.#integer, this.#integerBytes, at, at + INTEGER_BYTES - this.#integerBytes);
    this.#integerBytes += copied;
    if (this.#integerBytes === INTEGER_BYTES) {
      this.#integerBytes = 0;
      this.#understand(this.#integer, 0);
    }
    return copied;
  }

  #understand(bytes: Buffer, at: number): void {
    const [sign, value] = [bytes.readUInt8(at), bytes.readUInt32LE(at + 1)];
    if (this.#expected === 'block') this.#onBlock(sign, value);
    else if (this.#expected === 'dump id') this.#onDumpId(sign, value);
    else this.#onLargeObject(sign, value);
  }

  #onBlock(sign: number, length: number): void {
    if (sign !== 0 || length > LONGEST_BLOCK) throw new NotAnArchive('a block of an impossible length');
    this.#blockBytes = length;
    if (length > 0) return;
    this.#sink.endItem();
    this.#expected = this.#type === TABLE_DATA ? 'type' : 'large object';
  }

  #onDumpId(sign: number, dumpId: number): void {
    const entry = sign === 0 ? this.#missing.get(dumpId) : undefined;
    if (!entry) throw new NotAnArchive('data that the table of contents has not, or twice');
    if (this.#type !== (entry.kind === 'BLOBS' ? LARGE_OBJECTS : TABLE_DATA)) {
      throw new NotAnArchive(`data of another type than ${entry.kind}`);
    }
    this.#missing.delete(dumpId);
    this.#sink.addBytes(Buffer.from([this.#type, ...writeInteger(sign, dumpId)]), dumpId);
    if (this.#type === TABLE_DATA) this.#beginItem();
    else this.#expected = 'large object';
  }

  /** An OID above 2^31 is written as if it were negative. */
  #onLargeObject(sign: number, value: number): void {
    if (sign > 1 || (sign === 1 && value === 0))
      throw new NotAnArchive('a large object with an impossible OID');
    this.#sink.addBytes(writeInteger(sign, value));
    if (value === END_OF_LARGE_OBJECTS) this.#expected = 'type';
    else this.#beginItem();
  }

  #beginItem(): void {
    this.#sink.beginItem();
    this.#expected = 'block';
  }
}
