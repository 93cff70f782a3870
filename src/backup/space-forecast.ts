import { planRetention, type RetentionPolicy, type RetentionRun } from './retention.ts';

/** A run that has files below `data/`. */
export interface SpaceRun extends RetentionRun {
  /** Of the dump. */
  readonly sizeBytes: number;
}

export interface SpaceForecast {
  /** What the next run of every database needs together. */
  readonly nextBytes: number;
  /** How many runs it was learnt from. */
  readonly runs: number;
  readonly growthBytesPerDay: number;
  /** Until a run finds no room, retention included; undefined where that lies beyond the horizon. */
  readonly daysLeft: number | undefined;
  /** How far it looks ahead. */
  readonly horizonDays: number;
}

export interface SpaceOptions {
  readonly freeBytes: number;
  readonly policy: RetentionPolicy;
  /** False in mode oss: a dump is gone once its upload is confirmed. */
  readonly keepsFiles: boolean;
  readonly now: Date;
}

/** Runs that are longer ago say little about the next one. */
const LEARNT_FROM = 10;
const DAY_MILLISECONDS = 24 * 60 * 60 * 1000;
const SHORTEST_INTERVAL_MILLISECONDS = 60 * 60 * 1000;
const HORIZON_DAYS = 90;
/** Of all databases together: a schedule of every hour is not simulated for a season. */
const MOST_STEPS = 400;

/**
 * Goes on as the good runs of each database did (their interval, their growth), removes what retention would, and tells when the disk is full.
 * Pure; undefined where there is no good run to learn from. Each element of `histories` is one database.
 */
export function forecastSpace(
  histories: readonly (readonly SpaceRun[])[],
  { freeBytes, policy, keepsFiles, now }: SpaceOptions,
): SpaceForecast | undefined {
  const series = histories.flatMap((runs) => learn(runs, now) ?? []);
  if (series.length === 0) return undefined;
  const sum = (figure: (one: Series) => number): number =>
    series.reduce((total, one) => total + figure(one), 0);
  const nextBytes = sum((one) => sizeAt(one, 1));
  const horizonDays = horizonOf(series);
  const known = {
    nextBytes,
    runs: sum(({ learnt }) => learnt),
    growthBytesPerDay: sum(({ growth }) => growth),
    horizonDays,
  };
  if (!keepsFiles) return { ...known, daysLeft: nextBytes > freeBytes ? 0 : undefined };
  return { ...known, daysLeft: simulate(series, { freeBytes, policy, now, horizonDays }) };
}

/** How the backups of one database go. */
interface Series {
  readonly runs: readonly SpaceRun[];
  readonly learnt: number;
  readonly newestBytes: number;
  readonly intervalMilliseconds: number;
  /** Bytes a day; never negative, because a database that shrank may grow again. */
  readonly growth: number;
}

function learn(runs: readonly SpaceRun[], now: Date): Series | undefined {
  const all = runs
    .filter((run) => run.isGood && run.startedAt <= now)
    .toSorted((a, b) => a.startedAt.getTime() - b.startedAt.getTime());
  const good = all.slice(-LEARNT_FROM);
  const [oldest, newest] = [all[0], all.at(-1)];
  if (!oldest || !newest) return undefined;
  const times = good.map(({ startedAt }) => startedAt.getTime());
  const known = { runs, learnt: good.length, newestBytes: newest.sizeBytes };
  // A few runs by hand are no schedule, and what they differ by is no trend.
  if (newest.startedAt.getTime() - oldest.startedAt.getTime() < DAY_MILLISECONDS)
    return { ...known, intervalMilliseconds: DAY_MILLISECONDS, growth: 0 };
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  const points = good.map(
    ({ sizeBytes }, index) => [(times[index] ?? 0) / DAY_MILLISECONDS, sizeBytes] as const,
  );
  return {
    ...known,
    intervalMilliseconds: Math.max(median(gaps) ?? DAY_MILLISECONDS, SHORTEST_INTERVAL_MILLISECONDS),
    growth: Math.max(0, slope(points)),
  };
}

/** Of the run that comes so many runs after the newest. */
function sizeAt({ newestBytes, growth, intervalMilliseconds }: Series, step: number): number {
  return Math.round(newestBytes + (growth * intervalMilliseconds * step) / DAY_MILLISECONDS);
}

function horizonOf(series: readonly Series[]): number {
  const runsPerDay = series.reduce((sum, one) => sum + DAY_MILLISECONDS / one.intervalMilliseconds, 0);
  return Math.max(1, Math.min(HORIZON_DAYS, Math.floor(MOST_STEPS / runsPerDay)));
}

function simulate(
  series: readonly Series[],
  options: Pick<SpaceOptions, 'freeBytes' | 'policy' | 'now'> & { readonly horizonDays: number },
): number | undefined {
  const { policy, now, horizonDays } = options;
  let free = options.freeBytes;
  const kept = new Map(series.map((one) => [one, [...one.runs]]));
  for (const { one, step, time } of comingRuns(series, now, horizonDays)) {
    const sizeBytes = sizeAt(one, step);
    if (sizeBytes > free) return Math.floor((time - now.getTime()) / DAY_MILLISECONDS);
    const runs = [...(kept.get(one) ?? []), comingRun(one, step, time, sizeBytes)];
    const decisions = planRetention(runs, policy, new Date(time));
    const removed = decisions.filter(({ action }) => action === 'remove');
    free += removed.reduce((sum, { run }) => sum + run.sizeBytes, 0) - sizeBytes;
    kept.set(
      one,
      decisions.filter(({ action }) => action === 'keep').map(({ run }) => run),
    );
  }
  return undefined;
}

/** In the order of time; the first of each database is due now at the latest: a check asks what happens next. */
function comingRuns(
  series: readonly Series[],
  now: Date,
  horizonDays: number,
): { readonly one: Series; readonly step: number; readonly time: number }[] {
  const end = now.getTime() + horizonDays * DAY_MILLISECONDS;
  return series
    .flatMap((one) => {
      const count = Math.floor((end - now.getTime()) / one.intervalMilliseconds) + 1;
      return Array.from({ length: count }, (_nothing, index) => ({
        one,
        step: index + 1,
        time: now.getTime() + index * one.intervalMilliseconds,
      }));
    })
    .toSorted((a, b) => a.time - b.time);
}

function comingRun({ runs }: Series, step: number, time: number, sizeBytes: number): SpaceRun {
  const series = runs.findLast(({ isGood }) => isGood)?.series ?? '';
  const startedAt = new Date(time);
  return {
    name: `coming-${step}`,
    startedAt,
    series,
    isGood: true,
    awaitsUpload: false,
    isRunning: false,
    sizeBytes,
  };
}

function median(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
}

/** Of the line that lies closest to the points (least squares); 0 for fewer than three, which show no trend. */
function slope(points: readonly (readonly [x: number, y: number])[]): number {
  if (points.length < 3) return 0;
  const mean = (axis: 0 | 1): number => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  if (spread === 0) return 0;
  return points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread;
}
