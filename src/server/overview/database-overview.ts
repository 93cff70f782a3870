import type { TargetContext } from '../../backup/context.ts';
import { CLOCK_DIFFERENCE_MILLISECONDS, type RecordedRun } from '../../backup/recorded-runs.ts';
import { parseRunName } from '../../backup/run-name.ts';
import type { ErrorCode } from '../../error-table.ts';
import { scheduleEntries } from '../../schedule/entries.ts';
import { judgeFreshness, type Verdict } from '../../schedule/freshness.ts';
import { seriesOf } from '../../schedule/read-freshness.ts';
import {
  type IndexedDrill,
  type IndexedRun,
  type RunIndex,
  type RunningRun,
  runNameOf,
} from '../run-index/run-index.ts';
import { isGood, serverOf } from '../run-index/views.ts';

/** What there is to know of the backups of one database. */
export interface DatabaseOverview {
  readonly context: TargetContext;
  readonly place: number;
  readonly database: string | undefined;
  readonly verdict: Verdict;
  /** The newest run that has ended. */
  readonly newest: IndexedRun | undefined;
  readonly newestGood: IndexedRun | undefined;
  /** The newest that a drill has restored and found equal. */
  readonly newestProven: IndexedRun | undefined;
  readonly newestDrill: IndexedDrill | undefined;
  /** The newest drill that restored something, and so measured what a recovery takes. */
  readonly measured: IndexedDrill | undefined;
  readonly running: RunningRun | undefined;
  readonly runs: number;
  /** Those whose files wait here for their upload. */
  readonly awaitingUpload: number;
  /** UNKNOWN: of runs that only a report tells of. */
  readonly failures: ReadonlyMap<FailureCode, number>;
  /** Of the files that are here; undefined where they cannot be listed. */
  readonly localBytes: number | undefined;
  /** Of the copies that records confirm, within the remote retention. */
  readonly remoteBytes: number;
  /** Those whose dump is here, newest first. */
  readonly present: readonly IndexedRun[];
}

export type FailureCode = ErrorCode | 'UNKNOWN';

const DAY = 24 * 60 * 60 * 1000;

/** Looks through the runs of one database of a target, newest first; those that a wrong clock put into the future are left out. */
export function overviewOf(
  context: TargetContext,
  place: number,
  database: string | undefined,
  index: RunIndex,
  runs: readonly IndexedRun[],
  now: Date,
): DatabaseOverview {
  const series = seriesOf(context);
  const latest = now.getTime() + CLOCK_DIFFERENCE_MILLISECONDS;
  const ours = runs.filter(
    (run) => run.startedAt <= latest && (series === undefined || serverOf(run) === series),
  );
  const drills = index.drills.items.filter((drill) => {
    if (drill.place !== place || drill.database !== database) return false;
    const run = index.find(place, drill.run);
    return series === undefined || run === undefined || serverOf(run) === series;
  });
  const running = index.running.find((run) => run.place === place && run.database === database);
  const named = ours.filter(({ isNamed }) => isNamed);
  const newestGood = named.find(isGood);
  const { settings } = context;
  const [{ cron }] = scheduleEntries(context);
  const facts = {
    database,
    succeededAt: newestGood && new Date(newestGood.startedAt),
    last: named[0] && recordedRun(named[0]),
    runningSince: running?.startedAt,
  };
  const allowance = settings.BACKUP_JITTER_SECONDS * 1000 + settings.BACKUP_GRACE_MINUTES * 60_000;
  const files = index.dataFiles[place];
  const present = files ? ours.filter((run) => hasDump(run, files)) : [];
  return {
    context,
    place,
    database,
    verdict: judgeFreshness(facts, cron, now, allowance),
    newest: ours[0],
    newestGood,
    newestProven: ours.find(({ record }) => record?.proof === 'restored'),
    newestDrill: drills[0],
    measured: drills.find(({ recoverySeconds }) => recoverySeconds !== null),
    running,
    runs: ours.length,
    awaitingUpload: ours.filter(({ record }) => record?.awaitsUpload === true).length,
    failures: countFailures(ours),
    localBytes: files && present.reduce((sum, run) => sum + localBytesOf(run), 0),
    remoteBytes: sumOfCopies(ours, settings.REMOTE_RETENTION_DAYS, now),
    present,
  };
}

function recordedRun(run: IndexedRun): RecordedRun | undefined {
  const name = runNameOf(run);
  const identity = parseRunName(name);
  if (!identity) return undefined;
  const errorCode = run.record?.errorCode;
  return {
    ...{ ...identity, name, series: serverOf(run), isSuccess: isGood(run) },
    ...(errorCode && { errorCode }),
  };
}

function countFailures(runs: readonly IndexedRun[]): Map<FailureCode, number> {
  const counts = new Map<FailureCode, number>();
  for (const run of runs) {
    if (isGood(run)) continue;
    const code = run.record ? (run.record.errorCode ?? 'INTERNAL') : 'UNKNOWN';
    counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  return counts;
}

function hasDump(run: IndexedRun, files: ReadonlySet<string>): boolean {
  const dump = `${runNameOf(run)}.dump`;
  return files.has(dump) || files.has(`${dump}.age`) || files.has(`${dump}.gpg`);
}

function localBytesOf({ report, record }: IndexedRun): number {
  return record?.artifactBytes ?? report?.sizeBytes ?? 0;
}

/** What remote retention, or a rule of the bucket, has removed since is in no record. */
function sumOfCopies(runs: readonly IndexedRun[], retentionDays: number | undefined, now: Date): number {
  const since = retentionDays === undefined ? 0 : now.getTime() - retentionDays * DAY;
  return runs.reduce(
    (sum, { startedAt, record }) => (startedAt >= since ? sum + (record?.remoteBytes ?? 0) : sum),
    0,
  );
}
