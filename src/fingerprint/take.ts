import type { Toc } from '../archive/toc.ts';
import type { Session } from '../postgres/session.ts';
import type { FingerprintLevel } from '../report/record.ts';
import { type DumpContents, inDump } from './dump-contents.ts';
import type { TableFacts, Taken } from './fingerprint.ts';
import { listObjects } from './inventory.ts';
import { partsWithout } from './inventory-parts.ts';
import { describeDatabase, type ListedTable, listTables, measureTable } from './measure.ts';
import { measureLargeObjects } from './measure-large-objects.ts';
import { beginMeasuring, exportSnapshot, holdNoMoreLocks, releaseLocks } from './measuring-session.ts';
import { withDeadline } from './with-deadline.ts';

export interface FingerprintOptions {
  /** A session of its own, which lives until the fingerprint is taken. */
  readonly session: Session;
  readonly level: FingerprintLevel;
  /** The options of pg_dump that leave something out. */
  readonly leftOut: readonly string[];
  readonly timeoutMilliseconds: number;
  readonly clock: () => Date;
}

export interface Taking {
  /** For `pg_dump --snapshot`. */
  readonly snapshot: string;
  /** Of the session's server process. */
  readonly processId: number;
  /** To be called with the dump's table of contents as soon as it is known: it tells what the dump holds. */
  begin(toc: Toc): void;
  /** Resolves once everything is measured, the time is over, or the session is lost; never rejects. */
  readonly taken: Promise<Taken>;
  /** Says that the time is over; the session is for the caller to end. */
  giveUp(): void;
}

/**
 * Fixes the snapshot that the dump and its fingerprint share. What fails afterwards only makes the fingerprint partial.
 * @throws PgBackupError or QueryFailed where there is no snapshot to be had
 */
export async function startFingerprint(options: FingerprintOptions): Promise<Taking> {
  const { session } = options;
  await beginMeasuring(session);
  const exported = await exportSnapshot(session);
  await holdNoMoreLocks(session);
  const { promise: contents, resolve } = Promise.withResolvers<DumpContents>();
  const ending = { isGivenUp: false };
  const giveUp = (): void => {
    ending.isGivenUp = true;
  };
  return {
    ...exported,
    begin: (toc) => resolve(inDump(toc, options.leftOut)),
    taken: contents.then((dump) => take(options, dump, ending)),
    giveUp,
  };
}

type Draft = { -readonly [Key in keyof Taken]: Taken[Key] };

async function take(
  options: FingerprintOptions,
  dump: DumpContents,
  ending: { readonly isGivenUp: boolean },
): Promise<Taken> {
  const { level, leftOut, timeoutMilliseconds, clock } = options;
  const startedMilliseconds = performance.now();
  const deadline = startedMilliseconds + timeoutMilliseconds;
  const draft: Draft = {
    level,
    leftOut,
    status: 'partial',
    takenAt: clock().toISOString(),
    durationSeconds: 0,
    serverMajor: dump.serverMajor,
    sequences: dump.sequences,
    ...{ database: null, tables: null, inventory: null, largeObjects: { state: 'notReached' } },
  };
  try {
    await measure(draft, dump, { ...options, session: withDeadline(options.session, deadline) });
    const isComplete = draft.inventory && draft.tables?.every(({ state }) => state !== 'notReached');
    if (isComplete) draft.status = 'complete';
    else draft.reason = 'rewritten';
  } catch (error) {
    draft.reason = ending.isGivenUp || performance.now() >= deadline ? 'time' : 'failed';
    // Whatever it is, also a bug: the dump is worth more than its fingerprint.
    if (draft.reason === 'failed') draft.detail = error instanceof Error ? error.message : String(error);
  }
  draft.durationSeconds = Math.round(performance.now() - startedMilliseconds) / 1000;
  return draft;
}

/** Fills the draft as far as it comes. */
async function measure(
  draft: Draft,
  dump: DumpContents,
  { session, level, leftOut }: FingerprintOptions,
): Promise<void> {
  const parts = partsWithout(leftOut);
  if (!dump.hasLargeObjects) draft.largeObjects = { state: 'leftOut' };
  draft.database = (await describeDatabase(session)).database;
  const listed = (await listTables(session)).filter(dump.hasTable);
  const tables: TableFacts[] = listed.map(({ schema, name }) => ({ schema, name, state: 'notReached' }));
  draft.tables = tables;
  const { objects, isOfSnapshot } = await listObjects(session, parts);
  if (isOfSnapshot) draft.inventory = dump.select(objects).map(({ item }) => item);
  for (const [index, table] of listed.entries()) {
    tables[index] = await measureUnderSnapshot(session, table, dump.hasRows(table), level);
    // At once: who locks two tables while this session does would make a deadlock.
    await releaseLocks(session);
  }
  if (dump.hasLargeObjects) draft.largeObjects = await measureLargeObjects(session, level, parts);
}

async function measureUnderSnapshot(
  session: Session,
  table: ListedTable,
  isInDump: boolean,
  level: FingerprintLevel,
): Promise<TableFacts> {
  const { schema, name } = table;
  if (!isInDump) return { schema, name, state: 'leftOut' };
  const measured = await measureTable(session, table, level);
  if (!measured) return { schema, name, state: 'notReached' };
  const mayDiffer = !table.isHeap || table.condition !== '';
  return { schema, name, state: 'counted', ...measured, ...(mayDiffer ? { mayDifferInDump: true } : {}) };
}
