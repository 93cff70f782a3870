import type { BackupContext } from '../backup/context.ts';
import { withTemporaryDirectory } from '../backup/temporary-directory.ts';
import { PgBackupError } from '../errors.ts';
import { chooseRun, databaseOf, type RunChoice, runsSince } from './choose-run.ts';
import { type Drilled, type DrillOptions, drillRun } from './drill.ts';
import { describeDrill } from './drill-text.ts';
import { findRuns } from './prepare-plan.ts';

export interface DrillChoice extends RunChoice {
  /** Every backup that began at this time or later, oldest first, instead of one. */
  readonly allSince?: string | undefined;
}

const NAMED = 3;

/**
 * Drills the backups that are meant, one after the other, and writes what each came to. One that fails keeps no other from being drilled.
 * @throws PgBackupError the worst of what they came to: what kept one from being restored, DRILL_DIFFERENT, DRILL_INCOMPLETE
 */
export async function drill(
  context: BackupContext,
  choice: DrillChoice,
  options: DrillOptions & { readonly write: (text: string) => unknown },
): Promise<void> {
  const drills: Drilled[] = [];
  await withTemporaryDirectory(context, async (temporaryDirectory) => {
    const database = databaseOf(choice, context);
    const { store, copies } = await findRuns(context, database, temporaryDirectory);
    const runs =
      choice.allSince === undefined
        ? [chooseRun(copies.runs, choice, database)]
        : runsSince(copies.runs, choice.allSince, database);
    for (const run of runs) {
      const drilled = await drillRun(context, { run, store, temporaryDirectory }, options);
      options.write(context.scrub(describeDrill(drilled.record, context.language)));
      drills.push(drilled);
    }
  });
  throwWorst(drills);
}

function throwWorst(drills: readonly Drilled[]): void {
  const failure = drills.find((drilled) => drilled.failure)?.failure;
  if (failure) throw failure;
  const different = drills.find(({ record }) => record.outcome === 'different');
  if (different) {
    const { run, differences } = different.record;
    const named = differences.slice(0, NAMED).map(({ object, kind }) => `${object} (${kind})`);
    throw new PgBackupError('DRILL_DIFFERENT', {
      count: differences.length,
      detail: `${run}: ${named.join(', ')}`,
    });
  }
  const incomplete = drills.find(({ record }) => record.outcome === 'incomplete');
  if (!incomplete) return;
  const { run, omissions } = incomplete.record;
  throw new PgBackupError('DRILL_INCOMPLETE', {
    detail: `${run} (${omissions.map(({ kind }) => kind).join(', ')})`,
  });
}
