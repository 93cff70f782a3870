import { decodeText } from './encoding.ts';
import {
  FLAG,
  FLAG_AND_OFFSET_BYTES,
  FORMAT_MINORS,
  MAGIC,
  MAJOR_VERSION,
  OFFSET_BYTES,
  WITH_ALGORITHM,
} from './format.ts';
import { OutOfBytes, TocReader } from './toc-reader.ts';

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

/** Where what pg_dump knows only at the end stands in the beginning of an archive. */
export interface Places {
  /** Of the header and the table of contents: data follow. */
  readonly headBytes: number;
  /** Of each entry, in order. */
  readonly entries: readonly PlacedEntry[];
}

export interface PlacedEntry {
  readonly dumpId: number;
  /** Of its flag (1 or 2 with data, 3 without); the offset of its data, 8 bytes, follows (WriteOffset). */
  readonly flagPosition: number;
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
  return unlessCut(() => readToc(new TocReader(bytes)));
}

/** Finds the places in what `parseToc` reads, without its texts; undefined, and NotAnArchive, as there. */
export function findPlaces(bytes: Buffer): Places | undefined {
  return createPlacesFinder()(bytes);
}

/** The same for a beginning that grows: each call, with all that came so far, goes on where the one before ended. */
export function createPlacesFinder(): (bytes: Buffer) => Places | undefined {
  const entries: PlacedEntry[] = [];
  let beginning: Pick<Beginning, 'formatMinor' | 'count'> | undefined;
  /** The dump id of the entry of which the dependencies are still being read: it may have millions of them. */
  let begun: number | undefined;
  let position = 0;
  const find = (reader: TocReader): Places => {
    if (!beginning) {
      const { formatMinor, count } = readBeginning(reader);
      beginning = { formatMinor, count };
      position = reader.position;
    }
    while (entries.length < beginning.count) {
      if (begun === undefined) {
        begun = skipFields(reader, beginning.formatMinor);
        position = reader.position;
      }
      while (readDependency(reader) !== undefined) position = reader.position;
      reader.skip(FLAG_AND_OFFSET_BYTES);
      position = reader.position;
      entries.push({ dumpId: begun, flagPosition: position - FLAG_AND_OFFSET_BYTES });
      begun = undefined;
    }
    return { headBytes: position, entries };
  };
  return (bytes) => unlessCut(() => find(new TocReader(bytes, position)));
}

function unlessCut<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof OutOfBytes) return undefined;
    throw error;
  }
}

function readToc(reader: TocReader): Toc {
  const { formatMinor, count, ...texts } = readBeginning(reader);
  const entries: TocEntry[] = [];
  let encoding = 'UTF8';
  for (let index = 0; index < count; index += 1) {
    const entry = readEntry(reader, formatMinor, encoding);
    // pg_dump writes it before every entry with a name of a user's (pg_dump.c, dumpEncoding).
    if (entry.kind === 'ENCODING') encoding = encodingOf(entry) ?? encoding;
    entries.push(entry);
  }
  return {
    formatMinor,
    encoding,
    database: decodeText(texts.database, encoding),
    serverVersion: decodeText(texts.serverVersion, encoding),
    dumpVersion: decodeText(texts.dumpVersion, encoding),
    entries,
  };
}

/** All that stands before the entries; in which encoding its texts are, only they tell. */
interface Beginning {
  readonly formatMinor: number;
  readonly database: Buffer;
  readonly serverVersion: Buffer;
  readonly dumpVersion: Buffer;
  /** Of the entries. */
  readonly count: number;
}

function readBeginning(reader: TocReader): Beginning {
  const formatMinor = readHeader(reader);
  for (let index = 0; index < DATE_INTEGERS; index += 1) reader.integer();
  const [database, serverVersion, dumpVersion] = [reader.rawText(), reader.rawText(), reader.rawText()];
  const count = reader.integer();
  if (count < 0 || count > MAXIMUM_ENTRIES) throw new NotAnArchive(`a table of contents of ${count} entries`);
  return { formatMinor, database, serverVersion, dumpVersion, count };
}

function readHeader(reader: TocReader): number {
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

function readEntry(reader: TocReader, formatMinor: number, encoding: string): TocEntry {
  const dumpId = reader.integer();
  reader.integer();
  const [catalogId, objectId] = [reader.ascii(), reader.ascii()];
  const [tag, kind] = [reader.text(encoding), reader.ascii()];
  reader.integer();
  const [definition, dropStatement] = [reader.text(encoding), reader.text(encoding)];
  // The statement that copies its data.
  reader.skipText();
  const [schema, tablespace] = [reader.text(encoding), reader.text(encoding)];
  reader.skipText();
  if (formatMinor >= WITH_RELATION_KIND) reader.integer();
  const owner = reader.text(encoding);
  reader.skipText();
  const dependencies: number[] = [];
  for (let id = readDependency(reader); id !== undefined; id = readDependency(reader)) dependencies.push(id);
  const hasData = reader.byte() !== FLAG.noData;
  reader.skip(OFFSET_BYTES);
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

/** Passes over an entry, as `readEntry` reads it, up to its dependencies; returns its dump id. */
function skipFields(reader: TocReader, formatMinor: number): number {
  const dumpId = reader.integer();
  reader.integer();
  for (let text = 0; text < 4; text += 1) reader.skipText();
  reader.integer();
  for (let text = 0; text < 6; text += 1) reader.skipText();
  if (formatMinor >= WITH_RELATION_KIND) reader.integer();
  for (let text = 0; text < 2; text += 1) reader.skipText();
  return dumpId;
}

/** They are written as texts, and one text that is none behind them. */
function readDependency(reader: TocReader): number | undefined {
  const text = reader.optionalText()?.toString('latin1');
  if (text === undefined) return undefined;
  if (!/^\d{1,10}$/.test(text)) throw new NotAnArchive('a dependency that is no number');
  return Number(text);
}

function encodingOf({ definition }: TocEntry): string | undefined {
  return /client_encoding = '([^']+)'/.exec(definition)?.[1];
}
