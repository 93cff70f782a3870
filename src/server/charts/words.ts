import { type Language, render, type Text, type TextParameters } from '../../language.ts';

const WORDS = {
  nothing: { en: 'Nothing to show yet', zh: '暂无数据' },
  failed: { en: 'failed', zh: '失败' },
  asTable: { en: 'As a table', zh: '以表格显示' },
  time: { en: 'Time', zh: '时间' },
  value: { en: 'Value', zh: '数值' },
  more: { en: '{count} earlier ones are left out', zh: '另有更早的 {count} 项未列出' },
  ofDay: { en: '{date}: {text}', zh: '{date}：{text}' },
  days: { en: '{state}: {count}', zh: '{state}：{count}' },
  good: { en: 'good', zh: '成功' },
  mixed: { en: 'some failed', zh: '部分失败' },
  none: { en: 'none', zh: '无备份' },
  future: { en: 'to come', zh: '未到' },
  total: { en: '{total} in all', zh: '共 {total}' },
  stage: { en: '{name}: {duration}, after {start}', zh: '{name}：{duration}，开始于 {start} 后' },
} satisfies Record<string, Text>;

export type Word = keyof typeof WORDS;

/** What the charts say themselves. */
export function word(name: Word, language: Language, parameters: TextParameters = {}): string {
  return render(WORDS[name], language, parameters);
}
