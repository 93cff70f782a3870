import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ensureDirectory,
  listDirectory,
  PRIVATE_DIRECTORY_MODE,
  PRIVATE_FILE_MODE,
  removeFiles,
  writeDurably,
} from '../files/durable-files.ts';
import { readJson } from '../report/directory.ts';
import { compileSchema } from '../schema.ts';

/** Far more than the names of the databases of any server. */
const MAXIMUM_BYTES = 16 * 1024 * 1024;

/** The same news has the same name: kind, target, databases and what befell them. */
export interface NewsName {
  /** `backup.failed`, … */
  readonly type: string;
  readonly target: string | null;
  readonly subjects: readonly Subject[];
}

export interface Subject {
  readonly database: string;
  readonly host: string;
  readonly port: number;
  /** Of its error; empty where there is none. */
  readonly code: string;
}

/** When news was told the last time, and how often it was held back since. */
export interface Told extends NewsName {
  readonly version: 1;
  readonly toldAt: string;
  readonly heldBack: number;
}

/** Longer than news can be held back (NOTIFY_INTERVAL_MINUTES). */
const KEPT_MILLISECONDS = 30 * 24 * 60 * 60 * 1000;

/** The account of this news; undefined where there is none that can be read. */
export async function recall(directory: string, news: NewsName): Promise<Told | undefined> {
  return readTold(join(directory, fileName(news)));
}

/** Writes the account of this news, and removes those that nobody needs any more. */
export async function remember(directory: string, told: Told, now: Date): Promise<void> {
  await ensureDirectory(directory, PRIVATE_DIRECTORY_MODE);
  const path = join(directory, fileName(told));
  await writeDurably(path, `${JSON.stringify(told, undefined, 2)}\n`, PRIVATE_FILE_MODE);
  for (const { path: other, modifiedAt } of await toldFiles(directory)) {
    if (now.getTime() - modifiedAt.getTime() > KEPT_MILLISECONDS) await removeFiles([other]);
  }
}

/** Forgets every account that `isOver` picks, so that the same news is told at once when it comes again. */
export async function forget(directory: string, isOver: (told: Told) => boolean): Promise<void> {
  for (const { path } of await toldFiles(directory)) {
    const told = await readTold(path);
    if (told !== undefined && isOver(told)) await removeFiles([path]);
  }
}

/** Also what a killed write left. */
async function toldFiles(directory: string): Promise<{ path: string; modifiedAt: Date }[]> {
  const files: { path: string; modifiedAt: Date }[] = [];
  for (const entry of await listDirectory(directory)) {
    if (!entry.isFile() || !FILE_NAME.test(entry.name)) continue;
    const path = join(directory, entry.name);
    // Another process may have removed it meanwhile.
    const facts = await stat(path).catch(() => undefined);
    if (facts !== undefined) files.push({ path, modifiedAt: facts.mtime });
  }
  return files;
}

/** undefined whatever is wrong with it: telling once too often is better than not at all. */
async function readTold(path: string): Promise<Told | undefined> {
  return readJson<Told>(path, problemsOf, MAXIMUM_BYTES);
}

const FILE_NAME = /^[0-9a-f]{32}\.json(\.\d+)?$/;

function fileName({ type, target, subjects }: NewsName): string {
  const ordered = subjects
    .map(({ host, port, database, code }) => JSON.stringify([host, port, database, code]))
    .sort();
  const hash = createHash('sha256')
    .update(JSON.stringify([type, target, ordered]))
    .digest('hex');
  return `${hash.slice(0, 32)}.json`;
}

const TEXT = { type: 'string' };
const COUNT = { type: 'integer', minimum: 0 };

const problemsOf = compileSchema({
  type: 'object',
  properties: {
    version: { const: 1 },
    type: TEXT,
    target: { anyOf: [TEXT, { type: 'null' }] },
    toldAt: TEXT,
    heldBack: COUNT,
    subjects: {
      type: 'array',
      items: {
        type: 'object',
        properties: { database: TEXT, host: TEXT, port: COUNT, code: TEXT },
        required: ['database', 'host', 'port', 'code'],
      },
    },
  },
  required: ['version', 'type', 'target', 'subjects', 'toldAt', 'heldBack'],
});
