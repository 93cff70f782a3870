import { PgBackupError } from '../errors.ts';

/**
 * Runs `action` with a signal that also aborts, with TIMED_OUT as its reason, when so many minutes have passed; a machine that sleeps does not
 * use them up.
 */
export async function withinMinutes<T>(
  minutes: number,
  signal: AbortSignal,
  action: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = new AbortController();
  const timer = setTimeout(
    () => deadline.abort(new PgBackupError('TIMED_OUT', { minutes })),
    minutes * 60_000,
  );
  timer.unref();
  try {
    return await action(AbortSignal.any([signal, deadline.signal]));
  } finally {
    clearTimeout(timer);
  }
}
