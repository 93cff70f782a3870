import { PgBackupError } from '../errors.ts';
import type { BackupContext } from './context.ts';
import { errorOutcome, notifierFor } from './notifier.ts';
import { type VerifyOptions, verifyCopies } from './verify-copies.ts';

/**
 * Verifies copies, and tells what is not as it should be; wrong usage is nobody's news.
 * @throws as verifyCopies
 */
export async function verifyAndTell(context: BackupContext, options: VerifyOptions): Promise<void> {
  try {
    await verifyCopies(context, options);
  } catch (error) {
    const isUsage = error instanceof PgBackupError && error.code === 'USAGE';
    if (!isUsage && !context.signal.aborted) await tell(context, error);
    throw error;
  }
}

async function tell(context: BackupContext, error: unknown): Promise<void> {
  const { PG_DATABASE: database, PG_HOST: host, PG_PORT: port } = context.settings;
  await notifierFor(context).tell('verify', [
    { database, host, port, status: 'FAILED', failedBefore: false, error: errorOutcome(context, error) },
  ]);
}
