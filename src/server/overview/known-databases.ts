import type { UnreadableRun } from '../run-index/place-facts.ts';
import type { IndexedRun, RunIndex } from '../run-index/run-index.ts';
import { serverOf } from '../run-index/views.ts';
import type { Known } from './database-overview.ts';
import { runsWithDump } from './still-there.ts';

/** What the index knows, by place and database. */
export interface KnownDatabases {
  of(place: number, database: string | undefined): Omit<Known, 'newSince'>;
  /** Of every database that a run, or the name of an unreadable one, tells of: when the newest of it began, and which servers had it when. */
  all(place: number): readonly KnownDatabase[];
}

export interface KnownDatabase {
  readonly place: number;
  readonly database: string;
  readonly startedAt: number;
  /** The start of the newest run of each server; empty where no run can be read. */
  readonly servers: ReadonlyMap<string, number>;
}

/** Puts together what belongs together; `latest`: whatever began after is left out. */
export function knownDatabases(index: RunIndex, latest: number): KnownDatabases {
  const keyOf = ({ place, database }: { place: number; database: string }): string => `${place}/${database}`;
  const runs = Map.groupBy(index.runs.items, keyOf);
  const drills = Map.groupBy(index.drills.items, keyOf);
  const running = Map.groupBy(index.running, keyOf);
  const unreadable = Map.groupBy(
    [...index.unreadable.values()].sort((one, other) => other.startedAt.getTime() - one.startedAt.getTime()),
    keyOf,
  );
  const all = Map.groupBy(
    [...new Set([...runs.keys(), ...unreadable.keys()])].flatMap(
      (key) => knownDatabase(runs.get(key) ?? [], unreadable.get(key) ?? [], latest) ?? [],
    ),
    ({ place }) => place,
  );
  const dumps = index.dataFiles.map((files) => files && runsWithDump(files));
  return {
    of(place, database) {
      const key = database === undefined ? '' : keyOf({ place, database });
      return {
        runs: runs.get(key) ?? [],
        drills: drills.get(key) ?? [],
        running: running.get(key) ?? [],
        unreadable: unreadable.get(key) ?? [],
        dumps: dumps[place],
        find: (run) => index.find(place, run),
      };
    },
    all: (place) => all.get(place) ?? [],
  };
}

/** undefined where nothing but the future tells of it. */
function knownDatabase(
  runs: readonly IndexedRun[],
  unreadable: readonly UnreadableRun[],
  latest: number,
): KnownDatabase | undefined {
  const servers = new Map<string, number>();
  let newest: IndexedRun | undefined;
  for (const run of runs) {
    if (run.startedAt > latest || !run.isNamed) continue;
    newest ??= run;
    if (!servers.has(serverOf(run))) servers.set(serverOf(run), run.startedAt);
  }
  const unread = unreadable.find(({ startedAt }) => startedAt.getTime() <= latest);
  const found = newest ?? unread;
  if (!found) return undefined;
  const startedAt = Math.max(newest?.startedAt ?? 0, unread?.startedAt.getTime() ?? 0);
  return { place: found.place, database: found.database, startedAt, servers };
}
