import { join } from 'node:path';
import { describeError } from '../errors.ts';
import { listDirectory } from '../files/durable-files.ts';
import { layoutOf } from '../files/layout.ts';
import { readJson } from '../report/directory.ts';
import { type SkipReason, type SkipRecord, writeSkip } from '../report/skip-record.ts';
import { compileSchema } from '../schema.ts';
import type { ScheduleEntry } from './entries.ts';

export interface SkipNote {
  readonly dueAt: Date;
  readonly skippedAt: Date;
  readonly reason: SkipReason;
  readonly detail: string;
}

/** Notes that nothing was done at a time of the schedule; where it cannot be written, that is logged. */
export async function writeSkipNote(
  { context, kind }: ScheduleEntry,
  { dueAt, skippedAt, reason, detail }: SkipNote,
): Promise<void> {
  const { settings, target, hostname, log, language } = context;
  const note: SkipRecord = {
    ...{ version: 1, kind, dueAt: dueAt.toISOString(), skippedAt: skippedAt.toISOString() },
    ...{ hostname, reason, detail },
    ...(target !== undefined && { target }),
  };
  try {
    await writeSkip(layoutOf(settings.BACKUP_BASE_DIR), note);
  } catch (error) {
    log('warn', 'SKIP_UNWRITABLE', { detail: describeError(error, language).message });
  }
}

/** The same, unless there is such a note already: every start finds out anew what was missed. */
export async function writeSkipNoteOnce(entry: ScheduleEntry, note: SkipNote): Promise<void> {
  if (!(await isNoted(entry, note))) await writeSkipNote(entry, note);
}

const MAXIMUM_BYTES = 64 * 1024;
const check = compileSchema({
  type: 'object',
  properties: { reason: { type: 'string' } },
  required: ['reason'],
});

async function isNoted({ context, kind }: ScheduleEntry, { dueAt, reason }: SkipNote): Promise<boolean> {
  const { skipped } = layoutOf(context.settings.BACKUP_BASE_DIR);
  // Their names begin with when they were written, which is after that.
  const first = `${kind}_${dueAt.toISOString().replaceAll(/[-:.]/g, '')}`;
  const entries = await listDirectory(skipped).catch(() => []);
  for (const { name } of entries) {
    if (!name.startsWith(`${kind}_`) || !name.endsWith('.json') || name < first) continue;
    const note = await readJson<SkipRecord>(join(skipped, name), check, MAXIMUM_BYTES);
    const isSame = note?.dueAt === dueAt.toISOString() && note.reason === reason;
    if (isSame && note.target === context.target) return true;
  }
  return false;
}
