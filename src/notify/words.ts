import type { Text } from '../language.ts';
import type { About, NewsKind } from './rules.ts';

/** What happened, for the title: of the only one, or of some of many. */
export interface TitleTexts {
  readonly one: Text;
  readonly many: Text;
}

export const TITLES: Readonly<Record<About, Readonly<Record<NewsKind, TitleTexts>>>> = {
  backup: {
    failed: {
      one: { en: 'Backup failed: {names}', zh: '备份失败：{names}' },
      many: {
        en: '{count} of {total} backups failed: {names}',
        zh: '{total} 个备份中有 {count} 个失败：{names}',
      },
    },
    recovered: {
      one: { en: 'Backup works again: {names}', zh: '备份已恢复正常：{names}' },
      many: {
        en: '{count} of {total} backups work again: {names}',
        zh: '{total} 个备份中有 {count} 个恢复正常：{names}',
      },
    },
    warning: {
      one: { en: 'Backup succeeded with warnings: {names}', zh: '备份成功但有警告：{names}' },
      many: {
        en: '{count} of {total} backups have warnings: {names}',
        zh: '{total} 个备份中有 {count} 个有警告：{names}',
      },
    },
    succeeded: {
      one: { en: 'Backup succeeded: {names}', zh: '备份成功：{names}' },
      many: {
        en: '{count} of {total} backups succeeded: {names}',
        zh: '{total} 个备份中有 {count} 个成功：{names}',
      },
    },
  },
  drill: {
    failed: {
      one: { en: 'Drill failed: {names}', zh: '演练失败：{names}' },
      many: {
        en: '{count} of {total} drills failed: {names}',
        zh: '{total} 次演练中有 {count} 次失败：{names}',
      },
    },
    recovered: {
      one: { en: 'Drill passes again: {names}', zh: '演练已恢复通过：{names}' },
      many: {
        en: '{count} of {total} drills pass again: {names}',
        zh: '{total} 次演练中有 {count} 次恢复通过：{names}',
      },
    },
    warning: {
      one: { en: 'Drill passed with warnings: {names}', zh: '演练通过但有警告：{names}' },
      many: {
        en: '{count} of {total} drills have warnings: {names}',
        zh: '{total} 次演练中有 {count} 次有警告：{names}',
      },
    },
    succeeded: {
      one: { en: 'Drill passed: {names}', zh: '演练通过：{names}' },
      many: {
        en: '{count} of {total} drills passed: {names}',
        zh: '{total} 次演练中有 {count} 次通过：{names}',
      },
    },
  },
  verify: {
    failed: {
      one: { en: 'Verification failed: {names}', zh: '校验失败：{names}' },
      many: {
        en: '{count} of {total} verifications failed: {names}',
        zh: '{total} 次校验中有 {count} 次失败：{names}',
      },
    },
    recovered: {
      one: { en: 'Verification passes again: {names}', zh: '校验已恢复通过：{names}' },
      many: {
        en: '{count} of {total} verifications pass again: {names}',
        zh: '{total} 次校验中有 {count} 次恢复通过：{names}',
      },
    },
    warning: {
      one: { en: 'Verification passed with warnings: {names}', zh: '校验通过但有警告：{names}' },
      many: {
        en: '{count} of {total} verifications have warnings: {names}',
        zh: '{total} 次校验中有 {count} 次有警告：{names}',
      },
    },
    succeeded: {
      one: { en: 'Verification passed: {names}', zh: '校验通过：{names}' },
      many: {
        en: '{count} of {total} verifications passed: {names}',
        zh: '{total} 次校验中有 {count} 次通过：{names}',
      },
    },
  },
};

export const OVERDUE_TITLES: TitleTexts = {
  one: { en: 'Backup overdue: {names}', zh: '备份逾期：{names}' },
  many: { en: '{count} backups overdue: {names}', zh: '{count} 个备份逾期：{names}' },
};

export const STARTED: Text = { en: 'Backup started', zh: '备份开始' };
export const ENDED = {
  success: { en: 'Backup succeeded', zh: '备份成功' },
  fail: { en: 'Backup failed', zh: '备份失败' },
} as const satisfies Record<string, Text>;

export const OF_TARGET: Text = { en: '[{target}] {title}', zh: '[{target}] {title}' };
export const ON_SERVER: Text = { en: '{database} on {host}:{port}', zh: '{host}:{port} 上的 {database}' };
export const MORE_NAMES: Text = { en: '{names} and {count} more', zh: '{names} 等（另有 {count} 个）' };
export const AND_MORE: Text = { en: '… and {count} more', zh: '……另有 {count} 个' };
export const HELD_BACK: Text = {
  en: '{count} more like this since the last message',
  zh: '自上一条消息以来另有 {count} 次相同情况',
};
export const COLON: Text = { en: '{label}: {value}', zh: '{label}：{value}' };

export const LABELS = {
  target: { en: 'Target', zh: '目标' },
  database: { en: 'Database', zh: '数据库' },
  server: { en: 'Server', zh: '服务器' },
  run: { en: 'Run', zh: '运行' },
  startedAt: { en: 'Started', zh: '开始时间' },
  size: { en: 'Size', zh: '大小' },
  duration: { en: 'Duration', zh: '用时' },
  proof: { en: 'Proof', zh: '验证程度' },
  recovery: { en: 'Recovery time', zh: '恢复耗时' },
  error: { en: 'Error', zh: '错误' },
  hint: { en: 'What to do', zh: '处理建议' },
  warning: { en: 'Warning', zh: '警告' },
  overdue: { en: 'Overdue', zh: '逾期' },
  heldBack: { en: 'Held back', zh: '已合并' },
  sentBy: { en: 'Sent by', zh: '发送方' },
} as const satisfies Record<string, Text>;

/** How far a backup is proven; other words are shown as they are. */
export const PROOFS: Readonly<Record<string, Text>> = {
  none: { en: 'none', zh: '无' },
  read: { en: 'read back in full', zh: '已完整读回' },
  stored: { en: 'compared with its remote copy', zh: '已与远端副本比对' },
  restored: { en: 'restored', zh: '已恢复验证' },
};
