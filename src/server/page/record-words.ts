import type { PageContext } from './page-context.ts';

/** Words of ours in a record or a drill, in Chinese; in English they are shown as they were written, as logs and metrics have them too. */
const WORDS = {
  stage: {
    'before-hook': '前置钩子',
    lock: '加锁',
    preflight: '预检',
    dump: '转储',
    globals: '全局对象',
    verify: '读回',
    fingerprint: '指纹',
    checksum: '校验和',
    upload: '上传',
    confirm: '确认副本',
    report: '写报表',
    retention: '清理旧备份',
    // Of a drill alone.
    fetch: '下载',
    read: '读取',
    server: '启动服务器',
    prepare: '准备',
    restore: '恢复',
    compare: '比对',
    clear: '清场',
  },
  globals: { 'with passwords': '含口令', 'without passwords': '不含口令', none: '无', unknown: '未知' },
  encryption: { none: '无' },
  fingerprint: { counts: '行数', content: '内容', complete: '完整', partial: '不完整' },
  difference: {
    'not restored': '未恢复',
    missing: '缺失',
    unexpected: '备份中没有',
    rows: '行数',
    content: '内容',
    unreadable: '无法读取',
    sequence: '当前值',
    'large objects': '大对象数量',
    definition: '定义',
    owner: '属主',
    grants: '权限',
    comment: '注释',
    encoding: '编码',
    collation: '排序规则',
  },
  omission: {
    rows: '数据',
    'large objects': '大对象',
    options: 'PG_DUMP_EXTRA_OPTS 所排除的内容',
    partial: '指纹不完整',
    owners: '属主',
    grants: '权限',
    'no fingerprint': '没有指纹',
  },
} as const satisfies Record<string, Readonly<Record<string, string>>>;

/** Such a word for whoever reads the page; one that is not known stays as it is. */
export function recordWord(
  { language }: Pick<PageContext, 'language'>,
  kind: keyof typeof WORDS,
  word: string,
): string {
  const words: Readonly<Record<string, string>> = WORDS[kind];
  return language === 'zh' && Object.hasOwn(words, word) ? (words[word] ?? word) : word;
}
