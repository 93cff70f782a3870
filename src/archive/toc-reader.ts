import { decodeText } from './encoding.ts';

/** What was given ends before what is to be read does. */
export class OutOfBytes extends Error {}

const EMPTY = Buffer.alloc(0);

/**
 * Reads what tables of contents are made of: integers are a sign byte and four bytes, texts an integer and so many bytes (PostgreSQL sources,
 * pg_backup_archiver.c: ReadInt, ReadStr). Texts are empty where there is none. All methods throw OutOfBytes.
 */
export class TocReader {
  readonly #bytes: Buffer;
  #offset: number;

  constructor(bytes: Buffer, position = 0) {
    this.#bytes = bytes;
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
    return this.optionalText() ?? EMPTY;
  }

  optionalText(): Buffer | undefined {
    const length = this.integer();
    return length < 0 ? undefined : this.bytes(length);
  }

  skipText(): void {
    this.skip(Math.max(0, this.integer()));
  }

  ascii(): string {
    return this.rawText().toString('latin1');
  }

  text(encoding: string): string {
    return decodeText(this.rawText(), encoding);
  }

  #advance(count: number): number {
    const start = this.#offset;
    if (start + count > this.#bytes.length) throw new OutOfBytes();
    this.#offset = start + count;
    return start;
  }
}
