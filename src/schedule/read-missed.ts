import { knownDatabases } from '../backup/databases.ts';
import { readOwnDrills } from '../backup/own-drills.ts';
import { listRuns, readRun } from '../backup/recorded-runs.ts';
import { layoutOf } from '../files/layout.ts';
import { readAttempts, timesBegun } from './attempts.ts';
import type { ScheduleEntry } from './entries.ts';
import { livingRuns } from './living-runs.ts';
import { type Attempt, MAXIMUM_BROKEN_OFF, missingDatabases } from './missed-runs.ts';
import { seriesOf } from './read-freshness.ts';

export interface MissedWork {
  /** False where nothing at all is on record: a schedule that is new has missed nothing. */
  readonly hasHistory: boolean;
  /** The last time that was due, where it was not served. */
  readonly dueAt?: Date;
  /** Where some were served and some were not: those that were not. */
  readonly databases?: readonly string[];
}

const NOTHING: MissedWork = { hasHistory: true };
const NO_HISTORY: MissedWork = { hasHistory: false };

/** What is known of the last time at which the entry was due. */
export async function readMissed(entry: ScheduleEntry, now: Date): Promise<MissedWork> {
  const dueAt = entry.cron.previous(now);
  if (dueAt === undefined) return NOTHING;
  if (entry.kind === 'verify') return missedVerification(entry, dueAt);
  const attempts =
    entry.kind === 'backup' ? await backupAttempts(entry, dueAt, now) : await drillsSince(entry, dueAt);
  if (!attempts) return NO_HISTORY;
  const databases = missingDatabases(dueAt, attempts);
  if (databases.length === 0) return NOTHING;
  return { hasHistory: true, dueAt, ...(databases.length < attempts.size && { databases }) };
}

async function missedVerification(entry: ScheduleEntry, dueAt: Date): Promise<MissedWork> {
  const attempts = await readAttempts(entry);
  if (!attempts) return NO_HISTORY;
  const isServed = attempts.servedAt !== undefined && new Date(attempts.servedAt) >= dueAt;
  return isServed || timesBegun(attempts, dueAt) >= MAXIMUM_BROKEN_OFF
    ? NOTHING
    : { hasHistory: true, dueAt };
}

type Attempts = ReadonlyMap<string, readonly Attempt[]>;

/** Of each database; undefined where no run of the target's server is on record. */
async function backupAttempts(
  { context }: ScheduleEntry,
  dueAt: Date,
  now: Date,
): Promise<Attempts | undefined> {
  const layout = layoutOf(context.settings.BACKUP_BASE_DIR);
  const series = seriesOf(context);
  const attempts = new Map((await knownDatabases(context)).map((name): [string, Attempt[]] => [name, []]));
  let hasHistory = false;
  // In this order: a run takes its mark away once its record is there.
  for (const run of await livingRuns(layout, dueAt, now)) {
    if (run.series === undefined || run.series === series) attempts.get(run.database)?.push(run);
  }
  for (const named of await listRuns(layout, now)) {
    const own = attempts.get(named.database);
    if (!own || (hasHistory && named.startedAt < dueAt)) continue;
    const run = await readRun(layout, named);
    if (!run || run.series !== series) continue;
    hasHistory = true;
    own.push(run);
  }
  return hasHistory ? attempts : undefined;
}

/** Of each database; undefined where there never was a drill. */
async function drillsSince(entry: ScheduleEntry, dueAt: Date): Promise<Attempts | undefined> {
  const { context } = entry;
  const drills = await readOwnDrills(context);
  if (drills.length === 0) return undefined;
  const databases = await knownDatabases(context);
  // As for a backup that kills its container, but without a record for each that was killed.
  if (timesBegun(await readAttempts(entry), dueAt) >= MAXIMUM_BROKEN_OFF) return new Map();
  return new Map(
    databases.map((database) => [
      database,
      drills
        .filter((drill) => drill.database === database)
        .map(({ startedAt, error }) => ({
          startedAt: new Date(startedAt),
          ...(error && { errorCode: error.code }),
        })),
    ]),
  );
}
