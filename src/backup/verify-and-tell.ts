import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PgBackupError } from '../errors.ts';
import {
  ensureDirectory,
  PRIVATE_DIRECTORY_MODE,
  PRIVATE_FILE_MODE,
  writeDurably,
} from '../files/durable-files.ts';
import { layoutOf } from '../files/layout.ts';
import { hasErrorCode } from '../files/storage-error.ts';
import type { BackupContext } from './context.ts';
import { encodeDatabaseName } from './run-name.ts';
import { failedOutcome, isNews, notifierFor } from './target-notifier.ts';
import { type VerifyOptions, verifyCopies } from './verify-copies.ts';

/**
 * Verifies copies, and tells what is not as it should be, and when it is again; wrong usage is nobody's news.
 * @throws as verifyCopies
 */
export async function verifyAndTell(context: BackupContext, options: VerifyOptions): Promise<void> {
  const { PG_DATABASE: database, PG_HOST: host, PG_PORT: port } = context.settings;
  const notifier = notifierFor(context);
  try {
    await verifyCopies(context, options);
  } catch (error) {
    if (isNews(context, error)) {
      await rememberFailure(context);
      await notifier.tell('verify', [failedOutcome(context, database, error)]);
    }
    throw error;
  }
  const failedBefore = await forgetFailure(context);
  await notifier.tell('verify', [{ database, host, port, status: 'SUCCESS', failedBefore }]);
}

/** A verification leaves no record that could tell it later. What cannot be remembered costs no more than the news of the recovery. */
async function rememberFailure(context: BackupContext): Promise<void> {
  const { notified } = layoutOf(context.settings.BACKUP_BASE_DIR);
  try {
    await ensureDirectory(notified, PRIVATE_DIRECTORY_MODE);
    await writeDurably(markOf(context), '', PRIVATE_FILE_MODE);
  } catch (error) {
    if (!(error instanceof PgBackupError)) throw error;
  }
}

/** True where there was one to forget. */
async function forgetFailure(context: BackupContext): Promise<boolean> {
  try {
    await rm(markOf(context));
    return true;
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT', 'EACCES', 'EROFS', 'ENOTDIR', 'EPERM')) return false;
    throw error;
  }
}

function markOf({ settings, target }: BackupContext): string {
  const { notified } = layoutOf(settings.BACKUP_BASE_DIR);
  const whose = [target ?? '', settings.PG_DATABASE].map(encodeDatabaseName).join('_');
  return join(notified, `verify-failed_${whose}`);
}
