import pMap from 'p-map';
import { PgBackupError } from '../errors.ts';
import { layoutOf } from '../files/layout.ts';
import { logFailure } from '../log-failure.ts';
import { withLabel } from '../logging.ts';
import type { Notifier, Outcome } from '../notify/notifier.ts';
import { createProgress } from '../progress.ts';
import { type NamedFailure, summedFailure } from '../summed-failure.ts';
import { backUpDatabase } from './back-up-database.ts';
import { type BackupContext, forDatabase, type TargetContext } from './context.ts';
import { findDatabases } from './databases.ts';
import { type KnownRuns, readKnownRuns } from './known-runs.ts';
import { errorOutcome, notifierFor } from './notifier.ts';
import { recordOutcome, repairAndTell } from './repair-and-tell.ts';
import { newestFirst } from './retention.ts';
import type { BackedUp } from './run.ts';

/**
 * Backs up every database that the settings of one server mean, BACKUP_PARALLEL at a time, and tells what came of it. One that fails keeps no
 * other from its turn.
 * @throws PgBackupError that of the only database; SOME_FAILED, where there are several; why the server could not be asked for them
 */
export async function backUpTarget(context: TargetContext, only?: string): Promise<void> {
  const notifier = notifierFor(context);
  await repairAndTell(context);
  await notifier.ping('start');
  const databases = only === undefined ? await databasesOrTell(context, notifier) : [only];
  const before = await readKnownRuns(layoutOf(context.settings.BACKUP_BASE_DIR));
  const contexts = contextsOf(context, databases);
  const results = await pMap(
    contexts,
    async (one) => {
      const result = await backUpDatabase(one).catch((failure: unknown): BackedUp => ({ failure }));
      if (result.failure && contexts.length > 1) logFailure(one, result.failure);
      return {
        name: one.settings.PG_DATABASE,
        error: result.failure,
        outcome: outcomeOf(one, result, before),
      };
    },
    { concurrency: context.settings.BACKUP_PARALLEL },
  );
  const outcomes = results.flatMap(({ outcome }) => outcome ?? []);
  const failures: NamedFailure[] = results.filter(({ error }) => error !== undefined);
  await tellAll(notifier, outcomes);
  if (failures.length === 0) return;
  throw results.length === 1 ? failures[0]?.error : summedFailure(failures, results.length);
}

/** Where they work side by side, each line says whose it is, and a live line would be everybody's. */
function contextsOf(context: TargetContext, databases: readonly string[]): BackupContext[] {
  if (databases.length < 2) return databases.map((database) => forDatabase(context, database));
  const { BACKUP_PARALLEL: parallel } = context.settings;
  context.log('info', 'DATABASES_FOUND', {
    count: databases.length,
    parallel,
    databases: databases.join(', '),
  });
  return databases.map((database) => {
    const log = withLabel(
      context.log,
      context.target === undefined ? database : `${context.target}/${database}`,
    );
    const progress = parallel > 1 ? createProgress({ write: () => {} }, log) : context.progress;
    return { ...forDatabase(context, database), log, progress };
  });
}

async function databasesOrTell(context: TargetContext, notifier: Notifier): Promise<string[]> {
  try {
    return await findDatabases(context);
  } catch (error) {
    const outcome = failedOutcome(context, '*', error, false);
    await tellAll(notifier, [outcome]);
    throw error;
  }
}

/** At the same time: somebody who waits for the end of an interrupted run has not much patience. */
async function tellAll(notifier: Notifier, outcomes: readonly Outcome[]): Promise<void> {
  // Where another runner is at all of them, what comes of it is that one's to tell.
  if (outcomes.length === 0) return;
  const hasFailed = outcomes.some(({ status }) => status === 'FAILED');
  await Promise.all([
    notifier.tell('backup', outcomes),
    notifier.ping(hasFailed ? 'fail' : 'success', outcomes),
  ]);
}

/** undefined where another runner was at work: its own end is told. */
function outcomeOf(
  context: BackupContext,
  { record, failure }: BackedUp,
  before: KnownRuns,
): Outcome | undefined {
  if (failure instanceof PgBackupError && failure.code === 'BUSY') return undefined;
  const { PG_DATABASE: database, PG_HOST: host, PG_PORT: port } = context.settings;
  const [last] = newestFirst(
    [...before.byName.values()].filter(
      (run) => run.database === database && run.series === `${host}:${port}`,
    ),
  );
  const failedBefore = last?.status === 'FAILED' && !last.isProven;
  if (!record) return failedOutcome(context, database, failure, failedBefore);
  const outcome = recordOutcome(record, failedBefore);
  // The backup is there, and retention is not: somebody has to look.
  return failure && record.status === 'SUCCESS'
    ? { ...outcome, status: 'FAILED', error: errorOutcome(context, failure) }
    : outcome;
}

function failedOutcome(
  context: TargetContext,
  database: string,
  error: unknown,
  failedBefore: boolean,
): Outcome {
  const { PG_HOST: host, PG_PORT: port } = context.settings;
  return { database, host, port, status: 'FAILED', failedBefore, error: errorOutcome(context, error) };
}
