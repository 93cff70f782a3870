import { describeError, PgBackupError } from '../errors.ts';
import type { Removal, Store } from '../storage/store.ts';
import { heldSeries } from './accept.ts';
import type { BackupContext } from './context.ts';
import { parseKeepRules } from './keep-rules.ts';
import { readKnownRuns } from './known-runs.ts';
import { type RemoteRun, readRemoteHistory } from './remote-history.ts';
import { planRetention, type RetentionDecision } from './retention.ts';

const NAMED_FAILURES = 3;

export interface RemotePlan {
  readonly decisions: readonly RetentionDecision<RemoteRun>[];
  /** Objects that are not judged: of other databases, without a record of ours, or nobody's. */
  readonly others: number;
}

/** True where the settings let retention remove remote copies at all. */
export function hasRemoteRetention({ settings }: BackupContext): boolean {
  return settings.BACKUP_MODE !== 'local' && settings.REMOTE_RETENTION_DAYS !== undefined;
}

/**
 * What retention would do now with the remote copies of the configured database; nothing where remote retention is off. A clock that has
 * jumped plans nothing where the store has one of its own: OSS and S3 refuse to list for one that is 15 minutes off, and rclone tells of one.
 * @throws PgBackupError STORE_FAILED
 */
export async function planRemotePrune(context: BackupContext, store: Store): Promise<RemotePlan> {
  const { settings, signal, clock } = context;
  if (!hasRemoteRetention(context)) return { decisions: [], others: 0 };
  const known = await readKnownRuns(context);
  const { runs, others } = await readRemoteHistory(store, known, settings.PG_DATABASE, signal);
  const now = clock();
  const policy = {
    retentionDays: settings.REMOTE_RETENTION_DAYS ?? Number.POSITIVE_INFINITY,
    keep: parseKeepRules(settings.REMOTE_RETENTION_KEEP),
    heldSeries: heldSeries(known.byName.values(), settings.PG_DATABASE, now),
  };
  return { decisions: planRetention(runs, policy, now), others };
}

/**
 * Removes the remote copies that the plan gives up, where REMOTE_RETENTION_DAYS is set; what the bucket protects is told and no failure.
 * @throws PgBackupError RETENTION_FAILED, when the store cannot be listed (nothing is removed then) or after trying every run.
 */
export async function pruneRemote(context: BackupContext, store: Store): Promise<void> {
  if (!hasRemoteRetention(context)) return;
  const { log, signal, language } = context;
  const said = (error: unknown): string => {
    signal.throwIfAborted();
    return describeError(error, language).message;
  };
  const plan = await planRemotePrune(context, store).catch((error) => {
    throw new PgBackupError('RETENTION_FAILED', { detail: said(error) }, error);
  });
  const counts: Record<Removal, number> = { removed: 0, versioned: 0, immutable: 0 };
  const failures: string[] = [];
  const held = plan.decisions.filter(({ reason }) => reason === 'held').length;
  if (held > 0) log('warn', 'RETENTION_HELD', { count: held });
  for (const { run, action, reason } of plan.decisions) {
    signal.throwIfAborted();
    if (action === 'keep') continue;
    try {
      const outcome = await removeCopy(store, run, signal);
      counts[outcome] += 1;
      if (outcome !== 'immutable') log('info', 'REMOTE_REMOVED', { run: run.name, reason });
    } catch (error) {
      failures.push(said(error));
    }
  }
  const removed = counts.removed + counts.versioned;
  if (counts.immutable > 0) log('info', 'REMOTE_IMMUTABLE', { count: counts.immutable });
  if (counts.versioned > 0) log('info', 'REMOTE_VERSIONED', { count: counts.versioned });
  log('info', 'REMOTE_RETENTION_DONE', {
    kept: plan.decisions.length - removed,
    removed,
    others: plan.others,
  });
  if (failures.length > 0) {
    const more = failures.length > NAMED_FAILURES ? ` (+${failures.length - NAMED_FAILURES})` : '';
    const detail = failures.slice(0, NAMED_FAILURES).join('; ') + more;
    throw new PgBackupError('RETENTION_FAILED', { detail });
  }
}

/** The dump goes last: what a cut removal leaves is still a run, and goes the next time. */
async function removeCopy(store: Store, run: RemoteRun, signal: AbortSignal): Promise<Removal> {
  const [dump] = run.artifactNames;
  const dumpLast = run.objects.toSorted((a, b) => Number(a.name === dump) - Number(b.name === dump));
  let outcome: Removal = 'removed';
  for (const { name } of dumpLast) {
    outcome = await store.remove(name, signal);
    if (outcome === 'immutable') return outcome;
  }
  return outcome;
}
