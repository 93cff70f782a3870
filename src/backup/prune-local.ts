import { PgBackupError } from '../errors.ts';
import { removeFiles, syncDirectory } from '../files/durable-files.ts';
import { layoutOf } from '../files/layout.ts';
import { heldSeries } from './accept.ts';
import type { BackupContext } from './context.ts';
import { type PastRun, readHistory } from './history.ts';
import { parseKeepRules } from './keep-rules.ts';
import { planRetention, type RetentionDecision } from './retention.ts';

/** What retention would do now with the local runs of the configured database. */
export async function planLocalPrune(context: BackupContext): Promise<RetentionDecision<PastRun>[]> {
  const { settings, log } = context;
  const { runs, known } = await readHistory(context);
  if (known.unreadable.length > 0) {
    log('warn', 'REPORTS_UNREADABLE', {
      count: known.unreadable.length,
      directory: layoutOf(settings.BACKUP_BASE_DIR).base,
      files: known.unreadable.slice(0, 5).join(', '),
    });
  }
  const now = context.clock();
  const policy = {
    retentionDays: settings.RETENTION_DAYS,
    keep: parseKeepRules(settings.RETENTION_KEEP),
    heldSeries: heldSeries(known.byName.values(), settings.PG_DATABASE, now),
  };
  return planRetention(runs, policy, now);
}

/**
 * Removes the files of the runs that the plan gives up; reports and records stay as the history.
 * @throws PgBackupError RETENTION_FAILED after trying every run.
 */
export async function pruneLocal(context: BackupContext): Promise<void> {
  const plan = await planLocalPrune(context);
  const failures: string[] = [];
  const held = plan.filter(({ reason }) => reason === 'held').length;
  if (held > 0) context.log('warn', 'RETENTION_HELD', { count: held });
  let removed = 0;
  for (const { run, action, reason } of plan) {
    context.signal.throwIfAborted();
    if (action === 'keep') continue;
    try {
      await removeFiles(run.files);
      removed += 1;
      context.log('info', 'RETENTION_REMOVED', { run: run.name, reason });
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
    }
  }
  if (removed > 0) await syncDirectory(layoutOf(context.settings.BACKUP_BASE_DIR).data);
  context.log('info', 'RETENTION_DONE', { kept: plan.length - removed, removed });
  if (failures.length > 0) throw new PgBackupError('RETENTION_FAILED', { detail: failures.join('; ') });
}
