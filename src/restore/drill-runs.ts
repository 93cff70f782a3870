import type { BackupContext } from '../backup/context.ts';
import { isNews } from '../backup/target-notifier.ts';
import { withTemporaryDirectory } from '../backup/temporary-directory.ts';
import { PgBackupError } from '../errors.ts';
import { chooseRun, databaseOf, type RunChoice, runsSince } from './choose-run.ts';
import { type Drilled, type DrillOptions, drillRun } from './drill.ts';
import { describeDrill } from './drill-text.ts';
import { findRuns } from './prepare-plan.ts';
import { didLastDrillFail, drillDifferent, tellDrills } from './tell-drills.ts';

export interface DrillChoice extends RunChoice {
  /** Every backup that began at this time or later, oldest first, instead of one. */
  readonly allSince?: string | undefined;
}

/**
 * Drills the backups that are meant, one after the other, writes what each came to, and tells it. One that fails keeps no other from being drilled.
 * @throws PgBackupError the worst of what they came to: what kept one from being restored, DRILL_DIFFERENT, DRILL_INCOMPLETE
 */
export async function drill(
  context: BackupContext,
  choice: DrillChoice,
  options: DrillOptions & { readonly write: (text: string) => unknown },
): Promise<void> {
  const drills: Drilled[] = [];
  const failedBefore = await didLastDrillFail(context, databaseOf(choice, context));
  try {
    await drillEach(context, choice, options, drills);
  } catch (error) {
    if (isNews(context, error)) await tellDrills(context, drills, { failedBefore, error });
    throw error;
  }
  await tellDrills(context, drills, { failedBefore });
  throwWorst(drills);
}

async function drillEach(
  context: BackupContext,
  choice: DrillChoice,
  options: DrillOptions & { readonly write: (text: string) => unknown },
  drills: Drilled[],
): Promise<void> {
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
}

function throwWorst(drills: readonly Drilled[]): void {
  const failure = drills.find((drilled) => drilled.failure)?.failure;
  if (failure) throw failure;
  const different = drills.find(({ record }) => record.outcome === 'different');
  if (different) throw drillDifferent(different.record);
  const incomplete = drills.find(({ record }) => record.outcome === 'incomplete');
  if (!incomplete) return;
  const { run, omissions } = incomplete.record;
  throw new PgBackupError('DRILL_INCOMPLETE', {
    detail: `${run} (${omissions.map(({ kind }) => kind).join(', ')})`,
  });
}
