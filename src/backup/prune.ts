import { PgBackupError } from '../errors.ts';
import { removeFiles, syncDirectory } from '../files/durable-files.ts';
import { layoutOf } from '../files/layout.ts';
import type { BackupContext } from './context.ts';
import { type PastRun, readHistory } from './history.ts';
import { planRetention, type RetentionDecision } from './retention.ts';

/** What retention would do now with the local runs of the configured database. */
export async function planPrune(context: BackupContext): Promise<RetentionDecision<PastRun>[]> {
  const { settings, log } = context;
  const layout = layoutOf(settings.BACKUP_BASE_DIR);
  const history = await readHistory(layout, settings.PG_DATABASE);
  if (history.unreadable.length > 0) {
    log('warn', 'REPORTS_UNREADABLE', {
      count: history.unreadable.length,
      directory: layout.base,
      files: history.unreadable.slice(0, 5).join(', '),
    });
  }
  return planRetention(history.runs, { retentionDays: settings.RETENTION_DAYS }, context.clock());
}

/**
 * Removes the files of the runs that the plan gives up; reports and records stay as the history.
 * @throws PgBackupError RETENTION_FAILED after trying every run.
 */
export async function prune(context: BackupContext): Promise<void> {
  const plan = await planPrune(context);
  const failures: string[] = [];
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
