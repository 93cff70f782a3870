import { join } from 'node:path';
import { type Layout, layoutOf } from '../../files/layout.ts';
import { followPlace } from './follow-place.ts';
import { createRunIndex, type RunIndex } from './run-index.ts';
import { createLooker, createWatchers } from './watch.ts';

/** An index that follows what lies below some directories, as long as the signal lasts. */
export interface FollowedIndex {
  readonly index: RunIndex;
  readonly layouts: readonly Layout[];
  /** Once all reports are read. */
  readonly reportsReady: Promise<void>;
  /** Once everything is read. */
  readonly ready: Promise<void>;
  readonly isReady: boolean;
  /** Whether the directories were listed at least once. */
  isKnown(what: 'reports' | 'everything'): boolean;
  /** Why directories could not be looked at the last time; what was known of them stays. */
  readonly problems: readonly unknown[];
  /** Of the last look at everything; undefined before the first one. */
  readonly scannedAt: Date | undefined;
  /** Files that cannot be used: how many, and some of their names. */
  unreadable(): Unreadable;
  /** Calls back soon after something has changed. Returns what ends that. */
  onChange(listener: () => void): () => void;
}

export interface Unreadable {
  readonly count: number;
  readonly files: readonly string[];
}

export interface FollowOptions {
  readonly baseDirectories: readonly string[];
  readonly signal: AbortSignal;
  readonly clock: () => Date;
  /** At least so long after a look at everything comes the next one. */
  readonly rescanMilliseconds?: number;
  /** Without it only the looks at everything find out what has changed, as on a network volume. */
  readonly isWatching?: boolean;
}

const RESCAN_MILLISECONDS = 10_000;
/** Looking at everything may take one part in so many of the time. */
const REST = 20;
const FIRST_SLICE_MILLISECONDS = 20;
/** Requests wait for it. */
const SLICE_MILLISECONDS = 2;
const NAMED = 20;

/** Begins to read at once; never fails: what cannot be read is told by `problems` and `unreadable`. */
export function followIndex(options: FollowOptions): FollowedIndex {
  const { signal, clock, rescanMilliseconds = RESCAN_MILLISECONDS, isWatching = true } = options;
  const index = createRunIndex();
  const layouts = options.baseDirectories.map(layoutOf);
  const places = layouts.map((layout, place) => followPlace(index, layout, place));
  const listeners = new Set<() => void>();
  let told = index.revision;
  let problems: unknown[] = [];
  let scannedAt: Date | undefined;
  const reportsReady = Promise.withResolvers<void>();
  const ready = Promise.withResolvers<void>();
  const tell = (): void => {
    if (index.revision === told || scannedAt === undefined) return;
    told = index.revision;
    for (const listener of listeners) listener();
  };

  const scan = async (slice: number): Promise<void> => {
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
    if (scannedAt === undefined) index.sort();
    reportsReady.resolve();
    for (const { others } of places) {
      for (const one of others) await attempt(() => one.scan(slice, signal));
    }
    problems = found;
    scannedAt = clock();
    ready.resolve();
    tell();
  };

  const look = createLooker(async ({ place, directory, name }) => {
    if (directory === undefined) await place.lookAtMarks((action) => action().catch(() => {}));
    else await directory.look(name);
  }, tell);
  const watchers = isWatching ? createWatchers(places, look) : undefined;
  void (async () => {
    let slice = FIRST_SLICE_MILLISECONDS;
    while (!signal.aborted) {
      const begin = performance.now();
      watchers?.renew();
      await scan(slice);
      slice = SLICE_MILLISECONDS;
      const took = performance.now() - begin;
      await pause(Math.max(rescanMilliseconds, took * REST), signal);
    }
    watchers?.close();
    reportsReady.resolve();
    ready.resolve();
  })();

  return {
    index,
    layouts,
    reportsReady: reportsReady.promise,
    ready: ready.promise,
    get isReady() {
      return scannedAt !== undefined;
    },
    isKnown: (what) =>
      places.every(({ reports, others }) =>
        (what === 'reports' ? [reports] : [reports, ...others]).every((one) => one.isKnown()),
      ),
    get problems() {
      return problems;
    },
    get scannedAt() {
      return scannedAt;
    },
    unreadable() {
      const found = places.flatMap(({ reports, others }) => [reports, ...others]);
      const each = found.map((one) => ({ path: one.path, ...one.unreadable() }));
      return {
        count: each.reduce((sum, { count }) => sum + count, 0),
        files: each.flatMap(({ path, names }) => names.map((name) => join(path, name))).slice(0, NAMED),
      };
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Ends early with the signal. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end);
  });
}
