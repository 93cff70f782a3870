import { CLOCK_DIFFERENCE_MILLISECONDS } from '../../backup/recorded-runs.ts';
import type { DatabaseOverview } from '../overview/database-overview.ts';
import type { Overview } from '../overview/overview.ts';
import type { IndexedDrill, IndexedRun, RunIndex } from '../run-index/run-index.ts';
import { isGood, serverOf } from '../run-index/views.ts';
import { dayAfter, startOfDay } from './days.ts';

export interface DayCount {
  readonly date: string;
  readonly good: number;
  readonly failed: number;
}

/** What one database did, the oldest first. */
export interface History {
  readonly runs: readonly IndexedRun[];
  /** Those that measured what a recovery takes. */
  readonly drills: readonly IndexedDrill[];
}

const MOST = 90;

/** How many runs of each day (in order, one after the other) were good and failed; of one database, or of all. */
export function countDays(
  { runs }: RunIndex,
  days: readonly string[],
  zone: string,
  one: DatabaseOverview | undefined,
): DayCount[] {
  const isOurs = one ? belongingTo(one) : () => true;
  const counts = days.map((date) => ({ date, good: 0, failed: 0 }));
  const begins = days.map((date) => startOfDay(date, zone) ?? 0);
  const end = startOfDay(dayAfter(days.at(-1) ?? ''), zone) ?? 0;
  let place = days.length - 1;
  for (const run of runs.items) {
    if (run.startedAt < (begins[0] ?? 0)) break;
    if (run.startedAt >= end || !isOurs(run)) continue;
    while (run.startedAt < (begins[place] ?? 0)) place -= 1;
    const count = counts[place];
    if (count) count[isGood(run) ? 'good' : 'failed'] += 1;
  }
  return counts;
}

/** The newest ninety runs and measured recoveries of a database; without what a wrong clock put into the future. */
export function historyOf(one: DatabaseOverview, index: RunIndex, now: Date): History {
  const latest = now.getTime() + CLOCK_DIFFERENCE_MILLISECONDS;
  const isOurs = belongingTo(one);
  const runs: IndexedRun[] = [];
  for (const run of index.runs.items) {
    if (runs.length >= MOST) break;
    if (run.startedAt <= latest && isOurs(run)) runs.push(run);
  }
  const drills = index.drills.items.filter(({ place, database, run, startedAt, recoverySeconds }) => {
    if (recoverySeconds === null || Date.parse(startedAt) > latest) return false;
    if (place !== one.place || database !== one.database) return false;
    const drilled = index.find(place, run);
    return drilled === undefined || isOurs(drilled);
  });
  return { runs: runs.reverse(), drills: drills.slice(0, MOST).reverse() };
}

function belongingTo({ place, database, server }: DatabaseOverview): (run: IndexedRun) => boolean {
  return (run) =>
    run.place === place && run.database === database && (server === undefined || serverOf(run) === server);
}

/** Keeps what is worked out from an overview for as long as that is shown. */
export function createKeeper(): <T>(overview: Overview, key: string, make: () => T) => T {
  const byOverview = new WeakMap<Overview, Map<string, unknown>>();
  return <T>(overview: Overview, key: string, make: () => T): T => {
    const kept = byOverview.get(overview) ?? new Map<string, unknown>();
    byOverview.set(overview, kept);
    if (!kept.has(key)) kept.set(key, make());
    // Nothing but what was made for this key is kept under it.
    return kept.get(key) as T;
  };
}
