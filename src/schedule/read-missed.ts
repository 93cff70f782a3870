import { knownDatabases } from '../backup/databases.ts';
import { layoutOf } from '../files/layout.ts';
import { readDrillRecords } from '../report/directory.ts';
import { drillAttempts } from './drill-attempts.ts';
import type { ScheduleEntry } from './entries.ts';
import { type Attempt, isMissed, MAXIMUM_BROKEN_OFF } from './missed-runs.ts';
import { seriesOf } from './read-freshness.ts';
import { listRuns, readRun } from './recorded-runs.ts';

export interface MissedWork {
  /** False where nothing at all is on record: a schedule that is new has missed nothing. */
  readonly hasHistory: boolean;
  /** The last time that was due and was not served; undefined where there is none. */
  readonly dueAt: Date | undefined;
}

const NOTHING: MissedWork = { hasHistory: true, dueAt: undefined };

/** What the records say of the last time at which the entry was due. A verification leaves none, so it counts as never missed. */
export async function readMissed(entry: ScheduleEntry, now: Date): Promise<MissedWork> {
  const dueAt = entry.cron.previous(now);
  if (dueAt === undefined || entry.kind === 'verify') return NOTHING;
  const attempts =
    entry.kind === 'backup' ? await backupAttempts(entry, dueAt, now) : await drillsSince(entry, dueAt);
  if (!attempts) return { hasHistory: false, dueAt: undefined };
  return { hasHistory: true, dueAt: isMissed(dueAt, attempts) ? dueAt : undefined };
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
async function drillsSince({ context }: ScheduleEntry, dueAt: Date): Promise<Attempts | undefined> {
  const layout = layoutOf(context.settings.BACKUP_BASE_DIR);
  const drills = [...(await readDrillRecords(layout.drills)).entries.values()];
  if (drills.length === 0) return undefined;
  const databases = await knownDatabases(context);
  // As for a backup that kills its container, but without a record for each that was killed.
  if ((await drillAttempts(layout, context.target, dueAt)) >= MAXIMUM_BROKEN_OFF) return new Map();
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
