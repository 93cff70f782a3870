import { describeError, PgBackupError } from '../errors.ts';
import { layoutOf } from '../files/layout.ts';
import { writeSkip } from '../report/skip-record.ts';
import type { BackupContext } from './context.ts';
import { withinMinutes } from './deadline.ts';
import { retryUpload } from './retry-upload.ts';
import { type BackedUp, backup } from './run.ts';
import { sendReports } from './unsent-reports.ts';
import { type WaitFor, withRetries } from './with-retries.ts';

/**
 * Backs one database up within its deadline, again while the fault can pass and BACKUP_RETRIES lets it; each attempt is a run with its own report.
 * Where only the upload failed, only the upload is tried again. Returns what the last attempt came to; only an interruption of the wait is thrown.
 */
export async function backUpDatabase(context: BackupContext, waitFor?: WaitFor): Promise<BackedUp> {
  const { BACKUP_TIMEOUT_MINUTES: minutes } = context.settings;
  const attempt = (before: BackedUp | undefined): Promise<BackedUp> =>
    withinMinutes(minutes, context.signal, async (signal) => {
      const within = { ...context, signal };
      const record = before?.record;
      const result = await (record?.awaitsUpload
        ? retryUpload(within, { ...before, record })
        : backup(within));
      // The deadline is the backup's.
      await sendReports(context);
      return result;
    });
  const result = await withRetries(context, attempt, waitFor);
  await noteIfBusy(context, result);
  return result;
}

/** The other runner's report tells of the backup; that this one did nothing has to be found somewhere, too. */
async function noteIfBusy(context: BackupContext, { failure }: BackedUp): Promise<void> {
  if (!(failure instanceof PgBackupError) || failure.code !== 'BUSY') return;
  const { settings, target, hostname, clock, log, language } = context;
  try {
    await writeSkip(layoutOf(settings.BACKUP_BASE_DIR), {
      ...{ version: 1, kind: 'backup', database: settings.PG_DATABASE, hostname, reason: 'busy' },
      ...(target === undefined ? {} : { target }),
      skippedAt: clock().toISOString(),
      detail: String(failure.parameters['holder']),
    });
  } catch (error) {
    log('warn', 'SKIP_UNWRITABLE', { detail: describeError(error, language).message });
  }
}
