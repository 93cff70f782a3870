import type { IndexedRun } from './run-index.ts';
import { type Compare, placeIn } from './sorted-list.ts';

/** Runs that filters cannot tell apart but by their database and their time, each group in order. */
export interface RunGroups {
  /**
   * The lists whose runs fit, of one database or of all; `fits` is asked of one run of each class. undefined where they are too many: then what is
   * looked for is not rare, and found sooner among all runs.
   */
  of(
    database: string | undefined,
    fits: (run: IndexedRun) => boolean,
  ): readonly (readonly IndexedRun[])[] | undefined;
  replace(before: IndexedRun | undefined, after: IndexedRun | undefined): void;
}

/** Somebody may write a hundred thousand servers into a directory. */
const MOST_CLASSES = 4096;
const MOST_LISTS = 256;

/** Puts runs that are in order into groups. `classOf`: the same for runs that `fits` never tells apart. */
export function createRunGroups(
  runs: readonly IndexedRun[],
  classOf: (run: IndexedRun) => string,
  compare: Compare<IndexedRun>,
): RunGroups {
  const classes = new Map<string, IndexedRun[]>();
  const databases = new Map<string, IndexedRun[]>();
  const listsOf = (run: IndexedRun): [Map<string, IndexedRun[]>, string][] => {
    const key = classOf(run);
    return [
      [classes, key],
      [databases, keyOf(key, run.database)],
    ];
  };
  for (const run of runs) {
    for (const [lists, key] of listsOf(run)) {
      const list = lists.get(key);
      if (list) list.push(run);
      else lists.set(key, [run]);
    }
  }
  const add = (run: IndexedRun): void => {
    for (const [lists, key] of listsOf(run)) {
      const list = lists.get(key) ?? [];
      list.splice(placeIn(list, run, compare), 0, run);
      lists.set(key, list);
    }
  };
  const remove = (run: IndexedRun): void => {
    for (const [lists, key] of listsOf(run)) {
      const list = lists.get(key) ?? [];
      const place = placeIn(list, run, compare);
      if (list[place] === run) list.splice(place, 1);
      if (list.length === 0) lists.delete(key);
    }
  };
  return {
    of(database, fits) {
      if (classes.size > MOST_CLASSES) return undefined;
      const found: (readonly IndexedRun[])[] = [];
      for (const [key, all] of classes) {
        const list = database === undefined ? all : databases.get(keyOf(key, database));
        const [first] = list ?? [];
        if (list && first && fits(first)) found.push(list);
      }
      return found.length > MOST_LISTS ? undefined : found;
    },
    replace(before, after) {
      if (before) remove(before);
      if (after) add(after);
    },
  };
}

function keyOf(key: string, database: string): string {
  return `${key}\u0000${database}`;
}
