import { decodeText } from './encoding.ts';

/** What was given ends before what is to be read does. */
export class OutOfBytes extends Error {}

const EMPTY = Buffer.alloc(0);

/**
 * Reads what tables of contents are made of: integers are a sign byte and four bytes, texts an integer and so many bytes (PostgreSQL sources,
 * pg_backup_archiver.c: ReadInt, ReadStr). Texts are empty where there is none. Its methods throw OutOfBytes.
 */
export class TocReader {
  readonly #bytes: Buffer;
  readonly #keepsTexts: boolean;
  #offset: number;

  /** Without `keepsTexts`, only raw texts are read; the others are passed over, as if there were none. */
  constructor(
    bytes: Buffer,
    { keepsTexts, position = 0 }: { readonly keepsTexts: boolean; readonly position?: number },
  ) {
    this.#bytes = bytes;
    this.#keepsTexts = keepsTexts;
    this.#offset = position;
  }

  /** Of what is read next. */
  get position(): number {
    return this.#offset;
  }

  bytes(count: number): Buffer {
    const start = this.#advance(count);
    return this.#bytes.subarray(start, this.#offset);
  }

  byte(): number {
    return this.#bytes.readUInt8(this.#advance(1));
  }

  integer(): number {
    const start = this.#advance(5);
    const value = this.#bytes.readUInt32LE(start + 1);
    return this.#bytes.readUInt8(start) === 0 ? value : -value;
  }

  skip(count: number): void {
    this.#advance(count);
  }

  rawText(): Buffer {
    const length = this.integer();
    return length < 0 ? EMPTY : this.bytes(length);
  }

  skipText(): void {
    this.skip(Math.max(0, this.integer()));
  }

  ascii(): string {
    if (this.#keepsTexts) return this.rawText().toString('latin1');
    this.skipText();
    return '';
  }

  text(encoding: string): string {
    if (this.#keepsTexts) return decodeText(this.rawText(), encoding);
    this.skipText();
    return '';
  }

  /** All that come before one that is none. */
  asciis(): string[] {
    const texts: string[] = [];
    for (let length = this.integer(); length >= 0; length = this.integer()) {
      const start = this.#advance(length);
      if (this.#keepsTexts) texts.push(this.#bytes.toString('latin1', start, this.#offset));
    }
    return texts;
  }

  #advance(count: number): number {
    const start = this.#offset;
    if (start + count > this.#bytes.length) throw new OutOfBytes();
    this.#offset = start + count;
    return start;
  }
}
