import { quoteLiteral } from '../postgres/identifier.ts';
import type { Session } from '../postgres/session.ts';

/** Whatever changes how a value is written as text, or which rows are seen (PostgreSQL manual, 20.11). */
const PINNED: Readonly<Record<string, string>> = {
  TimeZone: 'UTC',
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'postgres',
  extra_float_digits: '3',
  bytea_output: 'hex',
  xmlbinary: 'base64',
  xmloption: 'content',
  lc_monetary: 'C',
  quote_all_identifiers: 'off',
  // A policy that would hide rows is an error instead.
  row_security: 'off',
  synchronize_seqscans: 'off',
  // Compiling these queries takes longer than running them.
  jit: 'off',
};

/** What could end the session while others work with its snapshot. */
const NO_LIMITS: Readonly<Record<string, string>> = {
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  idle_session_timeout: '0',
  transaction_timeout: '0',
};

/** Begins a transaction that sees one snapshot, changes nothing, and writes every value as text in one way. */
export async function beginMeasuring(session: Session): Promise<void> {
  // Names of types, functions and tables are then written with their schema; and nobody's functions stand before the server's own.
  await session.execute('SET search_path = pg_catalog');
  await session.execute('BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY');
  const wanted = Object.entries({ ...PINNED, ...NO_LIMITS })
    .map(([name, value]) => `(${quoteLiteral(name)}, ${quoteLiteral(value)})`)
    .join(', ');
  // Older servers lack some of them.
  await session.query(`
    SELECT set_config(wanted.name, wanted.setting, false)
      FROM (VALUES ${wanted}) AS wanted (name, setting)
     WHERE lower(wanted.name) IN (SELECT lower(s.name) FROM pg_catalog.pg_settings s)`);
}

/**
 * The name by which other sessions of the same database can see the same snapshot for as long as this transaction lives, and the id of the server
 * process that holds it.
 */
export async function exportSnapshot(session: Session): Promise<{ snapshot: string; processId: number }> {
  const [row] = await session.query(
    'SELECT pg_export_snapshot() AS snapshot, pg_backend_pid() AS process_id',
  );
  return { snapshot: String(row?.['snapshot']), processId: Number(row?.['process_id']) };
}

/** Marks what `releaseLocks` goes back to; not before the snapshot is exported, which a subtransaction may not do. */
export async function holdNoMoreLocks(session: Session): Promise<void> {
  await session.execute('SAVEPOINT unlocked');
}

/** Gives up the locks of all statements since `holdNoMoreLocks`: the server's room for them is bounded, and who changes a table waits for them. */
export async function releaseLocks(session: Session): Promise<void> {
  await session.execute('ROLLBACK TO SAVEPOINT unlocked');
}
