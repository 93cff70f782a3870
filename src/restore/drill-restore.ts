import type { Toc } from '../archive/toc.ts';
import type { BackupContext } from '../backup/context.ts';
import { PgBackupError } from '../errors.ts';
import { type CommandResult, describeOutcome } from '../exec.ts';
import type { Difference } from '../fingerprint/compare.ts';
import type { Text } from '../language.ts';
import type { Client } from '../postgres/clients.ts';
import { lastLines } from '../postgres/failures.ts';
import { applyDatabaseSettings } from './new-database.ts';
import type { ObtainedDump } from './obtain-dump.ts';
import { runPgRestore } from './run-pg-restore.ts';
import type { RunSource } from './run-source.ts';
import type { Scratch } from './scratch.ts';
import type { ScratchDatabase } from './scratch-database.ts';
import { watchDatabaseSize } from './watch-size.ts';

const WHOLE = { schemas: [], tables: [], schemaOnly: false, dataOnly: false } as const;

export interface DrillRestoreOptions {
  readonly source: RunSource;
  readonly toc: Toc;
  readonly client: Client;
  readonly dump: ObtainedDump;
  readonly jobs: number;
  readonly temporaryDirectory: string;
}

/**
 * Restores the whole dump into the scratch database, to its end whatever fails on the way: the more is then known. Returns what could not be
 * done, but for what means nothing.
 * @throws PgBackupError RESTORE_FAILED where pg_restore did not come to its end
 */
export async function restoreInto(
  context: BackupContext,
  scratch: Scratch,
  database: ScratchDatabase,
  options: DrillRestoreOptions,
): Promise<Difference[]> {
  const { source, toc, client, dump, jobs, temporaryDirectory } = options;
  const { access } = scratch;
  const without = { noOwner: !database.hasRoles, noPrivileges: !database.hasRoles };
  const watch = watchDatabaseSize(context, access, database.name, source.record?.server?.databaseSizeBytes);
  try {
    const { result, messages } = await runPgRestore({
      ...{ source, toc, client, access, jobs, temporaryDirectory, ...without },
      dump: dump.path,
      database: database.name,
      serverMajor: database.target.server.major,
      ...{ inOneTransaction: false, clean: false, disableTriggers: false, part: WHOLE, selected: undefined },
      noTablespaces: true,
      signal: AbortSignal.any([context.signal, scratch.lost]),
    });
    if (!cameToItsEnd(result)) throw cutShort(result, database.name);
    const refused = await applyDatabaseSettings(context, { toc, access }, database.name, without);
    return [
      ...messages.problems().filter((problem) => problem.class !== 'harmless'),
      ...refused.map((message) => ({ object: 'database', message })),
    ].map(({ object, message }) => ({ kind: 'not restored', object, expected: '', found: message }));
  } finally {
    await watch.end();
  }
}

/** Where it went on after errors it counts them at its end (PostgreSQL sources, pg_restore.c). */
function cameToItsEnd({ exitCode, stderr }: CommandResult): boolean {
  if (exitCode === 0) return true;
  return exitCode === 1 && /^pg_restore: warning: errors ignored on restore: \d+$/m.test(stderr);
}

/** In its own words only: what it shows of statements and rows may hold anything. */
function cutShort(result: CommandResult, database: string): PgBackupError {
  const said = result.stderr.split('\n').filter((line) => line.startsWith('pg_restore: '));
  const detail = `pg_restore: ${describeOutcome(result)}: ${lastLines(said.join('\n'))}`;
  return new PgBackupError('RESTORE_FAILED', { database, detail, remedy: TRY_BY_HAND });
}

const TRY_BY_HAND: Text = {
  en: 'The scratch database is gone. Drill it again; if it fails in the same way, make a new backup and drill that.',
  zh: '临时库已删除。请再次演练；若仍以同样方式失败，请重新备份并演练新的备份。',
};
