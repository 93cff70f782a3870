import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { listDirectory } from '../../files/durable-files.ts';
import type { Layout } from '../../files/layout.ts';
import { type RememberedDatabases, readRememberedDatabases } from '../../report/database-names.ts';

/** What else there is to know of a directory, apart from runs. */
export interface Surroundings {
  /** undefined where the file system does not tell. */
  readonly freeBytes: number | undefined;
  /** What servers and targets had when they were asked for their databases, by the name of the file. */
  readonly remembered: ReadonlyMap<string, RememberedDatabases>;
}

/** One for each server or target. */
const MOST_FILES = 1_000;
const SUFFIX = '.json';

/** Looks at what no request must wait for. @throws PgBackupError STORAGE_FAILED where `databases/` cannot be listed */
export async function lookAtSurroundings(layout: Layout): Promise<Surroundings> {
  const space = await statfs(layout.base).catch(() => undefined);
  const entries = await listDirectory(layout.databases);
  const names = entries.map(({ name }) => name).filter((name) => name.endsWith(SUFFIX));
  const remembered = new Map<string, RememberedDatabases>();
  for (const name of names.slice(0, MOST_FILES)) {
    const found = await readRememberedDatabases(join(layout.databases, name));
    if (found) remembered.set(name, found);
  }
  return { freeBytes: space && space.bavail * space.bsize, remembered };
}
