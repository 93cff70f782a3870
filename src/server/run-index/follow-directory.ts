import { opendir } from 'node:fs/promises';
import { fromDisk, hasErrorCode } from '../../files/storage-error.ts';
import { createFileTable } from './file-table.ts';
import { type JsonKind, type Known, NEW, type Reading, readLater, readNow } from './read-file.ts';
import { visitAll } from './visit.ts';

/** A directory of JSON files whose contents are kept up to date elsewhere. */
export interface FollowedDirectory {
  readonly path: string;
  /** How many cannot be used, or are used as they were before; and the names of some of them. */
  unreadable(): { readonly count: number; readonly names: readonly string[] };
  /** Whether it was listed once. */
  isKnown(): boolean;
  /** Looks at every file, and reads those that are new or have changed. Throws where the directory cannot be listed. */
  scan(sliceMilliseconds: number, signal: AbortSignal): Promise<void>;
  /** Looks at one file that is said to have changed. */
  look(name: string): Promise<void>;
}

export interface DirectoryOptions<Facts> {
  readonly path: string;
  readonly kind: JsonKind;
  /** undefined for what cannot be used after all. */
  readonly factsOf: (value: unknown, run: string) => Facts | undefined;
  /** undefined: it is gone. */
  readonly onChange: (fileName: string, facts: Facts | undefined) => void;
  /** Where it has changed whether the file can be used as it stands. */
  readonly onUnreadable?: (fileName: string, isUnreadable: boolean) => void;
}

const SUFFIX = '.json';
/** Stands where the bytes of a name are no UTF-8: under this name there is no file. */
const NOT_UTF8 = '\uFFFD';
const NAMED = 20;
const PORTION = 1024;

export function followDirectory<Facts>(options: DirectoryOptions<Facts>): FollowedDirectory {
  const { path, kind, factsOf, onChange, onUnreadable } = options;
  const files = createFileTable();
  let isKnown = false;
  let scans = 0;

  const take = (name: string, reading: Reading): void => {
    if (reading === 'same') {
      files.see(name, scans);
      return;
    }
    const before = files.get(name);
    if (reading === 'gone') {
      files.delete(name);
      if (before?.isUsed) onChange(name, undefined);
      if (before?.isUnreadable) onUnreadable?.(name, false);
      return;
    }
    const run = name.slice(0, -SUFFIX.length);
    const facts = reading.value === undefined ? undefined : factsOf(reading.value, run);
    // What is being written just now is left as it was.
    const isUsed = facts !== undefined || before?.isUsed === true;
    const { sizeBytes = -1, modifiedAt = 0, inode = 0 } = reading.stamp ?? {};
    const isUnreadable = facts === undefined;
    files.set(name, { sizeBytes, modifiedAt, inode, isUnreadable, isUsed }, scans);
    if (facts !== undefined) onChange(name, facts);
    if (isUnreadable !== (before?.isUnreadable ?? false)) onUnreadable?.(name, isUnreadable);
  };

  const knownOf = (name: string): Known => {
    const state = files.get(name);
    if (state === undefined) return NEW;
    return state.sizeBytes < 0 ? undefined : state;
  };

  return {
    path,
    isKnown: () => isKnown,
    unreadable() {
      const names = files.unreadable();
      return { count: names.length, names: names.slice(0, NAMED) };
    },
    async scan(sliceMilliseconds, signal) {
      scans += 1;
      const now = (name: string): void => take(name, readNow(`${path}/${name}`, knownOf(name), kind));
      const later = async (name: string): Promise<void> =>
        take(name, await readLater(`${path}/${name}`, knownOf(name), kind));
      await listNames(path, async (names, others) => {
        // Not even touched: to open a device may do something.
        for (const name of others) take(name, { stamp: undefined });
        await visitAll(names, { now, later, sliceMilliseconds, signal });
      });
      if (signal.aborted) return;
      for (const name of files.unseen(scans)) take(name, 'gone');
      isKnown = true;
    },
    async look(name) {
      if (!name.endsWith(SUFFIX) || name.includes(NOT_UTF8)) return;
      const known = knownOf(name);
      take(name, await readLater(`${path}/${name}`, known === NEW ? undefined : known, kind));
    },
  };
}

/** In portions: all names at once would be much for a moment. None where there is no such directory. */
async function listNames(
  path: string,
  visit: (names: string[], others: string[]) => Promise<void>,
): Promise<void> {
  let names: string[] = [];
  let others: string[] = [];
  await fromDisk(path, async () => {
    try {
      for await (const entry of await opendir(path, { bufferSize: PORTION })) {
        const isUsual = entry.isFile() && !entry.name.includes(NOT_UTF8);
        if (entry.name.endsWith(SUFFIX)) (isUsual ? names : others).push(entry.name);
        if (names.length < PORTION && others.length < PORTION) continue;
        await visit(names, others);
        names = [];
        others = [];
      }
    } catch (error) {
      if (!hasErrorCode(error, 'ENOENT')) throw error;
    }
  });
  await visit(names, others);
}
