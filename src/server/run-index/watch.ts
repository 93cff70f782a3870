import { type FSWatcher, watch } from 'node:fs';
import type { FollowedDirectory } from './follow-directory.ts';
import type { Place } from './follow-place.ts';

/** The file system says that something has happened to a name. */
export interface Sighting {
  readonly place: Place;
  /** undefined: the marks. */
  readonly directory: FollowedDirectory | undefined;
  readonly name: string;
}

export interface Watchers {
  /** Watches also what has come since. */
  renew(): void;
  close(): void;
}

/** Watches the directories of the places, as far as they are there and their file system tells. */
export function createWatchers(places: readonly Place[], look: (sighting: Sighting) => void): Watchers {
  const watchers = new Map<string, FSWatcher>();
  const begin = (path: string, onName: (name: string) => void): void => {
    if (watchers.has(path)) return;
    try {
      const watcher = watch(path, { persistent: false }, (_event, name) => {
        if (name !== null) onName(name);
      });
      const end = (): void => {
        watcher.close();
        watchers.delete(path);
      };
      watcher.on('error', end);
      watchers.set(path, watcher);
    } catch {
      // It is not there, or cannot be watched: the looks at everything find out.
    }
  };
  return {
    renew() {
      for (const place of places) {
        for (const directory of [place.reports, ...place.others])
          begin(directory.path, (name) => look({ place, directory, name }));
        begin(place.layout.running, (name) => look({ place, directory: undefined, name }));
      }
    },
    close() {
      for (const watcher of watchers.values()) watcher.close();
    },
  };
}

const GATHER_MILLISECONDS = 50;

/** Looks at what is sighted, once for many sightings of the same, one after the other. */
export function createLooker(
  look: (sighting: Sighting) => Promise<void>,
  done: () => void,
): (sighting: Sighting) => void {
  const waiting = new Map<string, Sighting>();
  let isBusy = false;
  const work = async (): Promise<void> => {
    while (waiting.size > 0) {
      const sightings = [...waiting.values()];
      waiting.clear();
      for (const sighting of sightings) await look(sighting);
      done();
    }
    isBusy = false;
  };
  return (sighting) => {
    waiting.set(`${sighting.directory?.path}/${sighting.name}`, sighting);
    if (isBusy) return;
    isBusy = true;
    setTimeout(() => void work(), GATHER_MILLISECONDS).unref();
  };
}
