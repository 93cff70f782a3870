import prettyBytes from 'pretty-bytes';
import { type Language, render, type Text } from '../language.ts';
import type { PastRun } from './history.ts';
import type { RemotePlan } from './prune-remote.ts';
import type { RetentionDecision, RetentionReason } from './retention.ts';

const REASONS: Readonly<Record<RetentionReason, Text>> = {
  running: { en: 'is under way', zh: '正在进行' },
  'awaits-upload': { en: 'waits for its upload', zh: '等待上传' },
  'in-the-future': { en: 'dated in the future', zh: '日期在未来' },
  'newest-good': { en: 'the newest good run', zh: '最新的有效备份' },
  recent: { en: 'within {setting}_DAYS', zh: '在 {setting}_DAYS 之内' },
  'keep-last': { en: 'among the last ones ({setting}_KEEP)', zh: '属于最近若干份（{setting}_KEEP）' },
  'keep-daily': { en: 'the newest of its day ({setting}_KEEP)', zh: '当日最新（{setting}_KEEP）' },
  'keep-weekly': { en: 'the newest of its week ({setting}_KEEP)', zh: '当周最新（{setting}_KEEP）' },
  'keep-monthly': { en: 'the newest of its month ({setting}_KEEP)', zh: '当月最新（{setting}_KEEP）' },
  'keep-yearly': { en: 'the newest of its year ({setting}_KEEP)', zh: '当年最新（{setting}_KEEP）' },
  held: {
    en: 'the newest run looks unlike the others (see pg-backup accept)',
    zh: '最新备份与以往差异过大（见 pg-backup accept）',
  },
  expired: { en: 'older than {setting}_DAYS', zh: '超过 {setting}_DAYS' },
};
const ACTIONS: Readonly<Record<'keep' | 'remove', Text>> = {
  keep: { en: 'keep', zh: '保留' },
  remove: { en: 'remove', zh: '清理' },
};
const HEADS: Readonly<Record<'local' | 'remote', Text>> = {
  local: { en: 'Local backups:', zh: '本地备份：' },
  remote: { en: 'Remote copies:', zh: '远端副本：' },
};
const NO_LOCAL_BACKUPS: Text = { en: 'No local backups yet.', zh: '尚无本地备份。' };
const NO_REMOTE_COPIES: Text = { en: 'No remote copies of ours yet.', zh: '尚无本程序的远端副本。' };
const OTHERS: Text = {
  en: '{count} other objects are left alone.',
  zh: '其余 {count} 个对象保持原样。',
};

/** The plan for local backups as lines for people, one a run. */
export function describeLocalPlan(plan: readonly RetentionDecision<PastRun>[], language: Language): string {
  return plan.length === 0
    ? `${render(NO_LOCAL_BACKUPS, language)}\n`
    : describeDecisions(plan, 'RETENTION', language);
}

/** The plan for remote copies as lines for people, one a run, and how many objects it does not judge. */
export function describeRemotePlan({ decisions, others }: RemotePlan, language: Language): string {
  const lines =
    decisions.length === 0
      ? `${render(NO_REMOTE_COPIES, language)}\n`
      : describeDecisions(decisions, 'REMOTE_RETENTION', language);
  return others === 0 ? lines : `${lines}${render(OTHERS, language, { count: others })}\n`;
}

/** The line above the plan of a place, where there are two. */
export function headPlace(place: 'local' | 'remote', language: Language): string {
  return `${render(HEADS[place], language)}\n`;
}

function describeDecisions(
  plan: readonly RetentionDecision<PastRun>[] | RemotePlan['decisions'],
  setting: 'RETENTION' | 'REMOTE_RETENTION',
  language: Language,
): string {
  return plan
    .map(({ run, action, reason }) => {
      const verb = render(ACTIONS[action], language).padEnd(6);
      const why = render(REASONS[reason], language, { setting });
      return `${verb}  ${run.name}  ${prettyBytes(run.sizeBytes)}  ${why}\n`;
    })
    .join('');
}
