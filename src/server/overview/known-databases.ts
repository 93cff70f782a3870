import type { RunningRun, UnreadableRun } from '../run-index/place-facts.ts';
import type { IndexedDrill, IndexedRun, RunIndex } from '../run-index/run-index.ts';
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

/** Puts together what belongs together, anew where the index has changed; `latest`: whatever began after is left out. */
export function keepKnownDatabases(index: RunIndex): (latest: number) => KnownDatabases {
  let groups: Groups | undefined;
  return (latest) => {
    if (groups?.revision !== index.revision) groups = groupsOf(index);
    return knownDatabases(index, groups, latest);
  };
}

interface Groups {
  readonly revision: number;
  readonly runs: ByDatabase<IndexedRun>;
  readonly drills: ByDatabase<IndexedDrill>;
  readonly running: ByDatabase<RunningRun>;
  readonly unreadable: ByDatabase<UnreadableRun>;
  readonly dumps: readonly (ReadonlySet<string> | undefined)[];
}

function groupsOf(index: RunIndex): Groups {
  const { revision, runs, drills, running, unreadable, dataFiles } = index;
  return {
    revision,
    runs: byDatabase(runs.items),
    drills: byDatabase(drills.items),
    running: byDatabase(running),
    unreadable: byDatabase(
      [...unreadable.values()].sort((one, other) => other.startedAt.getTime() - one.startedAt.getTime()),
    ),
    dumps: dataFiles.map((files) => files && runsWithDump(files)),
  };
}

/** For each place. */
type ByDatabase<T> = ReadonlyMap<number, ReadonlyMap<string, readonly T[]>>;

/** Without a text for each item that names both: there are a hundred thousand. */
function byDatabase<T extends { readonly place: number; readonly database: string }>(
  items: readonly T[],
): ByDatabase<T> {
  const places = [...Map.groupBy(items, ({ place }) => place)];
  return new Map(places.map(([place, here]) => [place, Map.groupBy(here, ({ database }) => database)]));
}

function knownDatabases(index: RunIndex, groups: Groups, latest: number): KnownDatabases {
  const of = <T>(all: ByDatabase<T>, place: number, database: string): readonly T[] =>
    all.get(place)?.get(database) ?? [];
  const { runs, drills, running, unreadable, dumps } = groups;
  return {
    of: (place, database = '') => ({
      runs: of(runs, place, database),
      drills: of(drills, place, database),
      running: of(running, place, database),
      unreadable: of(unreadable, place, database),
      dumps: dumps[place],
      find: (run) => index.find(place, run),
    }),
    all(place) {
      const named = [runs, unreadable].flatMap((all) => [...(all.get(place)?.keys() ?? [])]);
      return [...new Set(named)].flatMap(
        (database) => knownDatabase(of(runs, place, database), of(unreadable, place, database), latest) ?? [],
      );
    },
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
