import { decodeText } from './encoding.ts';
import {
  FLAG,
  FLAG_AND_OFFSET_BYTES,
  FORMAT_MINORS,
  MAGIC,
  MAJOR_VERSION,
  WITH_ALGORITHM,
} from './format.ts';

/** The table of contents of a custom-format archive, as pg_dump writes it (PostgreSQL sources, pg_backup_archiver.c: ReadHead, ReadToc). */
export interface Toc {
  /** `14` for version 1.14 of the format. */
  readonly formatMinor: number;
  /** Of the database that was dumped. */
  readonly database: string;
  /** Of the server that it came from, as it said itself. */
  readonly serverVersion: string;
  /** Of the pg_dump that wrote it. */
  readonly dumpVersion: string;
  /** As PostgreSQL names it, for example `UTF8`. */
  readonly encoding: string;
  readonly entries: readonly TocEntry[];
}

export interface TocEntry {
  readonly dumpId: number;
  /** The object in the catalogs that it came from: the catalog's OID and the object's; `0` for neither. */
  readonly catalogId: string;
  readonly objectId: string;
  /** The object's name, or for some kinds a sentence about it. */
  readonly tag: string;
  /** `TABLE`, `TABLE DATA`, `INDEX`, … (pg_dump.c). */
  readonly kind: string;
  /** The SQL that makes it; empty for data. */
  readonly definition: string;
  /** The SQL that drops it, as pg_restore --clean begins with; empty where something else drops it. */
  readonly dropStatement: string;
  readonly schema: string;
  readonly tablespace: string;
  readonly owner: string;
  readonly hasData: boolean;
  /** The `dumpId`s of what it needs. */
  readonly dependencies: readonly number[];
}

/** A table of contents, and where what pg_dump knows only at the end stands in it. */
export interface PlacedToc {
  readonly toc: Toc;
  /** Of the header and the table of contents: data follow. */
  readonly headBytes: number;
  /** For each entry, in order, where its flag stands (1 or 2 with data, 3 without); the offset of its data, 8 bytes, follows (WriteOffset). */
  readonly flagPositions: readonly number[];
}

export class NotAnArchive extends Error {
  override readonly name: string = 'NotAnArchive';
}

const CUSTOM_FORMAT = 1;
const WITH_RELATION_KIND = 16;
const DATE_INTEGERS = 7;
/** More cannot be of any use: every lock needs shared memory. */
const MAXIMUM_ENTRIES = 10_000_000;

/**
 * Reads the header and the table of contents from the beginning of an archive; undefined where `bytes` end before it does.
 * @throws NotAnArchive for anything else than an archive of a format that clients 12 to 18 write.
 */
export function parseToc(bytes: Buffer): Toc | undefined {
  return parsePlacedToc(bytes)?.toc;
}

/** As `parseToc`, with the places. */
export function parsePlacedToc(bytes: Buffer): PlacedToc | undefined {
  try {
    return readToc(new Reader(bytes));
  } catch (error) {
    if (error instanceof OutOfBytes) return undefined;
    throw error;
  }
}

function readToc(reader: Reader): PlacedToc {
  const formatMinor = readHeader(reader);
  for (let index = 0; index < DATE_INTEGERS; index += 1) reader.integer();
  const [database, serverVersion, dumpVersion] = [reader.text(), reader.text(), reader.text()];
  const count = reader.integer();
  if (count < 0 || count > MAXIMUM_ENTRIES) throw new NotAnArchive(`a table of contents of ${count} entries`);
  const entries: TocEntry[] = [];
  const flagPositions: number[] = [];
  let encoding = 'UTF8';
  const decode = (text: Buffer): string => decodeText(text, encoding);
  for (let index = 0; index < count; index += 1) {
    const entry = readEntry(reader, formatMinor, decode);
    // pg_dump writes it before every entry with a name of a user's (pg_dump.c, dumpEncoding).
    if (entry.kind === 'ENCODING') encoding = encodingOf(entry) ?? encoding;
    entries.push(entry);
    flagPositions.push(reader.position - FLAG_AND_OFFSET_BYTES);
  }
  const toc = {
    formatMinor,
    encoding,
    database: decode(database),
    serverVersion: decode(serverVersion),
    dumpVersion: decode(dumpVersion),
    entries,
  };
  return { toc, headBytes: reader.position, flagPositions };
}

function readHeader(reader: Reader): number {
  if (reader.bytes(MAGIC.length).toString('latin1') !== MAGIC)
    throw new NotAnArchive('no archive of pg_dump');
  const [major, minor] = [reader.byte(), reader.byte()];
  reader.byte();
  const isKnown = major === MAJOR_VERSION && FORMAT_MINORS.includes(minor);
  if (!isKnown) throw new NotAnArchive(`format ${major}.${minor}`);
  const [integerBytes, offsetBytes, format] = [reader.byte(), reader.byte(), reader.byte()];
  if (integerBytes !== 4 || offsetBytes !== 8) throw new NotAnArchive('integers of another size');
  if (format !== CUSTOM_FORMAT) throw new NotAnArchive('another format than custom');
  if (minor >= WITH_ALGORITHM) reader.byte();
  else reader.integer();
  return minor;
}

function readEntry(reader: Reader, formatMinor: number, decode: (text: Buffer) => string): TocEntry {
  const dumpId = reader.integer();
  reader.integer();
  const [catalogId, objectId] = [reader.text().toString('latin1'), reader.text().toString('latin1')];
  const [tag, kind] = [decode(reader.text()), reader.text().toString('latin1')];
  reader.integer();
  const definition = decode(reader.text());
  const dropStatement = decode(reader.text());
  // The statement that copies its data.
  reader.text();
  const [schema, tablespace] = [decode(reader.text()), decode(reader.text())];
  reader.text();
  if (formatMinor >= WITH_RELATION_KIND) reader.integer();
  const owner = decode(reader.text());
  reader.text();
  const dependencies: number[] = [];
  for (let text = reader.optionalText(); text !== undefined; text = reader.optionalText()) {
    const dependency = text.toString('latin1');
    if (!/^\d{1,10}$/.test(dependency)) throw new NotAnArchive('a dependency that is no number');
    dependencies.push(Number(dependency));
  }
  const hasData = reader.byte() !== FLAG.noData;
  reader.bytes(8);
  return {
    dumpId,
    catalogId,
    objectId,
    tag,
    kind,
    definition,
    dropStatement,
    schema,
    tablespace,
    owner,
    hasData,
    dependencies,
  };
}

function encodingOf({ definition }: TocEntry): string | undefined {
  return /client_encoding = '([^']+)'/.exec(definition)?.[1];
}

class OutOfBytes extends Error {}

const EMPTY = Buffer.alloc(0);

/** Integers are a sign byte and four bytes, texts an integer and so many bytes (ReadInt, ReadStr). */
class Reader {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
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

  #advance(count: number): number {
    const start = this.#offset;
    if (start + count > this.#bytes.length) throw new OutOfBytes();
    this.#offset = start + count;
    return start;
  }

  /** Empty where there is none. */
  text(): Buffer {
    return this.optionalText() ?? EMPTY;
  }

  optionalText(): Buffer | undefined {
    const length = this.integer();
    return length < 0 ? undefined : this.bytes(length);
  }
}
