import { type KeepRule, type KeepRules, keptByRules } from './keep-rules.ts';

export interface RetentionRun {
  readonly name: string;
  readonly startedAt: Date;
  /** Runs of the same database on the same server belong together: the newest good one of each such series always stays. */
  readonly series: string;
  /** Its dump is in the place that is judged, and was reported as a success or proven since. */
  readonly isGood: boolean;
  readonly awaitsUpload: boolean;
  readonly isRunning: boolean;
}

export interface RetentionPolicy {
  readonly retentionDays: number;
  /** What stays beyond the days. */
  readonly keep: KeepRules;
  /** Of these nothing goes: their newest run looks unlike the others, and nobody has accepted that. */
  readonly heldSeries: ReadonlySet<string>;
}

export type RetentionReason =
  | 'running'
  | 'awaits-upload'
  | 'in-the-future'
  | 'newest-good'
  | 'recent'
  | `keep-${KeepRule}`
  | 'held'
  | 'expired';

export interface RetentionDecision<R extends RetentionRun = RetentionRun> {
  readonly run: R;
  readonly action: 'keep' | 'remove';
  readonly reason: RetentionReason;
}

const DAY_MILLISECONDS = 24 * 60 * 60 * 1000;

/** Decides for each run whether its files stay, with the reason; pure, newest first. */
export function planRetention<R extends RetentionRun>(
  runs: readonly R[],
  policy: RetentionPolicy,
  now: Date,
): RetentionDecision<R>[] {
  const ordered = newestFirst(runs);
  const outstanding = outstandingRuns(ordered, policy, now);
  return ordered.map((run) => {
    const reason = judge(run, outstanding.get(run), policy, now);
    return { run, action: reason === 'expired' ? 'remove' : 'keep', reason };
  });
}

/** The runs in the order in which people and rules look at them; by name where two began in the same second. */
export function newestFirst<R extends Pick<RetentionRun, 'name' | 'startedAt'>>(runs: readonly R[]): R[] {
  return runs.toSorted((a, b) => b.startedAt.getTime() - a.startedAt.getTime() || (a.name < b.name ? 1 : -1));
}

/** The good runs that stay whatever their age, each series for itself. */
function outstandingRuns<R extends RetentionRun>(
  ordered: readonly R[],
  policy: RetentionPolicy,
  now: Date,
): Map<R, 'newest-good' | `keep-${KeepRule}`> {
  const outstanding = new Map<R, 'newest-good' | `keep-${KeepRule}`>();
  // A run that a wrong clock dated in the future stays anyway, and must not take the place of one that is really there.
  const good = ordered.filter((run) => run.isGood && run.startedAt.getTime() <= now.getTime());
  for (const series of Map.groupBy(good, (run) => run.series).values()) {
    for (const [run, rule] of keptByRules(series, policy.keep)) outstanding.set(run, `keep-${rule}`);
    const [newest] = series;
    if (newest) outstanding.set(newest, 'newest-good');
  }
  return outstanding;
}

function judge(
  run: RetentionRun,
  outstanding: RetentionReason | undefined,
  policy: RetentionPolicy,
  now: Date,
): RetentionReason {
  if (run.isRunning) return 'running';
  if (run.awaitsUpload) return 'awaits-upload';
  const ageMilliseconds = now.getTime() - run.startedAt.getTime();
  if (ageMilliseconds < 0) return 'in-the-future';
  if (outstanding === 'newest-good') return outstanding;
  if (ageMilliseconds <= policy.retentionDays * DAY_MILLISECONDS) return 'recent';
  return outstanding ?? (policy.heldSeries.has(run.series) ? 'held' : 'expired');
}
