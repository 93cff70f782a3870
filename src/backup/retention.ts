export interface RetentionRun {
  readonly name: string;
  readonly startedAt: Date;
  /** Runs of the same database on the same server belong together: the newest good one of each such series always stays. */
  readonly series: string;
  /** Its dump is here and was reported as a success, or proven since. */
  readonly isGood: boolean;
  readonly awaitsUpload: boolean;
  readonly isRunning: boolean;
}

export interface RetentionPolicy {
  readonly retentionDays: number;
}

export type RetentionReason =
  | 'running'
  | 'awaits-upload'
  | 'newest-good'
  | 'in-the-future'
  | 'recent'
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
  const newestFirst = runs.toSorted(
    (a, b) => b.startedAt.getTime() - a.startedAt.getTime() || (a.name < b.name ? 1 : -1),
  );
  const newestGood = new Set<R>();
  for (const run of newestFirst) {
    const isFirstOfSeries = ![...newestGood].some((other) => other.series === run.series);
    if (run.isGood && isFirstOfSeries) newestGood.add(run);
  }
  return newestFirst.map((run) => {
    const reason = judge(run, newestGood.has(run), policy, now);
    return { run, action: reason === 'expired' ? 'remove' : 'keep', reason };
  });
}

function judge(
  run: RetentionRun,
  isNewestGood: boolean,
  policy: RetentionPolicy,
  now: Date,
): RetentionReason {
  if (run.isRunning) return 'running';
  if (run.awaitsUpload) return 'awaits-upload';
  if (isNewestGood) return 'newest-good';
  const ageMilliseconds = now.getTime() - run.startedAt.getTime();
  if (ageMilliseconds < 0) return 'in-the-future';
  return ageMilliseconds <= policy.retentionDays * DAY_MILLISECONDS ? 'recent' : 'expired';
}
