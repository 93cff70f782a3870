import type { CronPattern } from '../cron-pattern.ts';

/** How far a schedule has been served. */
export interface DueState {
  /** The newest time that was seen: what was due until then has been decided on. */
  readonly seenUntil: Date;
  /** The first time after it that is due. */
  readonly next: Date | undefined;
}

export interface Awakening {
  readonly state: DueState;
  /** The latest of the times that have come since, if any has; `tooLate`: it is older than what is caught up. */
  readonly due?: { readonly at: Date; readonly isLate: boolean; readonly isTooLate: boolean };
  /** The clock was set back, and the schedule goes on from its new time. */
  readonly isCorrection: boolean;
}

/**
 * As Debian's cron(8): where the clock is set back by less than three hours, what has a fixed time is not done twice, and everything else goes on by
 * the new time; anything more is a correction of the clock for both.
 */
const CORRECTION_MILLISECONDS = 3 * 60 * 60 * 1000;
/** Whoever notices so soon is on time: a busy machine takes its time to wake a process. */
const PUNCTUAL_MILLISECONDS = 2 * 60 * 1000;

/** The state of a schedule that begins now: what was due before is somebody else's affair. */
export function scheduleFrom(cron: CronPattern, now: Date): DueState {
  return { seenUntil: now, next: cron.next(now) };
}

export interface LookOptions {
  readonly catchUpMilliseconds: number;
  /** The pattern is for fixed times of the day: each of them comes once. */
  readonly isFixedTime: boolean;
}

/** Decides what a look at the clock means, whatever the clock, or the machine, did since the last one. */
export function lookAtClock(
  cron: CronPattern,
  state: DueState,
  now: Date,
  { catchUpMilliseconds, isFixedTime }: LookOptions,
): Awakening {
  const { seenUntil, next } = state;
  const correctionMilliseconds = isFixedTime ? CORRECTION_MILLISECONDS : PUNCTUAL_MILLISECONDS;
  if (seenUntil.getTime() - now.getTime() >= correctionMilliseconds) {
    return { state: scheduleFrom(cron, now), isCorrection: true };
  }
  if (now <= seenUntil) return { state, isCorrection: false };
  if (next === undefined || now < next) return { state: { seenUntil: now, next }, isCorrection: false };
  const at = cron.previous(now) ?? next;
  const age = now.getTime() - at.getTime();
  const isLate = age > PUNCTUAL_MILLISECONDS;
  const due = { at, isLate, isTooLate: isLate && age > catchUpMilliseconds };
  return { state: scheduleFrom(cron, now), due, isCorrection: false };
}
