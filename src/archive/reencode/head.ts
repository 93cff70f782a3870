import { type CollectedHead, collectHead, type HeadCollector, HeadTooLong } from '../collect-head.ts';
import { FLAG, FORMAT_MINORS, MAGIC, MAJOR_VERSION, OFFSET_BYTES, WITH_ALGORITHM } from '../format.ts';
import { NotAnArchive, parseToc, type Toc } from '../toc.ts';
import { writeInteger } from './integer.ts';

/** An archive of pg_dump whose data are compressed already, or of a format that is not known here. */
export class NotReencodable extends NotAnArchive {
  override readonly name: string = 'NotReencodable';
}

/** An archive of a format that is known here, whose table of contents is not as pg_dump writes it. */
export class DamagedHead extends NotAnArchive {
  override readonly name: string = 'DamagedHead';
}

/** An archive that ends before it is complete. */
export class CutShort extends NotAnArchive {
  override readonly name: string = 'CutShort';
}

/** All that stands before the data. */
export interface ReadHead {
  readonly toc: Toc;
  /** What was read of the data with it. */
  readonly rest: Buffer;
  readonly entriesWithData: readonly EntryWithData[];
}

export interface Head extends ReadHead {
  /** For an archive whose data are compressed. */
  readonly bytes: Buffer;
}

export interface EntryWithData {
  readonly dumpId: number;
  readonly kind: string;
  readonly tag: string;
  /** Where its flag and its data's offset stand in the archive. */
  readonly flagPosition: number;
}

/** PostgreSQL sources, pg_backup_archiver.c: WriteHead. */
const AT = { version: 5, sizesAndFormat: 8, compression: 11 };
const LONGEST_HEADER_BYTES = 16;
/** Integers of 4 bytes, offsets of 8, and the custom format. */
const SIZES_AND_FORMAT = Buffer.from([4, 8, 1]);
const GZIP = 1;

/**
 * Collects the head of an archive in whatever way it is compressed.
 * @throws NotReencodable where the format is not known here; DamagedHead; HeadTooLong
 */
export function collectAnyHead(): HeadCollector<ReadHead> {
  const collect = collectHead(checkFormat);
  return (piece) => {
    try {
      const collected = collect(piece);
      return collected && readHead(collected);
    } catch (error) {
      const isTold = error instanceof NotReencodable || error instanceof HeadTooLong;
      throw error instanceof NotAnArchive && !isTold ? new DamagedHead(error.message) : error;
    }
  };
}

/**
 * Collects the head of an uncompressed archive, and says in it that the data are compressed at that level.
 * @throws NotReencodable NotAnArchive
 */
export function collectUncompressedHead(level: number): HeadCollector<Head> {
  const collect = collectHead((beginning) => {
    checkFormat(beginning);
    checkUncompressed(beginning);
  });
  return (piece) => {
    const collected = collect(piece);
    return collected && compressedHead(collected, level);
  };
}

/** What goes over flags and offsets in the head, once it is known where the data of each entry begin. */
export function offsetPatches(
  entries: readonly EntryWithData[],
  offsets: ReadonlyMap<number, number>,
): { position: number; bytes: Buffer }[] {
  return entries.map(({ dumpId, flagPosition }) => {
    const bytes = Buffer.alloc(1 + OFFSET_BYTES);
    bytes.writeUInt8(FLAG.set);
    bytes.writeBigUInt64LE(BigInt(offsets.get(dumpId) ?? 0), 1);
    return { position: flagPosition, bytes };
  });
}

function hasHeader(bytes: Buffer): boolean {
  return bytes.length >= LONGEST_HEADER_BYTES && bytes.toString('latin1', 0, MAGIC.length) === MAGIC;
}

function checkFormat(bytes: Buffer): void {
  if (!hasHeader(bytes)) return;
  const [major, minor] = [bytes.readUInt8(AT.version), bytes.readUInt8(AT.version + 1)];
  if (major !== MAJOR_VERSION || !FORMAT_MINORS.includes(minor)) {
    throw new NotReencodable(`format ${major}.${minor}`);
  }
  if (!bytes.subarray(AT.sizesAndFormat, AT.compression).equals(SIZES_AND_FORMAT)) {
    throw new NotReencodable('another format than custom, or integers of another size');
  }
}

function checkUncompressed(bytes: Buffer): void {
  if (!hasHeader(bytes)) return;
  const compression = compressionField(bytes.readUInt8(AT.version + 1), 0, 0);
  if (!bytes.subarray(AT.compression, AT.compression + compression.length).equals(compression)) {
    throw new NotReencodable('data that are compressed already');
  }
}

function compressionField(minor: number, algorithm: number, level: number): Buffer {
  return minor >= WITH_ALGORITHM ? Buffer.from([algorithm]) : writeInteger(0, level);
}

function compressedHead(collected: CollectedHead, level: number): Head {
  const read = readHead(collected);
  const { head } = collected;
  compressionField(read.toc.formatMinor, GZIP, level).copy(head, AT.compression);
  return { ...read, bytes: head };
}

function readHead({ head, places, rest }: CollectedHead): ReadHead {
  const toc = parseToc(head);
  if (!toc) throw new Error('a head that has places is complete');
  const entriesWithData = toc.entries.flatMap(({ dumpId, kind, tag }, index) => {
    const flagPosition = places.entries[index]?.flagPosition ?? 0;
    const flag = head.readUInt8(flagPosition);
    if (flag === FLAG.noData) return [];
    if (flag !== FLAG.notSet && flag !== FLAG.set) {
      throw new NotAnArchive('an entry that does not say whether it has data');
    }
    return [{ dumpId, kind, tag, flagPosition }];
  });
  return { toc, rest, entriesWithData };
}
