import type { TargetContext } from '../../backup/context.ts';
import { fillIn, type Text } from '../../language.ts';
import { isGood as isGoodState } from '../../schedule/freshness.ts';
import { durationText } from '../../schedule/time-text.ts';
import type { DatabaseOverview } from '../overview/database-overview.ts';
import type { Overview } from '../overview/overview.ts';
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

/** Everything that speaks against "safe", the worst first. `problems`: of directories that could not be looked at. */
export function findingsOf(
  { databases, volumes, at }: Overview,
  problems: readonly Text[],
  zoneOf: ZoneOf,
): Finding[] {
  const found: Finding[] = problems.map((text) => ({ tone: 'danger', text }));
  const isEmpty = databases.every(({ runs, running }) => runs === 0 && running === undefined);
  if (databases.length === 0 || isEmpty) found.push({ tone: 'danger', text: NOTHING });
  else for (const one of databases) found.push(...findingsAbout(one, at, zoneOf));
  for (const { directory, forecast } of volumes) {
    const days = forecast?.daysLeft;
    if (forecast === undefined || days === undefined || days > SOON_FULL_DAYS) continue;
    const tone = days <= NEARLY_FULL_DAYS ? 'danger' : 'watch';
    found.push({
      tone,
      text: fillIn(FULL, { directory, days: withinDays(days), next: bytesText(forecast.nextBytes) }),
    });
  }
  return found.toSorted((one, other) => ORDER.indexOf(one.tone) - ORDER.indexOf(other.tone));
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
  if (!newestGood) return found;
  const run = runNameOf(newestGood);
  if (one.awaitingUpload > 0) say('watch', fillIn(AWAITING, { count: one.awaitingUpload }));
  if (!newestGood.record?.awaitsUpload && !isOffSite(newestGood) && modeOf(one) !== 'local')
    say('watch', NOT_OFF_SITE, run);
  if (newestGood.record?.hasWarning) say('watch', UNLIKE, run);
  const provenDays = newestProven && Math.floor((now.getTime() - newestProven.startedAt) / DAY);
  if (provenDays === undefined) say('watch', NEVER_PROVEN);
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
