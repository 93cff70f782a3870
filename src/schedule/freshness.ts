import { CLOCK_DIFFERENCE_MILLISECONDS, type RecordedRun } from '../backup/recorded-runs.ts';
import type { CronPattern } from '../cron-pattern.ts';
import { fillIn, type Text } from '../language.ts';
import { durationText, utcText } from './time-text.ts';

/** What is known of the backups of one database. */
export interface BackupFacts {
  /** undefined where not even a database is known. */
  readonly database: string | undefined;
  /** `host:port`, where several servers have a database of that name. */
  readonly server?: string | undefined;
  /** Of the newest run that succeeded. */
  readonly succeededAt: Date | undefined;
  /** The newest run that has ended. */
  readonly last: RecordedRun | undefined;
  /** How many of the newest runs were looked at where none was a success and there are more; undefined where all there are were. */
  readonly runsSeen?: number;
  /** Since when a run is under way. */
  readonly runningSince: Date | undefined;
  /** When it was found, where it came to a server whose databases were known before. */
  readonly newSince?: Date | undefined;
}

/** `none`: there was never a backup. `new`: nor did any have to be, because it was found after the last due time. */
export type FreshnessState = 'fresh' | 'stale' | 'none' | 'new';

export interface Verdict {
  readonly database: string | undefined;
  /** `host:port`, where several servers have a database of that name. */
  readonly server?: string;
  readonly state: FreshnessState;
  /** One line that says why. */
  readonly reason: Text;
  /** The last time for which there must be a backup by now. */
  readonly dueAt: Date | undefined;
  readonly nextAt: Date | undefined;
  readonly succeededAt: Date | undefined;
}

/** Fresh is a database whose newest success began at the last time that is so long ago, or later. */
export function judgeFreshness(
  facts: BackupFacts,
  cron: CronPattern,
  now: Date,
  allowanceMilliseconds: number,
): Verdict {
  const dueAt = cron.previous(new Date(now.getTime() - allowanceMilliseconds));
  const nextAt = cron.next(now);
  const { database, server, succeededAt, runsSeen, newSince } = facts;
  const state = stateOf(facts, dueAt);
  const reason = fillIn(state === 'none' && runsSeen !== undefined ? NONE_AMONG : REASONS[state], {
    count: runsSeen ?? 0,
    database: database === undefined ? EVERY_DATABASE : nameWithServer(database, server),
    age: durationText(now.getTime() - (succeededAt ?? now).getTime()),
    since: utcText(newSince),
    due: utcText(dueAt),
    next: utcText(nextAt),
    last: isGood(state) ? '' : lastRun(facts, state, dueAt),
  });
  return { database, ...(server !== undefined && { server }), state, reason, dueAt, nextAt, succeededAt };
}

/** Whether nothing has to be done about it. */
export function isGood(state: FreshnessState): boolean {
  return state === 'fresh' || state === 'new';
}

function stateOf({ succeededAt, newSince }: BackupFacts, dueAt: Date | undefined): FreshnessState {
  if (succeededAt !== undefined) return isBefore(succeededAt, dueAt) ? 'stale' : 'fresh';
  const isNew = newSince !== undefined && (dueAt === undefined || newSince > dueAt);
  return isNew ? 'new' : 'none';
}

function isBefore(time: Date, dueAt: Date | undefined): boolean {
  return dueAt !== undefined && time.getTime() < dueAt.getTime() - CLOCK_DIFFERENCE_MILLISECONDS;
}

function lastRun({ last, runningSince }: BackupFacts, state: FreshnessState, dueAt: Date | undefined): Text {
  if (runningSince !== undefined) return fillIn(UNDER_WAY, { since: utcText(runningSince) });
  const isOld = last === undefined || isBefore(last.startedAt, dueAt);
  if (isOld && (state === 'stale' || last === undefined))
    return state === 'stale' ? NOT_STARTED : HOW_TO_START;
  const parameters = { time: utcText(last?.startedAt), code: last?.errorCode ?? '' };
  return fillIn(last?.errorCode === undefined ? FAILED : FAILED_WITH, parameters);
}

/** `shop`, or `shop (db1:5432)`: in one line. */
export function nameWithServer(database: string, server: string | undefined): string {
  return printable(server === undefined ? database : `${database} (${server})`);
}

/** Names come from the settings, the server, or file names, and must not end the line. */
export function printable(name: string): string {
  return name.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, '?');
}

const REASONS: Readonly<Record<FreshnessState, Text>> = {
  fresh: { en: '{database} {age} old', zh: '{database} 备份于 {age}前' },
  stale: {
    en: '{database}: the newest good backup is {age} old, but one was due at {due}; {last}',
    zh: '{database}：最新的有效备份是 {age}前，而 {due} 应有备份；{last}',
  },
  none: {
    en: '{database}: no good backup yet; the next is due at {next}; {last}',
    zh: '{database}：尚无有效备份；下次计划 {next}；{last}',
  },
  new: { en: '{database} new since {since}', zh: '{database} 自 {since} 起新增' },
};
const NONE_AMONG: Text = {
  en: '{database}: no good backup among the newest {count} runs; the next is due at {next}; {last}',
  zh: '{database}：最近 {count} 次运行中没有有效备份；下次计划 {next}；{last}',
};
const EVERY_DATABASE: Text = { en: 'every database', zh: '所有库' };
const UNDER_WAY: Text = { en: 'a run is under way since {since}', zh: '{since} 开始的运行仍在进行' };
const NOT_STARTED: Text = { en: 'no run has begun since', zh: '此后没有运行过' };
const HOW_TO_START: Text = {
  en: 'make one now: pg-backup backup, or set BACKUP_ON_START=true',
  zh: '立即备份：pg-backup backup，或设置 BACKUP_ON_START=true',
};
const FAILED: Text = { en: 'the last run, at {time}, failed', zh: '最近一次运行（{time}）失败' };
const FAILED_WITH: Text = {
  en: 'the last run, at {time}, failed: {code}',
  zh: '最近一次运行（{time}）失败：{code}',
};
