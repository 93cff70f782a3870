import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { hasErrorCode, onDisk } from '../../files/storage-error.ts';
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
}

/** Of each of a hundred thousand files: kept flat. */
interface FileState {
  /** -1: nothing is known that could be relied on. */
  sizeBytes: number;
  modifiedAt: number;
  inode: number;
  isUnreadable: boolean;
  isUsed: boolean;
  /** The number of the last scan that has seen it. */
  seen: number;
}

const SUFFIX = '.json';
const NAMED = 20;
const PORTION = 1024;

export function followDirectory<Facts>(options: DirectoryOptions<Facts>): FollowedDirectory {
  const { path, kind, factsOf, onChange } = options;
  const files = new Map<string, FileState>();
  let isKnown = false;
  let scans = 0;

  const take = (name: string, reading: Reading): void => {
    const before = files.get(name);
    if (before) before.seen = scans;
    if (reading === 'same') return;
    if (reading === 'gone') {
      files.delete(name);
      if (before?.isUsed) onChange(name, undefined);
      return;
    }
    const run = name.slice(0, -SUFFIX.length);
    const facts = reading.value === undefined ? undefined : factsOf(reading.value, run);
    // What is being written just now is left as it was.
    const isUsed = facts !== undefined || before?.isUsed === true;
    const { sizeBytes = -1, modifiedAt = 0, inode = 0 } = reading.stamp ?? {};
    const isUnreadable = facts === undefined;
    files.set(name, { sizeBytes, modifiedAt, inode, isUnreadable, isUsed, seen: scans });
    if (facts !== undefined) onChange(name, facts);
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
      let count = 0;
      const names: string[] = [];
      for (const [name, { isUnreadable }] of files) {
        if (!isUnreadable) continue;
        count += 1;
        if (names.length < NAMED) names.push(name);
      }
      return { count, names };
    },
    async scan(sliceMilliseconds, signal) {
      scans += 1;
      const now = (name: string): void => take(name, readNow(join(path, name), knownOf(name), kind));
      const later = async (name: string): Promise<void> =>
        take(name, await readLater(join(path, name), knownOf(name), kind));
      await listNames(path, async (names, others) => {
        // Not even touched: to open a device may do something.
        for (const name of others) take(name, { stamp: undefined });
        await visitAll(names, { now, later, sliceMilliseconds, signal });
      });
      if (signal.aborted) return;
      for (const [name, { seen }] of files) if (seen !== scans) take(name, 'gone');
      isKnown = true;
    },
    async look(name) {
      if (!name.endsWith(SUFFIX)) return;
      const known = knownOf(name);
      take(name, await readLater(join(path, name), known === NEW ? undefined : known, kind));
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
  await onDisk(path, async () => {
    try {
      for await (const entry of await opendir(path, { bufferSize: PORTION })) {
        if (entry.name.endsWith(SUFFIX)) (entry.isFile() ? names : others).push(entry.name);
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
