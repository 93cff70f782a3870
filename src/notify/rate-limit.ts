import type { Log } from '../logging.ts';
import { type About, hasWarnings, type Outcome } from './rules.ts';
import { forget, type NewsName, recall, remember, type Subject, type Told } from './told.ts';

type Named = Pick<Outcome, 'database' | 'host' | 'port' | 'error'>;

export interface RateLimit {
  /**
   * Calls `tell` unless the same news was told within the interval; that it was told is remembered where `tell` resolves to true.
   * `tell` is given how often the news was held back since the last time. Resolves to false where `tell` did, so that nobody knows.
   */
  tellAtMostOnce(
    type: string,
    about: readonly Named[],
    tell: (heldBack: number) => Promise<boolean>,
  ): Promise<boolean>;
  /** What these outcomes have put an end to may be told at once when it comes again. */
  forgetWhatIsOver(about: About, outcomes: readonly Outcome[]): Promise<void>;
}

export interface RateLimitOptions {
  readonly directory: string;
  readonly intervalMinutes: number;
  readonly target: string | undefined;
  readonly clock: () => Date;
  readonly log: Log;
}

/** Remembers in small files what was told. Where they cannot be read or written, everything is told; two processes at once tell it twice at worst. */
export function createRateLimit(options: RateLimitOptions): RateLimit {
  const { directory, intervalMinutes, clock, log } = options;
  const target = options.target ?? null;
  const isOff = intervalMinutes === 0;

  const write = (told: Told): Promise<void> => logged(log, () => remember(directory, told, clock()));

  return {
    async tellAtMostOnce(type, about, tell) {
      if (isOff) return tell(0);
      const name: NewsName = { type, target, subjects: about.map(subjectOf) };
      const before = await recall(directory, name);
      if (before !== undefined && isRecent(before, clock(), intervalMinutes)) {
        log('info', 'NOTIFY_HELD_BACK', { type, minutes: intervalMinutes });
        await write({ ...before, heldBack: before.heldBack + 1 });
        return true;
      }
      const toldAt = clock().toISOString();
      if (!(await tell(before?.heldBack ?? 0))) return false;
      await write({ ...name, version: 1, toldAt, heldBack: 0 });
      return true;
    },
    async forgetWhatIsOver(about, outcomes) {
      if (isOff) return;
      const isOver = (told: Told): boolean => {
        const touched = outcomes.filter((outcome) =>
          told.subjects.some((subject) => isSame(subject, outcome)),
        );
        // Of several drills of a database one may pass while another one fails: that is the end of nothing.
        return (
          told.target === target && touched.length > 0 && touched.every((one) => endsIt(about, one, told))
        );
      };
      await logged(log, () => forget(directory, isOver));
    },
  };
}

/** A clock that was set back must not hold anything back. */
function isRecent({ toldAt }: Told, now: Date, intervalMinutes: number): boolean {
  const milliseconds = now.getTime() - Date.parse(toldAt);
  return milliseconds >= 0 && milliseconds < intervalMinutes * 60_000;
}

/** A success ends a failure and what was overdue, a failure every good news, and a success without warnings those. */
function endsIt(about: About, outcome: Outcome, told: Told): boolean {
  if (outcome.status === 'FAILED') {
    return [`${about}.recovered`, `${about}.succeeded`].includes(told.type);
  }
  const ended = [`${about}.failed`, `${about}.stale`, ...(hasWarnings(outcome) ? [] : [`${about}.warning`])];
  return ended.includes(told.type);
}

function isSame(subject: Subject, { database, host, port }: Outcome): boolean {
  return subject.database === database && subject.host === host && subject.port === port;
}

function subjectOf({ database, host, port, error }: Named): Subject {
  return { database, host, port, code: error?.code ?? '' };
}

async function logged(log: Log, action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    log('warn', 'NOTIFY_STATE_FAILED', { detail: error instanceof Error ? error.message : String(error) });
  }
}
