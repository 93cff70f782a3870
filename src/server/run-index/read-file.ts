import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, type Stats } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { readFull } from '../../files/read-full.ts';
import { hasErrorCode } from '../../files/storage-error.ts';
import type { Check } from '../../report/directory.ts';

/** What tells that a file is still the one that was read. */
export interface FileStamp {
  readonly sizeBytes: number;
  readonly modifiedAt: number;
  readonly inode: number;
}

/** A regular file, as the listing of its directory tells, that was never looked at. */
export const NEW = 'new';
/** undefined: nothing is known that could be relied on. */
export type Known = FileStamp | typeof NEW | undefined;

export interface JsonKind {
  readonly check: Check;
  readonly maximumBytes: number;
}

/** `same`: as it was; `gone`: no more there; without `value`: broken, too large, or no regular file. */
export type Reading = 'same' | 'gone' | { readonly stamp: FileStamp | undefined; readonly value?: unknown };

/** Neither a link to elsewhere is followed nor a FIFO waited for. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** A file that changed just now may change again without a sign: time stamps are no finer on some file systems. */
const UNSETTLED_MILLISECONDS = 2_000;
const USUAL_BYTES = 64 * 1024;
const usual = Buffer.allocUnsafe(USUAL_BYTES);

/** Reads a file that is new or has changed, and nothing that is no regular file. The process waits for it: only for a file system that answers at once. */
export function readNow(path: string, known: Known, kind: JsonKind): Reading {
  try {
    if (known !== NEW) {
      const before = lstatSync(path);
      if (isSame(before, known)) return 'same';
      if (!isWanted(before, kind)) return { stamp: stampOf(before) };
    }
    const file = openSync(path, FLAGS);
    try {
      const facts = fstatSync(file);
      if (!isWanted(facts, kind)) return { stamp: stampOf(facts) };
      const buffer = facts.size <= USUAL_BYTES ? usual : Buffer.allocUnsafe(facts.size);
      let length = 0;
      while (length < facts.size) {
        const count = readSync(file, buffer, length, facts.size - length, length);
        if (count === 0) break;
        length += count;
      }
      return understand(facts, buffer.toString('utf8', 0, length), kind);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    return failed(error);
  }
}

/** The same without holding anything else up. */
export async function readLater(path: string, known: Known, kind: JsonKind): Promise<Reading> {
  let file: FileHandle | undefined;
  try {
    if (known !== NEW) {
      const before = await lstat(path);
      if (isSame(before, known)) return 'same';
      if (!isWanted(before, kind)) return { stamp: stampOf(before) };
    }
    file = await open(path, FLAGS);
    const facts = await file.stat();
    if (!isWanted(facts, kind)) return { stamp: stampOf(facts) };
    const buffer = Buffer.allocUnsafe(facts.size);
    const length = await readFull(file, buffer, 0);
    return understand(facts, buffer.toString('utf8', 0, length), kind);
  } catch (error) {
    return failed(error);
  } finally {
    await file?.close().catch(() => {});
  }
}

function isSame(facts: Stats, known: Known): boolean {
  return (
    known !== undefined &&
    known !== NEW &&
    known.sizeBytes === facts.size &&
    known.modifiedAt === facts.mtimeMs &&
    known.inode === facts.ino
  );
}

function isWanted(facts: Stats, { maximumBytes }: JsonKind): boolean {
  return facts.isFile() && facts.size <= maximumBytes;
}

function stampOf(facts: Stats): FileStamp | undefined {
  if (Date.now() - facts.mtimeMs < UNSETTLED_MILLISECONDS) return undefined;
  return { sizeBytes: facts.size, modifiedAt: facts.mtimeMs, inode: facts.ino };
}

function understand(facts: Stats, text: string, { check }: JsonKind): Reading {
  const stamp = stampOf(facts);
  try {
    const value: unknown = JSON.parse(text);
    return check(value).length === 0 ? { stamp, value } : { stamp };
  } catch {
    return { stamp };
  }
}

function failed(error: unknown): Reading {
  return hasErrorCode(error, 'ENOENT') ? 'gone' : { stamp: undefined };
}
