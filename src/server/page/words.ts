import type { Text } from '../../language.ts';

/** How far a backup is proven, in a word or two. */
export const PROOF_WORDS: Readonly<Record<string, Text>> = {
  none: { en: 'not proven', zh: '未验证' },
  read: { en: 'read back', zh: '已读回' },
  stored: { en: 'stored elsewhere', zh: '已异地存储' },
  restored: { en: 'restored', zh: '已恢复验证' },
};

export const OUTCOME_WORDS: Readonly<Record<string, Text>> = {
  equal: { en: 'equal', zh: '一致' },
  incomplete: { en: 'equal as far as compared', zh: '已比对部分一致' },
  different: { en: 'different', zh: '不一致' },
  failed: { en: 'failed', zh: '失败' },
};

export const STATUS_WORDS = {
  good: { en: 'Succeeded', zh: '成功' },
  failed: { en: 'Failed', zh: '失败' },
  late: { en: 'Uploaded later', zh: '补传成功' },
} as const satisfies Record<string, Text>;

export const FIELD_WORDS = {
  run: { en: 'Run', zh: '运行' },
  target: { en: 'Target', zh: '目标' },
  database: { en: 'Database', zh: '数据库' },
  server: { en: 'Server', zh: '服务器' },
  started: { en: 'Started', zh: '开始' },
  finished: { en: 'Finished', zh: '结束' },
  result: { en: 'Result', zh: '结果' },
  proof: { en: 'Proof', zh: '验证程度' },
  size: { en: 'Size', zh: '大小' },
  duration: { en: 'Duration', zh: '用时' },
  copies: { en: 'Copies', zh: '副本' },
  recovery: { en: 'Recovery time', zh: '恢复耗时' },
  error: { en: 'Error', zh: '错误' },
} as const satisfies Record<string, Text>;
