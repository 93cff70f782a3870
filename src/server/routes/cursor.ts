/** Where a list goes on: behind the item of this time and name. */
export interface Cursor {
  readonly startedAt: number;
  readonly fileName: string;
  readonly place: number;
}

/** Whoever gets it need not know what stands in it. */
export function writeCursor({ startedAt, fileName, place }: Cursor): string {
  return Buffer.from(JSON.stringify([startedAt, fileName, place])).toString('base64url');
}

/** undefined for what was not written here. */
export function readCursor(text: string): Cursor | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    if (!Array.isArray(value) || value.length !== 3) return undefined;
    const [startedAt, fileName, place] = value as unknown[];
    if (typeof startedAt !== 'number' || typeof fileName !== 'string' || typeof place !== 'number')
      return undefined;
    return { startedAt, fileName, place };
  } catch {
    return undefined;
  }
}
