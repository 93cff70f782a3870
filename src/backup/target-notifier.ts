import { describeError } from '../errors.ts';
import { layoutOf } from '../files/layout.ts';
import { createNotifier, type Notifier, type Outcome } from '../notify/notifier.ts';
import type { TargetContext } from './context.ts';

/** The notifier of one target. */
export function notifierFor(context: TargetContext): Notifier {
  const { settings, target, language, log, scrub, clock, hostname } = context;
  const directory = layoutOf(settings.BACKUP_BASE_DIR).notified;
  return createNotifier({ settings, target, language, log, scrub, clock, hostname, directory });
}

/** An error as notifications tell it. */
export function errorOutcome(context: TargetContext, error: unknown): NonNullable<Outcome['error']> {
  const { code, message, hint } = describeError(error, context.language);
  return { code, message: context.scrub(message), hint: context.scrub(hint) };
}
