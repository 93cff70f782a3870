import type { ErrorCode } from '../error-table.ts';

/** What began at or after a due time, and how it ended. */
export interface Attempt {
  readonly startedAt: Date;
  readonly errorCode?: ErrorCode;
}

/** A run that kills its container must not be caught up for ever: the original may have been broken off, and its repetition. */
export const MAXIMUM_BROKEN_OFF = 2;

/**
 * The databases for which the work that was due then is still to be done. Done it is by something that began since, whatever it came to, unless it
 * was broken off from outside; what was broken off twice counts as done.
 */
export function missingDatabases(
  dueAt: Date,
  attemptsByDatabase: ReadonlyMap<string, readonly Attempt[]>,
): string[] {
  const isMissing = (all: readonly Attempt[]): boolean => {
    const own = all.filter(({ startedAt }) => startedAt >= dueAt);
    return own.length < MAXIMUM_BROKEN_OFF && own.every(wasBrokenOff);
  };
  return [...attemptsByDatabase].flatMap(([database, all]) => (isMissing(all) ? [database] : []));
}

function wasBrokenOff({ errorCode }: Attempt): boolean {
  return errorCode === 'INTERRUPTED' || errorCode === 'KILLED';
}
