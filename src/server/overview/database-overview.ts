import type { TargetContext } from '../../backup/context.ts';
import { CLOCK_DIFFERENCE_MILLISECONDS, type RecordedRun } from '../../backup/recorded-runs.ts';
import { parseRunName } from '../../backup/run-name.ts';
import type { ErrorCode } from '../../error-table.ts';
import { scheduleEntries } from '../../schedule/entries.ts';
import { judgeFreshness, type Verdict } from '../../schedule/freshness.ts';
import { isOfServer } from '../../schedule/read-freshness.ts';
import type { RunningRun, UnreadableRun } from '../run-index/place-facts.ts';
import { type IndexedDrill, type IndexedRun, runNameOf } from '../run-index/run-index.ts';
import { isGood, serverOf } from '../run-index/views.ts';
import { isLost, isStillThere } from './still-there.ts';

/** What there is to know of the backups of one database. */
export interface DatabaseOverview {
  readonly context: TargetContext;
  readonly place: number;
  readonly database: string | undefined;
  /** `host:port` whose runs are judged: of the settings, or else of the runs. */
  readonly server: string | undefined;
  readonly verdict: Verdict;
  /** The newest run that has ended. */
  readonly newest: IndexedRun | undefined;
  readonly newestGood: IndexedRun | undefined;
  /** Whether that has neither a dump here nor a copy elsewhere; undefined where nobody can tell. */
  readonly isLost: boolean | undefined;
  /** Newer than that, and nobody can read what it came to. */
  readonly unreadable: UnreadableRun | undefined;
  /** The newest of those still there that a drill has restored and found equal. */
  readonly newestProven: IndexedRun | undefined;
  readonly newestDrill: IndexedDrill | undefined;
  /** Whether a drill ever restored one, be it gone meanwhile. */
  readonly wasProven: boolean;
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

/** Which backups are judged, by which settings. */
export interface Subject {
  readonly context: TargetContext;
  readonly place: number;
  readonly database: string | undefined;
  /** undefined where neither the settings nor a run tell of one. */
  readonly server: string | undefined;
  /** Whether several servers have a database of that name. */
  readonly isOneOfSeveral: boolean;
}

/** What is known of a database of a place, on whatever server; each list newest first. */
export interface Known {
  readonly runs: readonly IndexedRun[];
  readonly drills: readonly IndexedDrill[];
  readonly running: readonly RunningRun[];
  readonly unreadable: readonly UnreadableRun[];
  /** The runs whose dump is here; undefined where the files cannot be listed. */
  readonly dumps: ReadonlySet<string> | undefined;
  readonly newSince: Date | undefined;
  readonly find: (run: string) => IndexedRun | undefined;
}

/** Looks through the runs of one database of a target; those that a wrong clock put into the future are left out, as are such drills. */
export function overviewOf(subject: Subject, known: Known, now: Date): DatabaseOverview {
  const { context, database, server, isOneOfSeveral } = subject;
  const { dumps, newSince } = known;
  const latest = now.getTime() + CLOCK_DIFFERENCE_MILLISECONDS;
  const ours = known.runs.filter((run) => run.startedAt <= latest && isOf(run, server));
  const drills = known.drills.filter(({ run, startedAt }) => {
    const drilled = known.find(run);
    return Date.parse(startedAt) <= latest && (drilled === undefined || isOf(drilled, server));
  });
  const running = known.running.find((run) => isOfServer(run, server));
  const named = ours.filter(({ isNamed }) => isNamed);
  const newestGood = named.find(isGood);
  const { settings } = context;
  const [{ cron }] = scheduleEntries(context);
  const facts = {
    database,
    server: isOneOfSeveral ? server : undefined,
    succeededAt: newestGood && new Date(newestGood.startedAt),
    last: named[0] && recordedRun(named[0]),
    runningSince: running?.startedAt,
    newSince,
  };
  const allowance = settings.BACKUP_JITTER_SECONDS * 1000 + settings.BACKUP_GRACE_MINUTES * 60_000;
  const present = dumps ? ours.filter((run) => dumps.has(runNameOf(run))) : [];
  const proven = ours.filter(({ record }) => record?.proof === 'restored');
  const isMarked = (run: IndexedRun): boolean => known.running.some((one) => one.run === runNameOf(run));
  const isNewer = ({ startedAt }: UnreadableRun): boolean =>
    startedAt.getTime() <= latest && startedAt.getTime() > (newestGood?.startedAt ?? 0);
  return {
    ...{ context, place: subject.place, database, server },
    verdict: judgeFreshness(facts, cron, now, allowance),
    newest: ours[0],
    newestGood,
    // Its dump is listed once it is no longer under way.
    isLost: newestGood && (isMarked(newestGood) ? undefined : isLost(newestGood, dumps, now)),
    unreadable: known.unreadable.find((run) => isNewer(run) && known.find(run.run) === undefined),
    newestProven: proven.find((run) => isStillThere(run, dumps, settings, now)),
    wasProven: proven.length > 0,
    newestDrill: drills[0],
    measured: drills.find(({ recoverySeconds }) => recoverySeconds !== null),
    running,
    runs: ours.length,
    awaitingUpload: ours.filter(({ record }) => record?.awaitsUpload === true).length,
    failures: countFailures(ours),
    localBytes: dumps && present.reduce((sum, run) => sum + localBytesOf(run), 0),
    remoteBytes: sumOfCopies(ours, settings.REMOTE_RETENTION_DAYS, now),
    present,
  };
}

function isOf(run: IndexedRun, server: string | undefined): boolean {
  return server === undefined || serverOf(run) === server;
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
