import { join } from 'node:path';
import type { TargetContext } from '../backup/context.ts';
import { listRuns, type NamedRun, type RecordedRun, readRun } from '../backup/recorded-runs.ts';
import { parseRunName } from '../backup/run-name.ts';
import { markedRuns, readMarkedServer } from '../backup/running.ts';
import { type Layout, layoutOf } from '../files/layout.ts';
import { readRememberedDatabases } from '../report/database-names.ts';
import { scheduleEntries } from './entries.ts';
import { type BackupFacts, judgeFreshness, type Verdict } from './freshness.ts';
import {
  isOfLate,
  judgedDatabases,
  NONE_REMEMBERED,
  newSinceOf,
  type RememberedDatabases,
  rememberedFileName,
} from './judged-databases.ts';

/** So many failures in a row say enough: what is looked at must not grow with the years. */
const MAXIMUM_READ = 500;

/** Judges each database of a target, or the `only` one, by what lies in its directory; nothing is asked, and nothing written. */
export async function readFreshness(context: TargetContext, now: Date, only?: string): Promise<Verdict[]> {
  const { settings } = context;
  const [{ cron }] = scheduleEntries(context);
  const allowance = settings.BACKUP_JITTER_SECONDS * 1000 + settings.BACKUP_GRACE_MINUTES * 60_000;
  const layout = layoutOf(settings.BACKUP_BASE_DIR);
  // In this order: a run takes its mark away once its record is there.
  const marked = await readMarks(layout);
  const runs = await listRuns(layout, now);
  const runsByDatabase = Map.groupBy(runs, ({ database }): string | undefined => database);
  const remembered = await readRemembered(context, layout);
  const databases = only === undefined ? judgedDatabases(context, remembered, runs, now) : [only];
  const facts = await Promise.all(
    databases.map(async (database): Promise<BackupFacts[]> => {
      const own = runsByDatabase.get(database) ?? [];
      const underWay = marked.filter((run) => run.database === database);
      const found = await readFacts(layout, own, seriesOf(context), now);
      return found.map(({ server, ...each }) => ({
        ...{ database, server: found.length > 1 ? server : undefined, ...each },
        runningSince: underWay.find((run) => isOfServer(run, server))?.startedAt,
        newSince: newSinceOf(context, remembered, database),
      }));
    }),
  );
  return facts.flat().map((known) => judgeFreshness(known, cron, now, allowance));
}

/** `host:port` of the target, whose directory may hold the runs of other servers too; undefined where none is configured. */
export function seriesOf({ settings }: TargetContext): string | undefined {
  return settings.PG_HOST ? `${settings.PG_HOST}:${settings.PG_PORT}` : undefined;
}

/** Whether a run under way may be one of that server: a mark that does not tell may be of any. */
export function isOfServer(
  { server: own }: { readonly server: string | undefined },
  server: string | undefined,
): boolean {
  return own === undefined || server === undefined || own === server;
}

interface Mark {
  readonly database: string;
  readonly startedAt: Date;
  readonly server: string | undefined;
}

async function readMarks(layout: Layout): Promise<Mark[]> {
  const marks = (await markedRuns(layout)).map(async (name): Promise<Mark[]> => {
    const identity = parseRunName(name);
    return identity ? [{ ...identity, server: await readMarkedServer(layout, name) }] : [];
  });
  return (await Promise.all(marks)).flat();
}

async function readRemembered(context: TargetContext, layout: Layout): Promise<RememberedDatabases> {
  const path = join(layout.databases, rememberedFileName(context));
  return (await readRememberedDatabases(path)) ?? NONE_REMEMBERED;
}

type ReadFacts = Pick<BackupFacts, 'server' | 'succeededAt' | 'last' | 'runsSeen'>;

/** Of the given server; where none is given of each that had a run of late, or else of each that ever had one. */
async function readFacts(
  layout: Layout,
  runs: readonly NamedRun[],
  series: string | undefined,
  now: Date,
): Promise<ReadFacts[]> {
  const newest = new Map<string, { readonly last: RecordedRun; succeededAt: Date | undefined }>();
  for (const named of runs.slice(0, MAXIMUM_READ)) {
    if (isEnough([...newest.values()], named, series, now)) break;
    const run = await readRun(layout, named);
    if (!run || (series !== undefined && run.series !== series)) continue;
    const known = newest.get(run.series);
    if (known === undefined) newest.set(run.series, { last: run, succeededAt: successOf(run) });
    else known.succeededAt ??= successOf(run);
  }
  const found = [...newest].sort(([one], [other]) => (one < other ? -1 : 1));
  const isRecent = ([, { last }]: (typeof found)[number]): boolean => isOfLate(last.startedAt, now);
  const judged = found.some(isRecent) ? found.filter(isRecent) : found;
  const seen = runs.length > MAXIMUM_READ ? { runsSeen: MAXIMUM_READ } : {};
  if (judged.length === 0) return [{ server: series, succeededAt: undefined, last: undefined, ...seen }];
  return judged.map(([server, { last, succeededAt }]) => ({
    ...{ server, succeededAt, last, ...(succeededAt === undefined && seen) },
  }));
}

/** Once the newest success of each server is found, and no other server may come. */
function isEnough(
  known: readonly { readonly last: RecordedRun; readonly succeededAt: Date | undefined }[],
  next: NamedRun,
  series: string | undefined,
  now: Date,
): boolean {
  if (known.length === 0 || known.some(({ succeededAt }) => succeededAt === undefined)) return false;
  if (series !== undefined) return true;
  return !isOfLate(next.startedAt, now) && known.some(({ last }) => isOfLate(last.startedAt, now));
}

function successOf(run: RecordedRun): Date | undefined {
  return run.isSuccess ? run.startedAt : undefined;
}
