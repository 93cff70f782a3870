import type { ItemSink } from './item-reader.ts';

/** As far back as deflate can refer (RFC 1951). */
const DICTIONARY_BYTES = 32 * 1024;
const CONTENT_BYTES = 512 * 1024;
/** Empty large objects add parts only. */
const MOST_PARTS = 4096;
/** What pg_dump writes behind the rows of a COPY, none of which can be like it (dumpTableData_copy). */
const END_OF_COPY = Buffer.from('\\.\n\n\n');

/** What the archive has in its place, in order: bytes as they came, and pieces of items that are compressed. */
export interface Batch {
  readonly input: SharedArrayBuffer;
  readonly parts: readonly Part[];
}

export type Part = Segment | { readonly bytes: Buffer; readonly dumpId: number | undefined };

/** A piece of an item, or all of it. */
export interface Segment {
  /** In the input. */
  readonly start: number;
  readonly length: number;
  /** So many bytes of the same item stand before it. */
  readonly dictionaryBytes: number;
  readonly begins: boolean;
  readonly ends: boolean;
  /** Whether it ends as the data of a COPY do. */
  readonly endsCopy: boolean;
}

export function isSegment(part: Part): part is Segment {
  return 'start' in part;
}

/** Fills one input after the other with the items of an archive. The inputs are used again and again: `take` needs one that was given back. */
export class BatchBuilder implements ItemSink {
  readonly #free: SharedArrayBuffer[];
  #input: Buffer;
  #parts: Part[] = [];
  #start = DICTIONARY_BYTES;
  #end = DICTIONARY_BYTES;
  #isInItem = false;
  #hasBegun = false;
  #dictionaryBytes = 0;

  constructor(inputs: number) {
    this.#free = Array.from({ length: inputs }, newInput);
    this.#input = this.#nextInput();
  }

  get isEmpty(): boolean {
    return this.#parts.length === 0 && this.#start === this.#end;
  }

  /** Whether nothing can be added before it is taken. */
  get isFull(): boolean {
    return this.#end === this.#input.length || this.#parts.length >= MOST_PARTS;
  }

  /** @param dumpId of the entry whose data begin there */
  addBytes(bytes: Buffer, dumpId?: number): void {
    this.#parts.push({ bytes, dumpId });
  }

  beginItem(): void {
    this.#isInItem = true;
    this.#hasBegun = false;
    this.#dictionaryBytes = 0;
    this.#start = this.#end;
  }

  /** Adds as much as there is room for; returns how much. */
  addContent(chunk: Buffer, from: number, to: number): number {
    const copied = chunk.copy(this.#input, this.#end, from, to);
    this.#end += copied;
    return copied;
  }

  endItem(): void {
    this.#addSegment(true);
    this.#isInItem = false;
    this.#start = this.#end;
  }

  take(): Batch {
    if (this.#isInItem && this.#end > this.#start) this.#addSegment(false);
    const batch = { input: this.#input.buffer as SharedArrayBuffer, parts: this.#parts };
    const next = this.#nextInput();
    const kept = this.#isInItem
      ? Math.min(DICTIONARY_BYTES, this.#end - this.#start + this.#dictionaryBytes)
      : 0;
    this.#input.copy(next, DICTIONARY_BYTES - kept, this.#end - kept, this.#end);
    this.#input = next;
    this.#parts = [];
    this.#start = DICTIONARY_BYTES;
    this.#end = DICTIONARY_BYTES;
    this.#dictionaryBytes = kept;
    return batch;
  }

  giveBack({ input }: Batch): void {
    this.#free.push(input);
  }

  #addSegment(ends: boolean): void {
    const length = this.#end - this.#start;
    const dictionaryBytes = this.#dictionaryBytes;
    const tail = this.#input.subarray(
      Math.max(this.#start - dictionaryBytes, this.#end - END_OF_COPY.length),
      this.#end,
    );
    this.#parts.push({
      start: this.#start,
      length,
      dictionaryBytes,
      begins: !this.#hasBegun,
      ends,
      endsCopy: ends && tail.equals(END_OF_COPY),
    });
    this.#hasBegun = true;
  }

  #nextInput(): Buffer {
    const input = this.#free.pop();
    if (!input) throw new Error('all inputs are in use');
    return Buffer.from(input);
  }
}

function newInput(): SharedArrayBuffer {
  return new SharedArrayBuffer(DICTIONARY_BYTES + CONTENT_BYTES);
}
