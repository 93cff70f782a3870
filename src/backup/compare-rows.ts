import type { Toc, TocEntry } from '../archive/toc.ts';
import { PgBackupError } from '../errors.ts';
import { qualified, type Taken } from '../fingerprint/fingerprint.ts';

/** The entries that hold the rows of tables. */
export function withRows(toc: Toc): TocEntry[] {
  return toc.entries.filter(({ kind }) => kind === 'TABLE DATA');
}

/**
 * Compares the rows that went into a dump with those that the fingerprint counted under the same snapshot, table by table, where both are known
 * and nothing but pg_dump decides which rows it reads.
 * @throws PgBackupError ROWS_DIFFER
 */
export function compareRows(
  taken: Taken,
  entriesWithRows: readonly TocEntry[],
  rowsByDumpId: ReadonlyMap<number, number>,
): void {
  const counted = new Map(
    taken.tables
      ?.filter(({ state, mayDifferInDump }) => state === 'counted' && !mayDifferInDump)
      .map((table) => [qualified(table), table.rows]),
  );
  for (const { dumpId, schema, tag: name } of entriesWithRows) {
    const table = qualified({ schema, name });
    const [inDump, expected] = [rowsByDumpId.get(dumpId), counted.get(table)];
    if (inDump === undefined || expected === undefined || inDump === expected) continue;
    throw new PgBackupError('ROWS_DIFFER', { table, inDump, counted: expected });
  }
}
