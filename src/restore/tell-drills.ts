import type { BackupContext } from '../backup/context.ts';
import { readOwnDrills } from '../backup/own-drills.ts';
import { errorOutcome, failedOutcome, notifierFor } from '../backup/target-notifier.ts';
import { PgBackupError } from '../errors.ts';
import type { Outcome } from '../notify/notifier.ts';
import type { DrillRecord } from '../report/drill-record.ts';
import type { Drilled } from './drill.ts';

const NAMED = 3;

/** Whether the newest drill of the database that is on record failed, or found a difference. */
export async function didLastDrillFail(context: BackupContext, database: string): Promise<boolean> {
  const [last] = await readOwnDrills(context, database);
  return last !== undefined && isFailed(last);
}

/** Tells what the drills came to; `error` is what kept the rest of them from being made. */
export async function tellDrills(
  context: BackupContext,
  drills: readonly Drilled[],
  { failedBefore, error }: { readonly failedBefore: boolean; readonly error?: unknown },
): Promise<void> {
  const { PG_DATABASE, PG_HOST: host, PG_PORT: port } = context.settings;
  const outcomes = drills.map(({ record }): Outcome => {
    const { database, run, startedAt, durationSeconds, sizeBytes, recoverySeconds } = record;
    const failure = isFailed(record)
      ? (record.error ?? errorOutcome(context, drillDifferent(record)))
      : undefined;
    return {
      ...{ database, host, port, status: failure ? 'FAILED' : 'SUCCESS', failedBefore },
      ...{ run, startedAt, durationSeconds, sizeBytes },
      ...(recoverySeconds === undefined ? {} : { recoverySeconds }),
      ...(failure ? { error: { code: failure.code, message: failure.message, hint: failure.hint } } : {}),
    };
  });
  if (error !== undefined) outcomes.push(failedOutcome(context, PG_DATABASE, error, failedBefore));
  await notifierFor(context).tell('drill', outcomes);
}

/** The error of a drill that found differences. */
export function drillDifferent({ run, differences }: DrillRecord): PgBackupError {
  const named = differences.slice(0, NAMED).map(({ object, kind }) => `${object} (${kind})`);
  return new PgBackupError('DRILL_DIFFERENT', {
    count: differences.length,
    detail: `${run}: ${named.join(', ')}`,
  });
}

function isFailed({ outcome }: DrillRecord): boolean {
  return outcome === 'failed' || outcome === 'different';
}
