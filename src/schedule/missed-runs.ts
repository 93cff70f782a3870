import type { ErrorCode } from '../error-table.ts';

/** What began at or after a due time, and how it ended. */
export interface Attempt {
  readonly startedAt: Date;
  readonly errorCode?: ErrorCode;
}

/** A run that kills its container must not be caught up for ever: the original may have been broken off, and its repetition. */
export const MAXIMUM_BROKEN_OFF = 2;

/**
 * Whether the work that was due then is still to be done. Done it is by something that began since for every database, whatever it came to,
 * unless it was broken off from outside; what was broken off twice counts as done.
 */
export function isMissed(dueAt: Date, attemptsByDatabase: ReadonlyMap<string, readonly Attempt[]>): boolean {
  const attempts = [...attemptsByDatabase.values()].map((all) =>
    all.filter(({ startedAt }) => startedAt >= dueAt),
  );
  // One database may keep the turn from ever coming to the others.
  if (attempts.some((own) => own.filter(wasBrokenOff).length >= MAXIMUM_BROKEN_OFF)) return false;
  return attempts.some((own) => own.every(wasBrokenOff));
}

function wasBrokenOff({ errorCode }: Attempt): boolean {
  return errorCode === 'INTERRUPTED' || errorCode === 'KILLED';
}
