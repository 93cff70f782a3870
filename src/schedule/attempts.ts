import { join } from 'node:path';
import {
  ensureDirectory,
  PRIVATE_FILE_MODE,
  PUBLIC_DIRECTORY_MODE,
  writeDurably,
} from '../files/durable-files.ts';
import { layoutOf } from '../files/layout.ts';
import { readJson } from '../report/directory.ts';
import { compileSchema } from '../schema.ts';
import type { ScheduleEntry } from './entries.ts';

type Owner = Pick<ScheduleEntry, 'context' | 'kind'>;

/** What is known of the work that leaves no record: a drill that is killed, and every verification. */
export interface Attempts {
  /** The time of the schedule that was begun last, and how often. */
  readonly dueAt: string;
  readonly count: number;
  /** The last one that came to its end, whatever it came to. */
  readonly servedAt?: string;
}

const MAXIMUM_BYTES = 1024;
const check = compileSchema({
  type: 'object',
  properties: { dueAt: { type: 'string' }, count: { type: 'integer' }, servedAt: { type: 'string' } },
  required: ['dueAt', 'count'],
});

/** undefined where nothing was ever begun. */
export async function readAttempts(entry: Owner): Promise<Attempts | undefined> {
  return readJson<Attempts>(placeOf(entry).path, check, MAXIMUM_BYTES);
}

/** How often the work of that time was begun. */
export function timesBegun(attempts: Attempts | undefined, dueAt: Date): number {
  return attempts?.dueAt === dueAt.toISOString() ? attempts.count : 0;
}

/** Notes that the work of that time is begun. */
export async function noteBegun(entry: Owner, dueAt: Date): Promise<void> {
  const before = await readAttempts(entry);
  await write(entry, { ...before, dueAt: dueAt.toISOString(), count: timesBegun(before, dueAt) + 1 });
}

/** Notes that the work of that time has ended by itself. */
export async function noteServed(entry: Owner, dueAt: Date): Promise<void> {
  const before = await readAttempts(entry);
  const time = dueAt.toISOString();
  await write(entry, { dueAt: time, count: 1, ...before, servedAt: time });
}

async function write(entry: Owner, attempts: Attempts): Promise<void> {
  const { directory, path } = placeOf(entry);
  await ensureDirectory(directory, PUBLIC_DIRECTORY_MODE);
  await writeDurably(path, `${JSON.stringify(attempts)}\n`, PRIVATE_FILE_MODE);
}

/** Hidden, and no `.json`: it is none of the records. */
function placeOf({ context, kind }: Owner): { directory: string; path: string } {
  const { drills, records } = layoutOf(context.settings.BACKUP_BASE_DIR);
  const target = context.target ?? '';
  return kind === 'drill'
    ? { directory: drills, path: join(drills, `.attempts_${target}`) }
    : { directory: records, path: join(records, `.${kind}_${target}`) };
}
