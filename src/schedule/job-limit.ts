import type { TargetContext } from '../backup/context.ts';
import { knownDatabases } from '../backup/databases.ts';
import type { Settings } from '../config/settings.ts';
import type { Clock } from './clock.ts';
import type { JobKind } from './entries.ts';

type LimitSettings = Pick<Settings, 'BACKUP_TIMEOUT_MINUTES' | 'BACKUP_RETRIES' | 'BACKUP_PARALLEL'>;

const HOUR_MINUTES = 60;
const DAY_MINUTES = 24 * HOUR_MINUTES;
const MINUTE_MILLISECONDS = 60_000;
/** Of a job of the schedule that does not say so itself. */
export const RETRIES = 2;

/**
 * The last resort against a job that hangs, and more than one that does not can take. Each attempt at a backup has a deadline of its own, and an
 * hour is for what comes around them; a database that may take so long to back up may take as long to be drilled or verified, a day at least.
 */
export function jobLimitMinutes(kind: JobKind, settings: LimitSettings, databases: number): number {
  const { BACKUP_TIMEOUT_MINUTES: minutes, BACKUP_RETRIES: retries = RETRIES, BACKUP_PARALLEL } = settings;
  if (kind !== 'backup') return Math.max(DAY_MINUTES, minutes) * databases;
  const waitsMinutes = 2 ** retries - 1;
  const turns = Math.ceil(databases / BACKUP_PARALLEL);
  return ((1 + retries) * minutes + waitsMinutes) * turns + HOUR_MINUTES;
}

/**
 * Ends with how many hours that is when a job has reached its limit, with undefined once `signal` aborts. A job for all databases may find out only
 * in its course how many there are.
 */
export async function waitForLimit(
  { context, kind, database }: { context: TargetContext; kind: JobKind; database: string | undefined },
  clock: Clock,
  signal: AbortSignal,
): Promise<number | undefined> {
  let databases = 1;
  const count = async (): Promise<void> => {
    if (database === undefined) databases = Math.max(1, (await knownDatabases(context)).length);
  };
  // Nobody waits for it: the disk may be what hangs.
  void count();
  for (let minutes = 0; !signal.aborted; minutes += HOUR_MINUTES) {
    if (minutes === HOUR_MINUTES) void count();
    const leftMinutes = jobLimitMinutes(kind, context.settings, databases) - minutes;
    if (leftMinutes <= 0) return minutes / HOUR_MINUTES;
    // Timers hold no more than 24 days.
    await clock.wait(HOUR_MINUTES * MINUTE_MILLISECONDS, signal);
  }
  return undefined;
}
