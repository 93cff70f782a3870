import prettyBytes from 'pretty-bytes';
import { type Language, render, type Text } from '../language.ts';
import type { PastRun } from './history.ts';
import type { RetentionDecision, RetentionReason } from './retention.ts';

const REASONS: Readonly<Record<RetentionReason, Text>> = {
  running: { en: 'is under way', zh: '正在进行' },
  'awaits-upload': { en: 'waits for its upload', zh: '等待上传' },
  'newest-good': { en: 'the newest good run', zh: '最新的有效备份' },
  'in-the-future': { en: 'dated in the future', zh: '日期在未来' },
  recent: { en: 'within RETENTION_DAYS', zh: '在 RETENTION_DAYS 之内' },
  expired: { en: 'older than RETENTION_DAYS', zh: '超过 RETENTION_DAYS' },
};
const ACTIONS: Readonly<Record<'keep' | 'remove', Text>> = {
  keep: { en: 'keep', zh: '保留' },
  remove: { en: 'remove', zh: '清理' },
};

/** The plan as lines for people, one a run. */
export function describePlan(plan: readonly RetentionDecision<PastRun>[], language: Language): string {
  if (plan.length === 0)
    return `${render({ en: 'No local backups yet.', zh: '尚无本地备份。' }, language)}\n`;
  return plan
    .map(({ run, action, reason }) => {
      const verb = render(ACTIONS[action], language).padEnd(6);
      return `${verb}  ${run.name}  ${prettyBytes(run.sizeBytes)}  ${render(REASONS[reason], language)}\n`;
    })
    .join('');
}
