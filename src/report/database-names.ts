import { dirname } from 'node:path';
import {
  ensureDirectory,
  PUBLIC_DIRECTORY_MODE,
  PUBLIC_FILE_MODE,
  writeDurably,
} from '../files/durable-files.ts';
import { compileSchema } from '../schema.ts';
import { readJson } from './directory.ts';

interface DatabaseNames {
  readonly version: 1;
  readonly foundAt: string;
  readonly databases: readonly string[];
}

const MAXIMUM_BYTES = 16 * 1024 * 1024;

const check = compileSchema({
  type: 'object',
  properties: { version: { const: 1 }, databases: { type: 'array', items: { type: 'string' } } },
  required: ['version', 'databases'],
});

/** Remembers which databases a server has. */
export async function writeDatabaseNames(
  path: string,
  databases: readonly string[],
  foundAt: Date,
): Promise<void> {
  const names: DatabaseNames = { version: 1, foundAt: foundAt.toISOString(), databases };
  await ensureDirectory(dirname(path), PUBLIC_DIRECTORY_MODE);
  await writeDurably(path, `${JSON.stringify(names, undefined, 2)}\n`, PUBLIC_FILE_MODE);
}

/** undefined where nothing is remembered, or it cannot be read. */
export async function readDatabaseNames(path: string): Promise<string[] | undefined> {
  const names = await readJson<DatabaseNames>(path, check, MAXIMUM_BYTES);
  return names && [...names.databases];
}
