/** Where a list goes on: behind the item of this time and name. */
export interface Cursor {
  readonly startedAt: number;
  readonly fileName: string;
  readonly place: number;
}

/** In milliseconds: no Date is later (ECMA-262, time values). */
const LAST_TIME = 8.64e15;

/** Whoever gets it need not know what stands in it. */
export function writeCursor({ startedAt, fileName, place }: Cursor): string {
  return Buffer.from(JSON.stringify([startedAt, fileName, place])).toString('base64url');
}

/** Whether it is the item that the cursor was made from. */
export function isAt(item: Pick<Cursor, 'fileName' | 'place'>, cursor: Cursor): boolean {
  return item.fileName === cursor.fileName && item.place === cursor.place;
}

/** undefined for what was not written here. */
export function readCursor(text: string): Cursor | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    if (!Array.isArray(value) || value.length !== 3) return undefined;
    const [startedAt, fileName, place] = value as unknown[];
    if (typeof startedAt !== 'number' || typeof fileName !== 'string' || typeof place !== 'number')
      return undefined;
    // Of a time that is none there is no text.
    return Math.abs(startedAt) <= LAST_TIME ? { startedAt, fileName, place } : undefined;
  } catch {
    return undefined;
  }
}
