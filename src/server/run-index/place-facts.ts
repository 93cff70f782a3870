import { isDeepStrictEqual } from 'node:util';
import { parseRunName } from '../../backup/run-name.ts';
import type { Surroundings } from './surroundings.ts';

/** A run whose report or record is there, and cannot be used: only its name tells of it. */
export interface UnreadableRun {
  readonly place: number;
  readonly run: string;
  readonly database: string;
  readonly startedAt: Date;
}

/** A run that is marked as under way, or was killed. */
export interface RunningRun extends UnreadableRun {
  /** `host:port`; undefined where the mark does not tell. */
  readonly server: string | undefined;
}

/** What lies in `running/`. */
export type Mark = Pick<RunningRun, 'run' | 'server'>;

/** What is known of each place apart from its runs and drills. */
export interface PlaceFacts {
  readonly running: readonly RunningRun[];
  /** The names below `data/` of each place; undefined where they cannot be listed. */
  readonly dataFiles: readonly (ReadonlySet<string> | undefined)[];
  /** Of each place; undefined where nothing is known of it. */
  readonly surroundings: readonly (Surroundings | undefined)[];
  /** By directory and file. */
  readonly unreadable: ReadonlyMap<string, UnreadableRun>;
  setRunning(place: number, marks: readonly Mark[]): void;
  setDataFiles(place: number, names: readonly string[] | undefined): void;
  setSurroundings(place: number, surroundings: Surroundings): void;
  setUnreadable(place: number, kind: 'reports' | 'records', fileName: string, isUnreadable: boolean): void;
}

const SUFFIX = '.json';

/** Nothing is known yet. `changed` is called with every change that is worth telling of. */
export function createPlaceFacts(changed: () => void): PlaceFacts {
  let running: readonly RunningRun[] = [];
  const dataFiles: (ReadonlySet<string> | undefined)[] = [];
  const surroundings: (Surroundings | undefined)[] = [];
  const unreadable = new Map<string, UnreadableRun>();
  return {
    get running() {
      return running;
    },
    dataFiles,
    surroundings,
    unreadable,
    setRunning(place, marks) {
      const now = running.filter((one) => one.place === place);
      const found = marks.flatMap(({ run, server }) => {
        const named = namedRun(place, run);
        return named ? [{ ...named, server }] : [];
      });
      if (isDeepStrictEqual(now, found)) return;
      running = [...running.filter((one) => one.place !== place), ...found];
      changed();
    },
    setDataFiles(place, names) {
      const before = dataFiles[place];
      const isSame =
        before === undefined || names === undefined
          ? before === names
          : before.size === names.length && names.every((name) => before.has(name));
      if (isSame) return;
      dataFiles[place] = names && new Set(names);
      changed();
    },
    setSurroundings(place, after) {
      const before = surroundings[place];
      surroundings[place] = after;
      // Free space changes all the time, and is nothing to tell of.
      if (!isDeepStrictEqual(before?.remembered, after.remembered)) changed();
    },
    setUnreadable(place, kind, fileName, isUnreadable) {
      const named = namedRun(place, fileName.slice(0, -SUFFIX.length));
      if (!named) return;
      const key = `${kind}/${place}/${fileName}`;
      if (isUnreadable) unreadable.set(key, named);
      else unreadable.delete(key);
      changed();
    },
  };
}

function namedRun(place: number, run: string): UnreadableRun | undefined {
  const identity = parseRunName(run);
  return identity && { place, run, database: identity.database, startedAt: identity.startedAt };
}
