import { join } from 'node:path';
import {
  ensureDirectory,
  PRIVATE_FILE_MODE,
  PUBLIC_DIRECTORY_MODE,
  writeDurably,
} from '../files/durable-files.ts';
import type { Layout } from '../files/layout.ts';
import { readJson } from '../report/directory.ts';
import { compileSchema } from '../schema.ts';

interface Attempts {
  readonly dueAt: string;
  readonly count: number;
}

const MAXIMUM_BYTES = 1024;
const check = compileSchema({
  type: 'object',
  properties: { dueAt: { type: 'string' }, count: { type: 'integer' } },
  required: ['dueAt', 'count'],
});

/** How often the drill of that time was begun. A drill that is killed leaves no record, so that this must be known otherwise. */
export async function drillAttempts(
  layout: Layout,
  target: string | undefined,
  dueAt: Date,
): Promise<number> {
  const attempts = await readJson<Attempts>(fileOf(layout, target), check, MAXIMUM_BYTES);
  return attempts?.dueAt === dueAt.toISOString() ? attempts.count : 0;
}

/** Notes that the drill of that time is begun. */
export async function noteDrillAttempt(
  layout: Layout,
  target: string | undefined,
  dueAt: Date,
): Promise<void> {
  const attempts: Attempts = {
    dueAt: dueAt.toISOString(),
    count: (await drillAttempts(layout, target, dueAt)) + 1,
  };
  await ensureDirectory(layout.drills, PUBLIC_DIRECTORY_MODE);
  await writeDurably(fileOf(layout, target), `${JSON.stringify(attempts)}\n`, PRIVATE_FILE_MODE);
}

/** Hidden, and no `.json`: it is none of the records. */
function fileOf(layout: Layout, target = ''): string {
  return join(layout.drills, `.attempts_${target}`);
}
