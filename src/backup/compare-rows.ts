import type { Toc, TocEntry } from '../archive/toc.ts';
import { PgBackupError } from '../errors.ts';
import { qualified, type Taken } from '../fingerprint/fingerprint.ts';

export type EntryWithRows = Pick<TocEntry, 'dumpId' | 'schema' | 'tag'>;

/** The entries that hold the rows of tables; nothing else of the table of contents is kept with them. */
export function entriesWithRows(toc: Toc): EntryWithRows[] {
  return toc.entries
    .filter(({ kind }) => kind === 'TABLE DATA')
    .map(({ dumpId, schema, tag }) => ({ dumpId, schema, tag }));
}

/**
 * Compares the rows that went into a dump with those that the fingerprint counted under the same snapshot, table by table, where both are known
 * and nothing but pg_dump decides which rows it reads.
 * @throws PgBackupError ROWS_DIFFER
 */
export function compareRows(
  taken: Taken,
  entries: readonly EntryWithRows[],
  rowsByDumpId: ReadonlyMap<number, number>,
): void {
  const counted = new Map(
    taken.tables
      ?.filter(({ state, mayDifferInDump }) => state === 'counted' && !mayDifferInDump)
      .map((table) => [qualified(table), table.rows]),
  );
  for (const { dumpId, schema, tag: name } of entries) {
    const table = qualified({ schema, name });
    const [inDump, expected] = [rowsByDumpId.get(dumpId), counted.get(table)];
    if (inDump === undefined || expected === undefined || inDump === expected) continue;
    throw new PgBackupError('ROWS_DIFFER', { table, inDump, counted: expected });
  }
}
