import { setTimeout } from 'node:timers/promises';
import type { Place } from './follow-place.ts';

/** Looks at everything of some places, over and over. */
export interface LookRounds {
  readonly reportsReady: Promise<void>;
  readonly ready: Promise<void>;
  /** Of the last look. */
  readonly problems: readonly unknown[];
  /** undefined before the first look has ended. */
  readonly scannedAt: Date | undefined;
}

export interface RoundOptions {
  readonly signal: AbortSignal;
  readonly clock: () => Date;
  /** At least so long after a look comes the next one. */
  readonly restMilliseconds: number;
  /** Looking may take one part in so many of the time. */
  readonly rest: number;
  readonly beforeLook: () => void;
  /** When the reports are read for the first time. */
  readonly onReports: () => void;
  readonly afterLook: () => void;
}

const FIRST_SLICE_MILLISECONDS = 20;
/** Requests wait for it. */
const SLICE_MILLISECONDS = 2;

/** Begins at once, and goes on as long as the signal lasts; never fails. */
export function startRounds(places: readonly Place[], options: RoundOptions): LookRounds {
  const { signal, clock, restMilliseconds, rest, beforeLook, onReports, afterLook } = options;
  let problems: unknown[] = [];
  let scannedAt: Date | undefined;
  const reportsReady = Promise.withResolvers<void>();
  const ready = Promise.withResolvers<void>();

  const look = async (slice: number): Promise<void> => {
    const found: unknown[] = [];
    const attempt = async (action: () => Promise<void>): Promise<void> => {
      try {
        await action();
      } catch (error) {
        found.push(error);
      }
    };
    // In this order: a run takes its mark away once its record and its report are there.
    for (const place of places) await place.lookAtMarks(attempt);
    for (const { reports } of places) await attempt(() => reports.scan(slice, signal));
    if (scannedAt === undefined) onReports();
    reportsReady.resolve();
    for (const { others } of places) {
      for (const one of others) await attempt(() => one.scan(slice, signal));
    }
    problems = found;
    scannedAt = clock();
    ready.resolve();
    afterLook();
  };

  void (async () => {
    let slice = FIRST_SLICE_MILLISECONDS;
    while (!signal.aborted) {
      const begin = performance.now();
      beforeLook();
      await look(slice);
      slice = SLICE_MILLISECONDS;
      const took = performance.now() - begin;
      // Ends early with the signal.
      await setTimeout(Math.max(restMilliseconds, took * rest), undefined, { signal }).catch(() => {});
    }
    reportsReady.resolve();
    ready.resolve();
  })();

  return {
    reportsReady: reportsReady.promise,
    ready: ready.promise,
    get problems() {
      return problems;
    },
    get scannedAt() {
      return scannedAt;
    },
  };
}
