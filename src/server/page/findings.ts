import type { TargetContext } from '../../backup/context.ts';
import { fillIn, type Text } from '../../language.ts';
import { isGood as isGoodState, nameWithServer, printable } from '../../schedule/freshness.ts';
import { durationText, joinTexts, sameText } from '../../schedule/time-text.ts';
import type { DatabaseOverview } from '../overview/database-overview.ts';
import { isLookOld } from '../overview/last-look.ts';
import type { Overview } from '../overview/overview.ts';
import type { Forgotten } from '../overview/subjects.ts';
import type { FollowedIndex } from '../run-index/follow.ts';
import { runNameOf } from '../run-index/run-index.ts';
import { isGood, isOffSite } from '../run-index/views.ts';
import { bytesText, timeText } from './figures.ts';

/** `danger`: what is promised is not kept. `watch`: a person should look at it. */
export type Tone = 'danger' | 'watch';

/** One reason not to feel safe. */
export interface Finding {
  readonly tone: Tone;
  /** Of a database: without its name. */
  readonly text: Text;
  readonly one?: DatabaseOverview;
  /** The run that shows it. */
  readonly run?: string;
}

export type ZoneOf = (context: TargetContext) => string;

const DAY = 24 * 60 * 60 * 1000;
/** A drill that is longer ago proves little about the backups of today. */
const PROOF_LASTS_DAYS = 35;
const SOON_FULL_DAYS = 14;
const NEARLY_FULL_DAYS = 2;
const NAMED = 6;

/** What of the looks at the directories counts. */
export type Looks = Pick<FollowedIndex, 'scannedAt'> & {
  /** Of directories that could not be looked at. */
  readonly problems: readonly Text[];
  /** How many files cannot be used. */
  readonly unreadable: number;
};

/** Everything that speaks against "safe", the worst first. `about`: what speaks against each database. */
export function findingsOf(
  { databases, volumes, leftOut, forgotten }: Overview,
  { problems, unreadable, scannedAt }: Looks,
  about: (one: DatabaseOverview) => readonly Finding[],
  now: Date,
): Finding[] {
  const found: Finding[] = problems.map((text) => ({ tone: 'danger', text }));
  const say = (tone: Tone, text: Text): void => {
    found.push({ tone, text });
  };
  if (scannedAt && isLookOld(scannedAt, now))
    say('danger', fillIn(LOOK_OLD, { age: durationText(now.getTime() - scannedAt.getTime()) }));
  const isEmpty = databases.every((one) => one.runs === 0 && !one.running && !one.unreadable);
  if (databases.length === 0 || isEmpty) say('danger', NOTHING);
  else for (const one of databases) found.push(...about(one));
  if (leftOut > 0) say('danger', fillIn(LEFT_OUT, { count: leftOut, judged: databases.length }));
  if (forgotten.length > 0) say('watch', forgottenText(forgotten));
  if (unreadable > 0) say('watch', fillIn(UNREADABLE, { count: unreadable }));
  for (const { directory, forecast } of volumes) {
    const days = forecast?.daysLeft;
    if (forecast === undefined || days === undefined || days > SOON_FULL_DAYS) continue;
    const tone = days <= NEARLY_FULL_DAYS ? 'danger' : 'watch';
    say(tone, fillIn(FULL, { directory, days: withinDays(days), next: bytesText(forecast.nextBytes) }));
  }
  return found.toSorted((one, other) => ORDER.indexOf(one.tone) - ORDER.indexOf(other.tone));
}

function forgottenText(forgotten: readonly Forgotten[]): Text {
  const names = forgotten.slice(0, NAMED).map(({ context: { target }, database, server }) => {
    const name = nameWithServer(database, server);
    return sameText(`\u2068${target === undefined ? name : `${printable(target)}/${name}`}\u2069`);
  });
  const more = forgotten.length - names.length;
  return fillIn(more > 0 ? FORGOTTEN_MORE : FORGOTTEN, { names: joinTexts(names, COMMA), count: more });
}

/** What speaks against one database, the first of it being the worst. */
export function findingsAbout(one: DatabaseOverview, now: Date, zoneOf: ZoneOf): Finding[] {
  const { verdict, newest, newestGood, newestProven, newestDrill } = one;
  const found: Finding[] = [];
  const say = (tone: Tone, text: Text, run?: string): void => {
    found.push({ tone, text, one, ...(run !== undefined && { run }) });
  };
  if (!isGoodState(verdict.state)) {
    const due = verdict.dueAt && timeText(verdict.dueAt, zoneOf(one.context));
    const age = durationText(now.getTime() - (verdict.succeededAt ?? now).getTime());
    say('danger', fillIn(verdict.state === 'stale' ? STALE : NONE, { age, due: due ?? '' }));
  }
  if (newest && !isGood(newest))
    say('danger', lastFailed(newest.record?.errorCode ?? undefined), runNameOf(newest));
  if (newestDrill && (newestDrill.outcome === 'failed' || newestDrill.outcome === 'different'))
    say('danger', newestDrill.outcome === 'failed' ? DRILL_FAILED : DRILL_DIFFERENT, newestDrill.run);
  if (one.unreadable) say('danger', fillIn(NEWEST_UNREADABLE, { run: printable(one.unreadable.run) }));
  if (!newestGood) return found;
  const run = runNameOf(newestGood);
  if (one.isLost) say('danger', LOST, run);
  const { record, report } = newestGood;
  if (!(record ?? report)?.sizeBytes) say('watch', NO_SIZE, run);
  if (one.awaitingUpload > 0) say('watch', fillIn(AWAITING, { count: one.awaitingUpload }));
  if (!newestGood.record?.awaitsUpload && !isOffSite(newestGood) && modeOf(one) !== 'local')
    say('watch', NOT_OFF_SITE, run);
  if (newestGood.record?.hasWarning) say('watch', UNLIKE, run);
  const provenDays = newestProven && Math.floor((now.getTime() - newestProven.startedAt) / DAY);
  if (provenDays === undefined) say('watch', one.wasProven ? PROVEN_GONE : NEVER_PROVEN);
  else if (provenDays > PROOF_LASTS_DAYS) say('watch', fillIn(PROVEN_LONG_AGO, { days: provenDays }));
  return found;
}

function lastFailed(code: string | undefined): Text {
  return code === undefined ? LAST_FAILED : fillIn(LAST_FAILED_WITH, { code });
}

/** The length of time that so many whole days lie within. */
export function withinDays(days: number): Text {
  return { en: days < 1 ? 'a day' : `${days + 1} days`, zh: `${days + 1} 天` };
}

/** `local`, where nobody meant the backups to be anywhere else. */
export function modeOf({ newestGood }: DatabaseOverview): string | null {
  return newestGood?.record?.mode ?? newestGood?.report?.mode ?? null;
}

const ORDER: readonly Tone[] = ['danger', 'watch'];
const STALE: Text = {
  en: 'the newest good backup is {age} old; one was due at {due}',
  zh: '最新的有效备份是 {age}前，而 {due} 应有备份',
};
const NONE: Text = { en: 'no good backup yet', zh: '尚无有效备份' };
const NOTHING: Text = { en: 'There is no backup here yet', zh: '这里还没有任何备份' };
const LAST_FAILED: Text = { en: 'the newest run failed', zh: '最近一次运行失败' };
const LAST_FAILED_WITH: Text = { en: 'the newest run failed: {code}', zh: '最近一次运行失败：{code}' };
const DRILL_FAILED: Text = {
  en: 'the newest drill could not restore its backup',
  zh: '最近一次演练未能恢复备份',
};
const DRILL_DIFFERENT: Text = {
  en: 'what the newest drill restored differs from what was backed up',
  zh: '最近一次演练恢复的内容与备份不一致',
};
const AWAITING: Text = {
  en: 'backups that wait for their upload: {count}',
  zh: '等待上传的备份：{count}',
};
const NOT_OFF_SITE: Text = {
  en: 'the newest backup has no copy elsewhere',
  zh: '最新备份没有异地副本',
};
const LOST: Text = {
  en: 'the newest good backup is gone: neither its dump is here nor is a copy elsewhere on record',
  zh: '最新的有效备份已不存在：本地没有转储，也没有异地副本的记录',
};
const NO_SIZE: Text = {
  en: 'the newest good backup tells of no dump: its size is 0',
  zh: '最新的有效备份没有转储的记录：大小为 0',
};
const NEWEST_UNREADABLE: Text = {
  en: 'nobody can read what the newest run came to: {run}',
  zh: '无法读取最近一次运行的结果：{run}',
};
const PROVEN_GONE: Text = {
  en: 'of the backups that are still there no drill has restored one',
  zh: '现存的备份均未经演练恢复验证',
};
const UNREADABLE: Text = { en: 'Files that cannot be read: {count}', zh: '无法读取的文件：{count}' };
const LOOK_OLD: Text = {
  en: 'The directories were looked through {age} ago: what stands here is as old',
  zh: '上次完整扫描目录是 {age}前：此处内容可能已过时',
};
const LEFT_OUT: Text = {
  en: 'Databases that are not judged: {count}; one server judges {judged}',
  zh: '未判断的库：{count} 个；一个服务最多判断 {judged} 个',
};
const FORGOTTEN: Text = {
  en: 'Not judged any more, as the last run was over 30 days ago: {names}',
  zh: '超过 30 天没有运行，已不再判断：{names}',
};
const FORGOTTEN_MORE: Text = {
  en: 'Not judged any more, as the last run was over 30 days ago: {names} and {count} more',
  zh: '超过 30 天没有运行，已不再判断：{names} 等，另有 {count} 个',
};
const COMMA: Text = { en: ', ', zh: '、' };
const UNLIKE: Text = {
  en: 'the newest backup looks unlike the ones before',
  zh: '最新备份与以往明显不同',
};
const NEVER_PROVEN: Text = {
  en: 'no drill has restored a backup yet',
  zh: '尚无经演练恢复验证的备份',
};
const PROVEN_LONG_AGO: Text = {
  en: 'the newest backup that a drill restored is {days} days old',
  zh: '最近一次经演练恢复验证的备份已是 {days} 天前',
};
const FULL: Text = {
  en: 'The volume of {directory} will be full within {days}; the next backups need {next}',
  zh: '{directory} 所在卷将在 {days}内写满；下次备份需要 {next}',
};
