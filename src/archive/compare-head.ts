import { type FileHandle, open } from 'node:fs/promises';
import type { Text } from '../language.ts';
import { FLAG, FLAG_AND_OFFSET_BYTES, LARGE_OBJECTS, TABLE_DATA } from './format.ts';
import { findPlaces, type PlacedEntry, parseToc } from './toc.ts';

/** A data item begins with its type, BLK_DATA or BLK_BLOBS, and the number of its entry, which has a sign before it (pg_backup_custom.c). */
const ITEM_TYPES = [TABLE_DATA, LARGE_OBJECTS];
const ITEM_HEAD_BYTES = 6;

/**
 * Looks at the head of a finished archive that was read as `before` while it was being written: flags and offsets alone may differ, and each offset
 * must lead to the data of its entry. Undefined where that is so.
 */
export async function findHeadFault(path: string, before: Buffer): Promise<Text | undefined> {
  const file = await open(path);
  try {
    const now = Buffer.alloc(before.length);
    await file.read(now, 0, now.length, 0);
    if (!compareWithHead(before)(now)) return OTHER_HEAD;
    for (const { dumpId, flagPosition } of entriesIn(before)) {
      if (now[flagPosition] !== FLAG.set) continue;
      const offset = Number(now.readBigUInt64LE(flagPosition + 1));
      if (!(await isDataOf(file, dumpId, offset))) return wrongOffset(dumpId, now);
    }
    return undefined;
  } finally {
    await file.close();
  }
}

/** Compares an archive that comes in pieces with the head that it had before: true as long as nothing but flags and offsets differs in it. */
export function compareWithHead(before: Buffer): (piece: Buffer) => boolean {
  const entries = entriesIn(before);
  let [index, position, comparedBytes, isSame] = [0, 0, 0, true];
  return (piece) => {
    const compareUpTo = (end: number): void => {
      if (end <= comparedBytes) return;
      const [from, to] = [comparedBytes - position, end - position];
      isSame &&= before.compare(piece, from, to, comparedBytes, end) === 0;
      comparedBytes = end;
    };
    const end = Math.min(position + piece.length, before.length);
    for (let entry = entries[index]; entry && entry.flagPosition < end; entry = entries[index]) {
      compareUpTo(entry.flagPosition);
      comparedBytes = entry.flagPosition + FLAG_AND_OFFSET_BYTES;
      index += 1;
    }
    compareUpTo(end);
    position += piece.length;
    return isSame;
  };
}

function entriesIn(head: Buffer): readonly PlacedEntry[] {
  return findPlaces(head)?.entries ?? [];
}

async function isDataOf(file: FileHandle, dumpId: number, offset: number): Promise<boolean> {
  const head = Buffer.alloc(ITEM_HEAD_BYTES);
  if (offset > Number.MAX_SAFE_INTEGER) return false;
  await file.read(head, 0, head.length, offset);
  return ITEM_TYPES.includes(head.readUInt8(0)) && head.readUInt8(1) === 0 && head.readUInt32LE(2) === dumpId;
}

const OTHER_HEAD: Text = {
  en: 'its table of contents is not what was written first',
  zh: '其目录与最初写入的不一致',
};

function wrongOffset(dumpId: number, head: Buffer): Text {
  const tag = parseToc(head)?.entries.find((entry) => entry.dumpId === dumpId)?.tag ?? '';
  return {
    en: `the offset of entry ${dumpId} (${tag}) does not lead to its data`,
    zh: `条目 ${dumpId}（${tag}）的偏移量未指向其数据`,
  };
}
