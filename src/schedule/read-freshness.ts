import type { TargetContext } from '../backup/context.ts';
import { knownDatabases } from '../backup/databases.ts';
import { listRuns, type NamedRun, type RecordedRun, readRun } from '../backup/recorded-runs.ts';
import { parseRunName } from '../backup/run-name.ts';
import { markedRuns } from '../backup/running.ts';
import { type Layout, layoutOf } from '../files/layout.ts';
import { databaseNamesPath, readNewDatabases } from '../report/database-names.ts';
import { scheduleEntries } from './entries.ts';
import { type BackupFacts, judgeFreshness, type Verdict } from './freshness.ts';

const DAY = 24 * 60 * 60 * 1000;
/** How long a database that is configured nowhere counts as one of ours. */
const REMEMBERED_MILLISECONDS = 30 * DAY;
/** So many failures in a row say enough: what is looked at must not grow with the years. */
const MAXIMUM_READ = 500;

/** Judges each database of a target, or the `only` one, by what lies in its directory; nothing is asked, and nothing written. */
export async function readFreshness(context: TargetContext, now: Date, only?: string): Promise<Verdict[]> {
  const { settings } = context;
  const [{ cron }] = scheduleEntries(context);
  const allowance = settings.BACKUP_JITTER_SECONDS * 1000 + settings.BACKUP_GRACE_MINUTES * 60_000;
  const layout = layoutOf(settings.BACKUP_BASE_DIR);
  // In this order: a run takes its mark away once its record is there.
  const marked = await markedRuns(layout);
  const runs = await listRuns(layout, now);
  const runsByDatabase = Map.groupBy(runs, ({ database }): string | undefined => database);
  const databases = only === undefined ? await databasesOf(context, runs, now) : [only];
  const newSince = await readNewSince(context, layout);
  const facts = await Promise.all(
    databases.map(async (database): Promise<BackupFacts> => {
      const own = runsByDatabase.get(database) ?? [];
      const found = await readFacts(layout, database, own, seriesOf(context), marked);
      return { ...found, newSince: database === undefined ? undefined : newSince.get(database) };
    }),
  );
  return facts.map((known) => judgeFreshness(known, cron, now, allowance));
}

/** `host:port` of the target, whose directory may hold the runs of other servers too; undefined where none is configured. */
export function seriesOf({ settings }: TargetContext): string | undefined {
  return settings.PG_HOST ? `${settings.PG_HOST}:${settings.PG_PORT}` : undefined;
}

/** Only a server that is asked for its databases can have new ones. */
async function readNewSince(
  { settings, target }: TargetContext,
  layout: Layout,
): Promise<ReadonlyMap<string, Date>> {
  const { PG_HOST: host, PG_PORT: port, PG_DATABASE, PG_DATABASES } = settings;
  if (PG_DATABASE !== undefined || !PG_DATABASES?.includes('*')) return new Map();
  return readNewDatabases(databaseNamesPath(layout, { target, host, port }));
}

/** Those that are configured or remembered, else those that had a run of late; undefined for all of them where none is known. */
export async function databasesOf(
  context: TargetContext,
  runs: Iterable<Pick<NamedRun, 'database' | 'startedAt'>>,
  now: Date,
): Promise<(string | undefined)[]> {
  const known = await knownDatabases(context);
  if (known.length > 0) return known;
  const since = now.getTime() - REMEMBERED_MILLISECONDS;
  const names = new Set<string>();
  for (const { database, startedAt } of runs) if (startedAt.getTime() >= since) names.add(database);
  return names.size > 0 ? [...names].sort() : [undefined];
}

async function readFacts(
  layout: Layout,
  database: string | undefined,
  runs: readonly NamedRun[],
  series: string | undefined,
  marked: readonly string[],
): Promise<BackupFacts> {
  const underWay = marked
    .flatMap((name) => parseRunName(name) ?? [])
    .filter((run) => run.database === database);
  let last: RecordedRun | undefined;
  for (const named of runs.slice(0, MAXIMUM_READ)) {
    const run = await readRun(layout, named);
    if (!run || (series !== undefined && run.series !== series)) continue;
    last ??= run;
    if (!run.isSuccess) continue;
    return { database, succeededAt: run.startedAt, last, runningSince: underWay[0]?.startedAt };
  }
  return {
    ...{ database, succeededAt: undefined, last, runningSince: underWay[0]?.startedAt },
    ...(runs.length > MAXIMUM_READ && { runsSeen: MAXIMUM_READ }),
  };
}
