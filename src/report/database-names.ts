import { dirname, join } from 'node:path';
import {
  ensureDirectory,
  PUBLIC_DIRECTORY_MODE,
  PUBLIC_FILE_MODE,
  writeDurably,
} from '../files/durable-files.ts';
import type { Layout } from '../files/layout.ts';
import { compileSchema } from '../schema.ts';
import { readJson } from './directory.ts';

interface DatabaseNames {
  readonly version: 1;
  readonly foundAt: string;
  readonly databases: readonly string[];
  /** When those were found that were not there from the first time on. */
  readonly newSince?: Readonly<Record<string, string>>;
}

const MAXIMUM_BYTES = 16 * 1024 * 1024;

const check = compileSchema({
  type: 'object',
  properties: {
    version: { const: 1 },
    databases: { type: 'array', items: { type: 'string' } },
    newSince: { type: 'object', additionalProperties: { type: 'string' } },
  },
  required: ['version', 'databases'],
});

/** What a server was found to have when it was asked for its databases. */
export interface RememberedDatabases {
  readonly databases: readonly string[];
  /** When those were found that came later. */
  readonly newSince: ReadonlyMap<string, Date>;
}

/** Whose databases they are: two targets may be one server with different databases. */
export interface NamesOwner {
  readonly target: string | undefined;
  readonly host: string | undefined;
  readonly port: number;
}

/** Where the databases of a server, or of a target, are remembered. */
export function databaseNamesPath({ databases }: Layout, { target, host = '', port }: NamesOwner): string {
  const name = target === undefined ? `${encoded(host)}_${port}` : `target_${encoded(target)}`;
  return join(databases, `${name}.json`);
}

function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll('.', '%2E');
}

/** Remembers which databases a server has, and since when those that came later. */
export async function writeDatabaseNames(
  path: string,
  databases: readonly string[],
  foundAt: Date,
): Promise<void> {
  const before = await readNames(path);
  const known = new Set(before?.databases ?? databases);
  const sinceBefore = new Map(Object.entries(before?.newSince ?? {}));
  const newSince = databases.flatMap((name): [string, string][] => {
    const since = known.has(name) ? sinceBefore.get(name) : foundAt.toISOString();
    return since === undefined ? [] : [[name, since]];
  });
  const names: DatabaseNames = {
    ...{ version: 1, foundAt: foundAt.toISOString(), databases },
    newSince: Object.fromEntries(newSince),
  };
  await ensureDirectory(dirname(path), PUBLIC_DIRECTORY_MODE);
  await writeDurably(path, `${JSON.stringify(names, undefined, 2)}\n`, PUBLIC_FILE_MODE);
}

/** undefined where nothing is remembered, or it cannot be read. */
export async function readRememberedDatabases(path: string): Promise<RememberedDatabases | undefined> {
  const names = await readNames(path);
  if (!names) return undefined;
  const newSince = Object.entries(names.newSince ?? {})
    .map(([name, since]): [string, Date] => [name, new Date(since)])
    .filter(([, since]) => !Number.isNaN(since.getTime()));
  return { databases: names.databases, newSince: new Map(newSince) };
}

function readNames(path: string): Promise<DatabaseNames | undefined> {
  return readJson<DatabaseNames>(path, check, MAXIMUM_BYTES);
}
