import { isDeepStrictEqual } from 'node:util';
import { type RunProgress, readProgress } from '../../backup/run-progress.ts';
import type { FollowedIndex } from './follow.ts';
import type { RunningRun } from './place-facts.ts';

/** What the runs that are under way say of themselves. */
export interface FollowedProgress {
  /** undefined where it says nothing, or nothing that can be read here. */
  of(running: RunningRun): RunProgress | undefined;
  /** Calls back for each run that has said something new. Returns what ends that. */
  onProgress(listener: (running: RunningRun) => void): () => void;
}

export interface ProgressOptions {
  readonly intervalMilliseconds?: number;
}

const INTERVAL_MILLISECONDS = 1_000;
/** As long as nobody listens. */
const UNHEARD_MILLISECONDS = 10_000;
/** What killed runs left counts as well. */
const MOST_RUNS = 100;

/** Reads the progress of the runs under way, as long as the signal lasts: every second where somebody listens or a run has come. */
export function followProgress(
  { index, layouts }: Pick<FollowedIndex, 'index' | 'layouts'>,
  signal: AbortSignal,
  { intervalMilliseconds = INTERVAL_MILLISECONDS }: ProgressOptions = {},
): FollowedProgress {
  const known = new Map<string, RunProgress>();
  const listeners = new Set<(running: RunningRun) => void>();
  let looked: readonly RunningRun[] = [];
  let lookedAt = 0;
  let isLooking = false;

  const look = async (): Promise<void> => {
    isLooking = true;
    looked = index.running;
    lookedAt = performance.now();
    const newest = looked.toSorted((one, other) => other.startedAt.getTime() - one.startedAt.getTime());
    const gone = new Set(known.keys());
    for (const running of newest.slice(0, MOST_RUNS)) {
      const key = keyOf(running);
      const layout = layouts[running.place];
      const progress = layout && (await readProgress(layout, running.run));
      if (!progress) continue;
      gone.delete(key);
      if (isDeepStrictEqual(known.get(key), progress)) continue;
      known.set(key, progress);
      for (const listener of listeners) listener(running);
    }
    for (const key of gone) known.delete(key);
    isLooking = false;
  };
  const timer = setInterval(() => {
    if (isLooking) return;
    const isDue = index.running.length > 0 && performance.now() - lookedAt >= UNHEARD_MILLISECONDS;
    if (index.running !== looked || isDue || (listeners.size > 0 && looked.length > 0)) void look();
  }, intervalMilliseconds);
  timer.unref();
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });

  return {
    of: (running) => known.get(keyOf(running)),
    onProgress(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function keyOf({ place, run }: RunningRun): string {
  return `${place}/${run}`;
}
