import type { KnownRun } from '../backup/known-runs.ts';
import { CLOCK_DIFFERENCE_MILLISECONDS } from '../backup/recorded-runs.ts';
import { fillIn, type Text } from '../language.ts';
import { type ScheduleEntry, scheduleEntries } from '../schedule/entries.ts';
import { durationText, localTime } from '../schedule/time-text.ts';
import type { Evidence } from './evidence.ts';
import { finishedAt } from './evidence.ts';
import type { Item } from './item.ts';

const MINUTE = 60_000;

/** Handbook, 12: the newest backup is as fresh as the schedule wants, and a run began when one was due. */
export function scheduleItem({ context, now, runs, findings, scope }: Evidence): Item {
  const item = { id: 'schedule', chapter: 'go-live', title: TITLE } as const;
  const check = findings.find((finding) => finding.check.id === 'last-backup')?.check;
  const [entry] = scheduleEntries(context);
  const { pattern, zone, cron } = entry;
  const nextAt = cron.next(now);
  const next = nextAt === undefined ? '?' : localTime(nextAt, zone);
  const seen = scheduledRun(entry, runs, now);
  if (check?.state !== 'good')
    return {
      ...item,
      state: 'open',
      observed: check?.text ?? NOT_FRESH,
      remedies: [`pg-backup backup${scope}`, fillIn(RUN_IT, { pattern, next })],
    };
  if (!seen)
    return {
      ...item,
      state: 'open',
      observed: fillIn(NOT_SEEN, { pattern, zone }),
      remedies: [fillIn(RUN_IT, { pattern, next })],
    };
  const { run, due } = seen;
  const parameters = {
    run: run.name,
    pattern,
    due: localTime(due, zone),
    delay: durationText(run.startedAt.getTime() - due.getTime()),
    next,
  };
  const ended = finishedAt(run);
  return {
    ...item,
    state: 'done',
    observed: fillIn(SEEN, parameters),
    ...(ended === undefined ? {} : { observedAt: ended }),
  };
}

interface OnTime {
  readonly run: KnownRun;
  readonly due: Date;
}

/** The newest good run that began within the grace after one of the last two times of the schedule; who started it no record tells. */
function scheduledRun(entry: ScheduleEntry, runs: readonly KnownRun[], now: Date): OnTime | undefined {
  const last = entry.cron.previous(now);
  const oldest = last && (entry.cron.previous(new Date(last.getTime() - 1)) ?? last);
  if (!oldest) return undefined;
  for (const run of runs) {
    const due = run.isProven ? dueTime(entry, run.startedAt) : undefined;
    if (due && due >= oldest && due <= now) return { run, due };
  }
  return undefined;
}

/** The time of the schedule at which a run began. */
function dueTime({ cron, context }: ScheduleEntry, startedAt: Date): Date | undefined {
  const { BACKUP_JITTER_SECONDS, BACKUP_GRACE_MINUTES } = context.settings;
  const allowance = BACKUP_JITTER_SECONDS * 1000 + BACKUP_GRACE_MINUTES * MINUTE;
  const before = cron.previous(startedAt);
  if (before && startedAt.getTime() - before.getTime() <= allowance) return before;
  // The clocks of a controller and its pod differ: a run may seem to begin before its time.
  const soon = cron.next(startedAt);
  return soon && soon.getTime() - startedAt.getTime() <= CLOCK_DIFFERENCE_MILLISECONDS ? soon : undefined;
}

const TITLE: Text = { en: 'The schedule works', zh: '定时任务已验证' };
const NOT_FRESH: Text = { en: 'no backup is known', zh: '没有已知的备份' };
const SEEN: Text = {
  en: '{run} began {delay} after {due}, which is a time of {pattern}; next {next}',
  zh: '{run} 在计划 {pattern} 的时间 {due} 之后 {delay}开始；下次 {next}',
};
const NOT_SEEN: Text = {
  en: 'no good run began at one of the last two times of {pattern} ({zone})',
  zh: '在计划 {pattern}（{zone}）的最近两个时间没有开始过成功的运行',
};
const RUN_IT: Text = {
  en: 'keep `pg-backup schedule` (the image’s default command), or a CronJob of {pattern}, running until after {next}; then look again',
  zh: '让 pg-backup schedule（镜像的默认命令）或计划为 {pattern} 的 CronJob 运行到 {next} 之后，再次查看',
};
