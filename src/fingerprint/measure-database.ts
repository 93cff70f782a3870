import { QueryFailed, type Session } from '../postgres/session.ts';
import type { FingerprintLevel } from '../report/record.ts';
import type { Measured, TableFacts } from './fingerprint.ts';
import { listObjects } from './inventory.ts';
import { partsWithout } from './inventory-parts.ts';
import { describeDatabase, type ListedTable, listTables, measureSequences, measureTable } from './measure.ts';
import { measureLargeObjects } from './measure-large-objects.ts';
import { beginMeasuring, holdNoMoreLocks, releaseLocks } from './measuring-session.ts';

export interface MeasureOptions {
  /** Opens a session to the database; a table that cannot be read costs one. */
  readonly openSession: () => Session;
  readonly level: FingerprintLevel;
  /** What the dump left out, so that both sides are asked the same. */
  readonly leftOut: readonly string[];
  readonly onTable?: (done: number, total: number) => void;
}

/**
 * Measures a database as it is now, for comparison with a fingerprint. A table that this user cannot read is a fact, not an error.
 * @throws PgBackupError for a connection that fails; QueryFailed where even the catalogs cannot be read
 */
export async function measureDatabase(options: MeasureOptions): Promise<Measured> {
  const { openSession, level, leftOut, onTable } = options;
  const parts = partsWithout(leftOut);
  let session = await openMeasuring(openSession);
  try {
    const facts = await describeDatabase(session);
    const listed = await listTables(session);
    const { objects } = await listObjects(session, parts);
    const rest = {
      inventory: objects.map(({ item }) => item),
      sequences: await measureSequences(session),
      largeObjects: await measureLargeObjects(session, level, parts),
    };
    const tables: TableFacts[] = [];
    for (const table of listed) {
      try {
        tables.push(await measureNow(session, table, level));
        await releaseLocks(session);
      } catch (error) {
        if (!(error instanceof QueryFailed)) throw error;
        tables.push({ schema: table.schema, name: table.name, state: 'unreadable', detail: error.message });
        // An error of a statement ends the session.
        session = await openMeasuring(openSession);
      }
      onTable?.(tables.length, listed.length);
    }
    return { ...facts, ...rest, tables };
  } finally {
    await session.close();
  }
}

async function openMeasuring(openSession: () => Session): Promise<Session> {
  const session = openSession();
  try {
    await beginMeasuring(session);
    await holdNoMoreLocks(session);
    return session;
  } catch (error) {
    await session.close();
    throw error;
  }
}

async function measureNow(
  session: Session,
  table: ListedTable,
  level: FingerprintLevel,
): Promise<TableFacts> {
  const { schema, name } = table;
  const measured = await measureTable(session, table, level);
  if (!measured) return { schema, name, state: 'unreadable', detail: 'changed meanwhile' };
  return { schema, name, state: 'counted', ...measured };
}
