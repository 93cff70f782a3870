import { PgBackupError } from '../errors.ts';
import { layoutOf } from '../files/layout.ts';
import type { BackupContext } from './context.ts';
import { ensureLayout } from './open-run.ts';
import { sendWaitingRuns } from './pending-uploads.ts';
import { repairKilledRuns } from './repair.ts';
import { createStages } from './stages.ts';
import { sendReports } from './unsent-reports.ts';
import { withStore } from './with-store.ts';

/**
 * Sends every run of the configured database that waits for its upload, those that were killed included.
 * @throws PgBackupError PENDING_REMAIN that names those that wait still, USAGE in mode local
 */
export async function uploadWaiting(context: BackupContext): Promise<void> {
  const { settings, log } = context;
  if (settings.BACKUP_MODE === 'local') throw new PgBackupError('USAGE', { detail: NOTHING_REMOTE });
  const layout = layoutOf(settings.BACKUP_BASE_DIR);
  await ensureLayout(layout);
  await repairKilledRuns(context);
  const remaining = await withStore(
    context,
    async (store) => store && sendWaitingRuns(context, layout, store, createStages(context, [])),
  ).finally(() => sendReports(context));
  if (remaining && remaining.length > 0) {
    throw new PgBackupError('PENDING_REMAIN', { count: remaining.length, runs: remaining.join(', ') });
  }
  log('info', 'NOTHING_WAITS', { database: settings.PG_DATABASE });
}

const NOTHING_REMOTE = {
  en: 'BACKUP_MODE is local: there is nowhere to upload to. Set it to both or oss',
  zh: 'BACKUP_MODE 为 local：没有可上传的目标。请设为 both 或 oss',
};
