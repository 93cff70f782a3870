import { join } from 'node:path';
import { type Layout, layoutOf } from '../../files/layout.ts';
import { JSON_KINDS, readJson } from '../../report/directory.ts';
import type { ReportSource, SharedKind } from '../../report/report-source.ts';
import { followOssPlace, readOssJson } from './follow-oss-place.ts';
import { followPlace, type Place } from './follow-place.ts';
import { type LookRounds, startRounds } from './look-rounds.ts';
import { createRunIndex, type RunIndex } from './run-index.ts';
import { classOf } from './views.ts';
import { createLooker, createWatchers } from './watch.ts';

/** An index that follows what lies below some directories, as long as the signal lasts. */
export interface FollowedIndex {
  readonly index: RunIndex;
  /** Of a place in OSS only `base` tells something. */
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
  /** Of the last look at everything, where that was longest ago; undefined before the first one. */
  readonly scannedAt: Date | undefined;
  /** Files that cannot be used: how many, and some of their names. */
  unreadable(): Unreadable;
  /**
   * Reads a file of a run or a drill, all of it, as it stands now; undefined where there is none that can be used.
   * @throws PgBackupError STORE_FAILED where it is in OSS, and OSS does not answer
   */
  read(place: number, kind: SharedKind, fileName: string): Promise<unknown>;
  /** Calls back soon after something has changed. Returns what ends that. */
  onChange(listener: () => void): () => void;
}

export interface Unreadable {
  readonly count: number;
  readonly files: readonly string[];
}

export interface FollowOptions {
  readonly baseDirectories: readonly string[];
  /** Places in OSS; they come after the directories. */
  readonly sources?: readonly ReportSource[];
  readonly signal: AbortSignal;
  readonly clock: () => Date;
  /** So long after a look at everything comes the next one, however much of the time that takes, up to half of it. */
  readonly rescanMilliseconds?: number;
  /** So long after it was listed from its beginning, what is in OSS is listed so again. */
  readonly relistMilliseconds?: number;
  /** Without it only the looks at everything find out what has changed, as on a network volume. */
  readonly isWatching?: boolean;
}

/** How often places are looked at; requests to OSS cost money, and take no time of ours. */
const RHYTHMS = {
  volume: { restMilliseconds: 10_000, rest: 20 },
  oss: { restMilliseconds: 30_000, rest: 1 },
} as const;
const RELIST_MILLISECONDS = 3_600_000;
const NAMED = 20;

/** Begins to read at once; never fails: what cannot be read is told by `problems` and `unreadable`. */
export function followIndex(options: FollowOptions): FollowedIndex {
  const { signal, clock, rescanMilliseconds, sources = [], isWatching = true } = options;
  const { relistMilliseconds = RELIST_MILLISECONDS } = options;
  const index = createRunIndex(classOf);
  const directories = options.baseDirectories.map((base, place) => followPlace(index, layoutOf(base), place));
  const inOss = sources.map((source, at) =>
    followOssPlace(index, directories.length + at, { source, clock, relistMilliseconds }),
  );
  const places = [...directories, ...inOss];
  const layouts = places.map(({ layout }) => layout);
  const listeners = new Set<() => void>();
  let told = index.revision;
  const isReady = (): boolean => rounds.every(({ scannedAt }) => scannedAt !== undefined);
  const tell = (): void => {
    if (index.revision === told || !isReady()) return;
    told = index.revision;
    for (const listener of listeners) listener();
  };

  const look = createLooker(async ({ place, directory, name }) => {
    if (directory === undefined) await place.lookAtMarks((action) => action().catch(() => {}));
    else await directory.look(name);
  }, tell);
  const watchers = isWatching ? createWatchers(directories, look) : undefined;
  signal.addEventListener('abort', () => watchers?.close(), { once: true });
  const start = (some: readonly Place[], rhythm: keyof typeof RHYTHMS, beforeLook: () => void): LookRounds =>
    startRounds(some, {
      ...RHYTHMS[rhythm],
      ...(rescanMilliseconds === undefined ? {} : { restMilliseconds: rescanMilliseconds, rest: 1 }),
      ...{ signal, clock, beforeLook },
      onReports: () => index.sort(),
      afterLook: tell,
    });
  // Apart, so that OSS keeps no volume waiting.
  const rounds = [
    ...(directories.length > 0 ? [start(directories, 'volume', () => watchers?.renew())] : []),
    ...(inOss.length > 0 ? [start(inOss, 'oss', () => {})] : []),
  ];
  const all = (promises: readonly Promise<void>[]): Promise<void> => Promise.all(promises).then(() => {});

  return {
    index,
    layouts,
    reportsReady: all(rounds.map(({ reportsReady }) => reportsReady)),
    ready: all(rounds.map(({ ready }) => ready)),
    get isReady() {
      return isReady();
    },
    isKnown: (what) =>
      places.every(({ reports, others }) =>
        (what === 'reports' ? [reports] : [reports, ...others]).every((one) => one.isKnown()),
      ),
    get problems() {
      return rounds.flatMap(({ problems }) => problems);
    },
    get scannedAt() {
      const times = rounds.map(({ scannedAt }) => scannedAt);
      return times.includes(undefined)
        ? undefined
        : times.toSorted((one, other) => Number(one) - Number(other))[0];
    },
    read: (place, kind, fileName) => {
      const source = sources[place - directories.length];
      const { check, maximumBytes } = JSON_KINDS[kind];
      if (source) return readOssJson(source, kind, fileName, signal);
      return readJson(join(layouts[place]?.[kind] ?? '', fileName), check, maximumBytes);
    },
    unreadable() {
      const found = places.flatMap(({ reports, others }) => [reports, ...others]);
      const each = found.map((one) => ({ path: one.path, ...one.unreadable() }));
      return {
        count: each.reduce((sum, { count }) => sum + count, 0),
        files: each.flatMap(({ path, names }) => names.map((name) => `${path}/${name}`)).slice(0, NAMED),
      };
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
