import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { Text } from '../language.ts';
import { FLAG, FLAG_AND_OFFSET_BYTES, LARGE_OBJECTS, TABLE_DATA } from './format.ts';
import { findPlaces, type PlacedEntry, parseToc } from './toc.ts';

/** A data item begins with its type, BLK_DATA or BLK_BLOBS, and the number of its entry, which has a sign before it (pg_backup_custom.c). */
const ITEM_TYPES = [TABLE_DATA, LARGE_OBJECTS];
const ITEM_HEAD_BYTES = 6;

/** What is wrong with it; or the sha256 of the head as it is now. */
export type HeadCheck = { readonly fault: Text } | { readonly sha256: string };

/**
 * Looks at the head of a finished archive that was read as `before` while it was being written: flags and offsets alone may differ, what had data
 * has them, and each offset must lead to the data of its entry.
 */
export async function checkHead(path: string, before: Buffer): Promise<HeadCheck> {
  const file = await open(path);
  try {
    const now = Buffer.alloc(before.length);
    await file.read(now, 0, now.length, 0);
    const entries = findPlaces(before)?.entries ?? [];
    if (!isSameBesides(entries, before, now)) return { fault: OTHER_HEAD };
    for (const { dumpId, flagPosition } of entries) {
      if (!isSameKind(before[flagPosition], now[flagPosition])) return { fault: OTHER_HEAD };
      if (now[flagPosition] !== FLAG.set) continue;
      const offset = Number(now.readBigUInt64LE(flagPosition + 1));
      if (!(await isDataOf(file, dumpId, offset))) return { fault: wrongOffset(dumpId, before) };
    }
    return { sha256: createHash('sha256').update(now).digest('hex') };
  } finally {
    await file.close();
  }
}

function isSameBesides(entries: readonly PlacedEntry[], before: Buffer, now: Buffer): boolean {
  let from = 0;
  for (const { flagPosition } of entries) {
    if (before.compare(now, from, flagPosition, from, flagPosition) !== 0) return false;
    from = flagPosition + FLAG_AND_OFFSET_BYTES;
  }
  return before.compare(now, from, now.length, from) === 0;
}

/** An offset may be set at the end; an entry with data never becomes one without. */
function isSameKind(before: number | undefined, now: number | undefined): boolean {
  return before === now || (before === FLAG.notSet && now === FLAG.set);
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
