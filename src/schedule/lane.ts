import { describeError } from '../errors.ts';
import type { Text, TextParameters } from '../language.ts';
import type { LogLevel } from '../logging.ts';
import type { MessageId } from '../messages.ts';
import type { SkipReason } from '../report/skip-record.ts';
import type { Clock } from './clock.ts';
import { type DueState, lookAtClock, scheduleFrom } from './due.ts';
import { KIND_NAMES, type ScheduleEntry } from './entries.ts';
import { writeSkipNote } from './skip-notes.ts';
import { sameText, utcText } from './time-text.ts';

/** Work that was begun for an entry. */
export interface Job {
  readonly entry: ScheduleEntry;
  /** The time of the schedule that it serves; undefined where somebody asked for it at the start. */
  readonly dueAt: Date | undefined;
  /** Those that it is for; absent where that is all of them. */
  readonly databases?: readonly string[] | undefined;
}

export interface JobEnd {
  /** As `exit code 4` or `killed by SIGKILL`; undefined for a success. */
  readonly failure: string | undefined;
  /** Why it failed, where the job could not tell people of it by itself. */
  readonly untold?: Text;
}

export interface LaneServices {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** From 0 to 1, 1 excluded. */
  readonly random: () => number;
  /** Whatever it does, the lane goes on. */
  readonly startJob: (job: Job) => Promise<JobEnd>;
  /** No job begins before; it never rejects. */
  readonly ready: Promise<void>;
  /** Tells people of a failure that the job could not tell; it never rejects. */
  readonly tellFailure: (reason: Text) => Promise<void>;
  readonly onJobEnd: () => void;
}

/** One kind of work of one target: its schedule, and at most one job at a time. */
export interface Lane {
  /** Looks at the clock and begins what is due. */
  look(): void;
  /** Begins work that is not due now: a missed one, or one that is asked for at the start. */
  begin(work: Omit<Job, 'entry'>, jitter: 'with jitter' | 'at once'): void;
  /** Whether it has begun anything yet. */
  hasBegun(): boolean;
  /** How long nothing will be due. */
  restMilliseconds(): number;
  /** Waits for what is under way; true where the signal broke a job off. */
  ended(): Promise<boolean>;
}

const NEVER_MILLISECONDS = Number.MAX_SAFE_INTEGER;

/** What is due after `now` is its affair. */
export function createLane(entry: ScheduleEntry, now: Date, services: LaneServices): Lane {
  const { context, kind, cron, isFixedTime } = entry;
  const { clock, signal } = services;
  const { BACKUP_JITTER_SECONDS, BACKUP_CATCH_UP_HOURS } = context.settings;
  const catchUpMilliseconds = BACKUP_CATCH_UP_HOURS * 60 * 60 * 1000;
  let state: DueState = scheduleFrom(cron, now);
  let busySince: Date | undefined;
  let hasBegun = false;
  let underWay: Promise<void> = Promise.resolve();
  let notes: Promise<void> = Promise.resolve();
  let wasInterrupted = false;

  const log = (level: LogLevel, id: MessageId, parameters: TextParameters = {}): void =>
    context.log(level, id, { kind: KIND_NAMES[kind], next: utcText(state.next), ...parameters });

  const noteSkipped = (dueAt: Date, reason: SkipReason, detail: string): void => {
    const skippedAt = clock.now();
    notes = notes.then(() => writeSkipNote(entry, { dueAt, skippedAt, reason, detail }));
  };

  const runJob = async (job: Job, delaySeconds: number): Promise<void> => {
    if (delaySeconds > 0) {
      log('info', 'JOB_DELAYED', { seconds: delaySeconds });
      await clock.wait(delaySeconds * 1000, signal);
    }
    await services.ready;
    if (signal.aborted) return;
    log('info', 'JOB_STARTING');
    try {
      const { failure, untold } = await services.startJob(job);
      if (failure === undefined) {
        log('info', 'JOB_DONE');
        return;
      }
      wasInterrupted ||= signal.aborted;
      log('warn', 'JOB_FAILED', { outcome: failure });
      if (untold) await services.tellFailure(untold);
    } catch (error) {
      wasInterrupted ||= signal.aborted;
      const detail = describeError(error, context.language).message;
      log('error', 'JOB_UNSTARTABLE', { detail });
      await services.tellFailure(sameText(detail));
    }
  };

  const begin = (work: Omit<Job, 'entry'>, delaySeconds: number): void => {
    if (signal.aborted) return;
    const { dueAt } = work;
    if (busySince !== undefined) {
      const since = utcText(busySince);
      if (dueAt === undefined) return;
      log('warn', 'OVERLAP', { due: utcText(dueAt), since });
      noteSkipped(dueAt, 'overlap', `the one that began at ${since.en} is still under way`);
      return;
    }
    busySince = clock.now();
    hasBegun = true;
    underWay = runJob({ ...work, entry }, delaySeconds).finally(() => {
      busySince = undefined;
      services.onJobEnd();
    });
  };
  const jitterSeconds = (): number => Math.floor(services.random() * (BACKUP_JITTER_SECONDS + 1));

  return {
    look() {
      const found = lookAtClock(cron, state, clock.now(), { catchUpMilliseconds, isFixedTime });
      state = found.state;
      if (found.isCorrection) log('warn', 'CLOCK_SET_BACK');
      if (!found.due) return;
      const { at, isLate, isTooLate } = found.due;
      const due = utcText(at);
      if (isTooLate) {
        log('warn', 'TOO_LATE', { due, hours: BACKUP_CATCH_UP_HOURS });
        return noteSkipped(
          at,
          'missed',
          'found out too late: the machine slept or its clock was set forward',
        );
      }
      if (isLate && busySince === undefined) log('warn', 'CATCHING_UP', { due });
      begin({ dueAt: at }, jitterSeconds());
    },
    begin: (work, jitter) => begin(work, jitter === 'at once' ? 0 : jitterSeconds()),
    hasBegun: () => hasBegun,
    restMilliseconds: () =>
      state.next === undefined
        ? NEVER_MILLISECONDS
        : Math.max(1, state.next.getTime() - clock.now().getTime()),
    async ended() {
      await underWay;
      await notes;
      return wasInterrupted;
    },
  };
}
