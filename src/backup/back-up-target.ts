import pMap from 'p-map';
import { PgBackupError } from '../errors.ts';
import { fillIn, type Text } from '../language.ts';
import { logFailure } from '../log-failure.ts';
import { withLabel } from '../logging.ts';
import type { Notifier, Outcome } from '../notify/notifier.ts';
import { createProgress } from '../progress.ts';
import { type NamedFailure, summedFailure } from '../summed-failure.ts';
import { backUpDatabase } from './back-up-database.ts';
import { type BackupContext, forDatabase, type TargetContext } from './context.ts';
import { type Discovered, discoverDatabases } from './databases.ts';
import { databasesThatFailed } from './last-runs.ts';
import { recordOutcome, repairAndTell } from './repair-and-tell.ts';
import type { BackedUp } from './run.ts';
import { errorOutcome, failedOutcome, notifierFor } from './target-notifier.ts';
import { withRetries } from './with-retries.ts';

/**
 * Backs up every database that the settings of one server mean, BACKUP_PARALLEL at a time, and tells what came of it. One that fails keeps no
 * other from its turn.
 * @throws PgBackupError that of the only database; SOME_FAILED, where there are several; what kept all of them from being begun
 */
export async function backUpTarget(context: TargetContext, only?: string): Promise<void> {
  const notifier = notifierFor(context);
  const { contexts, gone, failed } = await prepareOrTell(context, notifier, only);
  const results = await pMap(
    contexts,
    async (one) => {
      const result = await backUpDatabase(one).catch((failure: unknown): BackedUp => ({ failure }));
      if (result.failure && contexts.length > 1) logFailure(one, result.failure);
      return {
        name: one.settings.PG_DATABASE,
        error: result.failure,
        outcome: outcomeOf(one, result, failed.has(one.settings.PG_DATABASE)),
      };
    },
    { concurrency: context.settings.BACKUP_PARALLEL },
  );
  const outcomes = results.flatMap(({ outcome }) => outcome ?? []);
  const failures: NamedFailure[] = results.filter(({ error }) => error !== undefined);
  await tellAll(notifier, [...outcomes, ...gone.map((name) => goneOutcome(context, name))]);
  if (failures.length === 0) return;
  throw results.length === 1 ? failures[0]?.error : summedFailure(failures, results.length);
}

interface Prepared {
  readonly contexts: readonly BackupContext[];
  readonly gone: readonly string[];
  /** Those whose last run failed. */
  readonly failed: ReadonlySet<string>;
}

/** What keeps every database from its backup is told like a failure of each. */
async function prepareOrTell(
  context: TargetContext,
  notifier: Notifier,
  only: string | undefined,
): Promise<Prepared> {
  try {
    await repairAndTell(context);
    await notifier.ping('start');
    const { databases, gone } = await discoverWithRetries(context, only);
    const failed = await databasesThatFailed(context, databases);
    return { contexts: contextsOf(context, databases), gone, failed };
  } catch (error) {
    const { PG_DATABASE = '*' } = context.settings;
    await tellAll(notifier, [failedOutcome(context, only ?? PG_DATABASE, error)]);
    throw error;
  }
}

async function discoverWithRetries(context: TargetContext, only: string | undefined): Promise<Discovered> {
  if (only !== undefined) return { databases: [only], gone: [] };
  const { found, failure } = await withRetries(context, () =>
    discoverDatabases(context).then(
      (discovered) => ({ found: discovered, failure: undefined }),
      (error: unknown) => ({ found: undefined, failure: error }),
    ),
  );
  if (!found) throw failure;
  return found;
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

/** undefined where another runner was at work, whose own end is told, and where an interruption came before the run. */
function outcomeOf(
  context: BackupContext,
  { record, failure }: BackedUp,
  failedBefore: boolean,
): Outcome | undefined {
  const code = failure instanceof PgBackupError ? failure.code : undefined;
  if (code === 'BUSY' || (code === 'INTERRUPTED' && !record)) return undefined;
  if (!record) return failedOutcome(context, context.settings.PG_DATABASE, failure, failedBefore);
  const outcome = recordOutcome(record, failedBefore);
  if (failure === undefined || record.status === 'FAILED') return outcome;
  // The backup is there, and retention is not: somebody has to look.
  return { ...outcome, status: 'FAILED', error: errorOutcome(context, failure) };
}

/** It may have been dropped on purpose; where it was not, its backups are all that is left. */
function goneOutcome({ settings }: TargetContext, database: string): Outcome {
  const { PG_HOST: host, PG_PORT: port } = settings;
  return {
    ...{ database, host, port, status: 'SUCCESS', failedBefore: false },
    warnings: [fillIn(GONE, { database })],
  };
}

const GONE: Text = {
  en: 'the server has no database {database} any more; its backups stay',
  zh: '服务器上已没有数据库 {database}；其备份保留',
};
