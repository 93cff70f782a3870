import { describeError, PgBackupError } from '../errors.ts';
import { layoutOf } from '../files/layout.ts';
import { createNotifier, type Notifier, type Outcome } from '../notify/notifier.ts';
import type { TargetContext } from './context.ts';

/** The notifier of one target. */
export function notifierFor(context: TargetContext): Notifier {
  const { settings, target, language, log, scrub, clock, hostname } = context;
  const directory = layoutOf(settings.BACKUP_BASE_DIR).notified;
  return createNotifier({ settings, target, language, log, scrub, clock, hostname, directory });
}

/** Whether others than the person at the keyboard should hear of it: neither wrong usage nor an interruption is anybody's news. */
export function isNews(context: TargetContext, error: unknown): boolean {
  const isUsage = error instanceof PgBackupError && error.code === 'USAGE';
  return !isUsage && !context.signal.aborted;
}

/** What kept the work on a database from its end, as notifications tell it. */
export function failedOutcome(
  context: TargetContext,
  database: string,
  error: unknown,
  failedBefore = false,
): Outcome {
  const { PG_HOST: host, PG_PORT: port } = context.settings;
  return { database, host, port, status: 'FAILED', failedBefore, error: errorOutcome(context, error) };
}

/** An error as notifications tell it. */
export function errorOutcome(context: TargetContext, error: unknown): NonNullable<Outcome['error']> {
  const { code, message, hint } = describeError(error, context.language);
  return { code, message: context.scrub(message), hint: context.scrub(hint) };
}
