import { describeError } from '../errors.ts';
import { layoutOf } from '../files/layout.ts';
import type { TextParameters } from '../language.ts';
import type { LogLevel } from '../logging.ts';
import type { MessageId } from '../messages.ts';
import { type SkipReason, writeSkip } from '../report/skip-record.ts';
import type { Clock } from './clock.ts';
import { type DueState, lookAtClock, scheduleFrom } from './due.ts';
import { KIND_NAMES, type ScheduleEntry } from './entries.ts';
import { utcText } from './time-text.ts';

/** Work that was begun for an entry. */
export interface Job {
  readonly entry: ScheduleEntry;
  /** The time of the schedule that it serves; undefined where somebody asked for it at the start. */
  readonly dueAt: Date | undefined;
}

export interface JobEnd {
  /** As `exit code 4` or `killed by SIGKILL`; undefined for a success. */
  readonly failure: string | undefined;
}

export interface LaneServices {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** From 0 to 1, 1 excluded. */
  readonly random: () => number;
  /** Whatever it does, the lane goes on. */
  readonly startJob: (job: Job) => Promise<JobEnd>;
  readonly onJobEnd: () => void;
}

/** One kind of work of one target: its schedule, and at most one job at a time. */
export interface Lane {
  /** Looks at the clock and begins what is due. */
  look(): void;
  /** Begins work that is not due now: a missed one, or one that is asked for at the start. */
  begin(dueAt: Date | undefined, jitter: 'with jitter' | 'at once'): void;
  /** How long nothing will be due. */
  restMilliseconds(): number;
  /** Waits for what is under way; true where the signal broke a job off. */
  ended(): Promise<boolean>;
}

const NEVER_MILLISECONDS = Number.MAX_SAFE_INTEGER;

export function createLane(entry: ScheduleEntry, services: LaneServices): Lane {
  const { context, kind, cron } = entry;
  const { clock, signal } = services;
  const { BACKUP_JITTER_SECONDS, BACKUP_CATCH_UP_HOURS, BACKUP_BASE_DIR } = context.settings;
  let state: DueState = scheduleFrom(cron, clock.now());
  let busySince: Date | undefined;
  let work: Promise<void> = Promise.resolve();
  let notes: Promise<void> = Promise.resolve();
  let wasInterrupted = false;

  const log = (level: LogLevel, id: MessageId, parameters: TextParameters = {}): void =>
    context.log(level, id, { kind: KIND_NAMES[kind], next: utcText(state.next), ...parameters });

  const noteSkipped = (dueAt: Date, reason: SkipReason, detail: string): void => {
    const note = {
      ...({ version: 1, kind, dueAt: dueAt.toISOString(), skippedAt: clock.now().toISOString() } as const),
      ...{ hostname: context.hostname, reason, detail },
      ...(context.target !== undefined && { target: context.target }),
    };
    notes = notes.then(() =>
      writeSkip(layoutOf(BACKUP_BASE_DIR), note).catch((error: unknown) =>
        log('warn', 'SKIP_UNWRITABLE', { detail: describeError(error, context.language).message }),
      ),
    );
  };

  const runJob = async (dueAt: Date | undefined, delaySeconds: number): Promise<void> => {
    if (delaySeconds > 0) {
      log('info', 'JOB_DELAYED', { seconds: delaySeconds });
      await clock.wait(delaySeconds * 1000, signal);
    }
    if (signal.aborted) return;
    log('info', 'JOB_STARTING');
    try {
      const { failure } = await services.startJob({ entry, dueAt });
      if (failure === undefined) {
        log('info', 'JOB_DONE');
        return;
      }
      wasInterrupted ||= signal.aborted;
      log('warn', 'JOB_FAILED', { outcome: failure });
    } catch (error) {
      wasInterrupted ||= signal.aborted;
      log('error', 'JOB_UNSTARTABLE', { detail: describeError(error, context.language).message });
    }
  };

  const begin = (dueAt: Date | undefined, delaySeconds: number): void => {
    if (signal.aborted) return;
    if (busySince !== undefined) {
      const since = utcText(busySince);
      if (dueAt === undefined) return;
      log('warn', 'OVERLAP', { due: utcText(dueAt), since });
      noteSkipped(dueAt, 'overlap', `the one that began at ${since.en} is still under way`);
      return;
    }
    busySince = clock.now();
    work = runJob(dueAt, delaySeconds).finally(() => {
      busySince = undefined;
      services.onJobEnd();
    });
  };
  const jitterSeconds = (): number => Math.floor(services.random() * (BACKUP_JITTER_SECONDS + 1));

  return {
    look() {
      const found = lookAtClock(cron, state, clock.now(), BACKUP_CATCH_UP_HOURS * 60 * 60 * 1000);
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
      begin(at, jitterSeconds());
    },
    begin: (dueAt, jitter) => begin(dueAt, jitter === 'at once' ? 0 : jitterSeconds()),
    restMilliseconds: () =>
      state.next === undefined
        ? NEVER_MILLISECONDS
        : Math.max(1, state.next.getTime() - clock.now().getTime()),
    async ended() {
      await work;
      await notes;
      return wasInterrupted;
    },
  };
}
