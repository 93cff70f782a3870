import prettyBytes from 'pretty-bytes';
import type { OmissionKind } from '../fingerprint/compare.ts';
import { fillIn, type Language, render, type Text, type TextParameters } from '../language.ts';
import type { DrillPhase, DrillRecord } from '../report/drill-record.ts';

const SHOWN = 50;

/** What a drill came to, as people read it. It says "equal" of what was compared, and names everything else. */
export function describeDrill(record: DrillRecord, language: Language): string {
  const say = (text: Text, parameters: TextParameters = {}): string => render(text, language, parameters);
  const seconds = (name: DrillPhase): number | undefined =>
    record.phases.find((phase) => phase.name === name && phase.outcome === 'done')?.durationSeconds;
  const lines = [say(HEADING, { run: record.run })];
  const add = (text: Text, parameters: TextParameters = {}): void => {
    lines.push(`  ${say(text, parameters)}`);
  };
  const size = prettyBytes(record.sizeBytes);
  const fetched = seconds('fetch');
  if (fetched !== undefined) add(FETCHED, { size, seconds: fetched });
  const checked = seconds('checksum');
  if (checked !== undefined) add(CHECKED, { size, seconds: checked });
  const restored = seconds('restore');
  if (restored !== undefined) {
    const { version = '' } = record.server ?? {};
    const kind = record.server?.kind === 'named' ? NAMED : EMBEDDED;
    add(RESTORED, { version, kind, seconds: restored, jobs: record.jobs });
  }
  if (record.compared) {
    const {
      contents: _contents,
      definitions: _definitions,
      collation: _collation,
      ...figures
    } = record.compared;
    add(COMPARED, { ...figures, seconds: seconds('compare') ?? 0 });
  }
  for (const difference of record.differences.slice(0, SHOWN)) add(...describeDifference(difference));
  if (record.differences.length > SHOWN) add(AND_MORE, { count: record.differences.length - SHOWN });
  for (const { kind, objects } of record.omissions) {
    add(OMISSIONS[kind as OmissionKind], { names: objects.slice(0, SHOWN).join(', ') });
  }
  if (record.compared && !record.compared.contents) add(NO_CONTENTS);
  if (record.compared && !record.compared.definitions) add(NO_DEFINITIONS);
  if (record.compared && !record.compared.collation) add(NO_COLLATION);
  if (record.recoverySeconds !== undefined) add(RECOVERY, { seconds: record.recoverySeconds });
  add(RESULT, { result: resultOf(record) });
  return `${lines.join('\n')}\n`;
}

function resultOf({ outcome, compared, differences, error, recoverySeconds }: DrillRecord): Text {
  if (outcome === 'failed') {
    return fillIn(recoverySeconds === undefined ? FAILED : NOT_COMPARED, { message: error?.message ?? '' });
  }
  if (outcome === 'different') return fillIn(DIFFERENT, { count: differences.length });
  if (outcome === 'incomplete') return INCOMPLETE;
  const isAll = compared?.contents && compared.definitions && compared.collation;
  return isAll ? EQUAL : EQUAL_AS_FAR;
}

function describeDifference({
  kind,
  object,
  expected,
  found,
}: DrillRecord['differences'][number]): [Text, TextParameters] {
  if (kind === 'missing') return [MISSING, { object }];
  if (kind === 'unexpected') return [UNEXPECTED, { object }];
  if (kind === 'not restored') return [NOT_RESTORED, { object, message: found }];
  if (kind === 'unreadable') return [UNREADABLE, { object, message: found }];
  return [OTHER, { object, what: KINDS[kind] ?? { en: kind, zh: kind }, expected, found }];
}

const KINDS: Readonly<Record<string, Text>> = {
  rows: { en: 'rows', zh: '行数' },
  content: { en: 'contents', zh: '内容' },
  sequence: { en: 'value', zh: '当前值' },
  'large objects': { en: 'number', zh: '数量' },
  definition: { en: 'definition', zh: '定义' },
  owner: { en: 'owner', zh: '属主' },
  grants: { en: 'rights', zh: '权限' },
  comment: { en: 'comment', zh: '注释' },
  encoding: { en: 'encoding', zh: '编码' },
  collation: { en: 'collation', zh: '排序规则' },
};

const OMISSIONS: Readonly<Record<OmissionKind, Text>> = {
  rows: {
    en: '≠ NOT in the backup, by PG_DUMP_EXTRA_OPTS: the rows of {names}',
    zh: '≠ 备份中不含（PG_DUMP_EXTRA_OPTS）：{names} 的数据',
  },
  'large objects': {
    en: '≠ NOT in the backup, by PG_DUMP_EXTRA_OPTS: the large objects',
    zh: '≠ 备份中不含（PG_DUMP_EXTRA_OPTS）：大对象',
  },
  options: {
    en: '≠ NOT in the backup, by PG_DUMP_EXTRA_OPTS: what these leave out: {names}',
    zh: '≠ 备份中不含（PG_DUMP_EXTRA_OPTS）以下选项所排除的内容：{names}',
  },
  partial: {
    en: '? not compared, because the fingerprint is partial: {names}',
    zh: '? 未比对（指纹不完整）：{names}',
  },
  owners: {
    en: '? not compared: the owners, because the scratch server lacks roles or its user may not act for them',
    zh: '? 未比对：属主（临时服务器缺少角色，或其账号无权代表这些角色）',
  },
  grants: {
    en: '? not compared: the rights, because the scratch server lacks roles or its user may not act for them',
    zh: '? 未比对：权限（临时服务器缺少角色，或其账号无权代表这些角色）',
  },
  'no fingerprint': {
    en: '? not compared: anything, because the backup has no fingerprint (BACKUP_FINGERPRINT)',
    zh: '? 未做任何比对：该备份没有指纹（BACKUP_FINGERPRINT）',
  },
};

const HEADING: Text = { en: 'Drill of {run}', zh: '演练 {run}' };
const FETCHED: Text = { en: 'fetched   {size} in {seconds} s', zh: '下载  {size}，用时 {seconds} 秒' };
const CHECKED: Text = {
  en: 'checked   sha256 of {size} in {seconds} s',
  zh: '校验  {size} 的 sha256，用时 {seconds} 秒',
};
const RESTORED: Text = {
  en: 'restored  into {kind} PostgreSQL {version}, -j {jobs}, in {seconds} s',
  zh: '恢复  至{kind} PostgreSQL {version}，-j {jobs}，用时 {seconds} 秒',
};
const EMBEDDED: Text = { en: 'a throw-away', zh: '用后即弃的' };
const NAMED: Text = { en: 'a scratch database of', zh: '临时库所在的' };
const COMPARED: Text = {
  en: 'compared  {tables} tables with {rows} rows, {sequences} sequences, {largeObjects} large objects, {objects} objects in {seconds} s',
  zh: '比对  {tables} 张表共 {rows} 行、{sequences} 个序列、{largeObjects} 个大对象、{objects} 个对象，用时 {seconds} 秒',
};
const MISSING: Text = { en: '≠ {object}: missing', zh: '≠ {object}：缺失' };
const UNEXPECTED: Text = { en: '≠ {object}: was not in the backup', zh: '≠ {object}：备份中没有' };
const NOT_RESTORED: Text = { en: '≠ not restored: {object}: {message}', zh: '≠ 未恢复：{object}：{message}' };
const UNREADABLE: Text = {
  en: '≠ {object}: cannot be read: {message}',
  zh: '≠ {object}：无法读取：{message}',
};
const OTHER: Text = {
  en: '≠ {object}: {what}: "{expected}" in the backup, "{found}" restored',
  zh: '≠ {object}：{what}：备份时为 "{expected}"，恢复后为 "{found}"',
};
const AND_MORE: Text = { en: '… and {count} more', zh: '… 另有 {count} 处' };
const NO_CONTENTS: Text = {
  en: '  not compared: the contents of the rows (BACKUP_FINGERPRINT=content does)',
  zh: '  未比对：各行内容（可设 BACKUP_FINGERPRINT=content）',
};
const NO_DEFINITIONS: Text = {
  en: '  not compared: definitions of objects, which servers of two majors write differently',
  zh: '  未比对：对象定义（不同主版本的写法不同）',
};
const NO_COLLATION: Text = {
  en: '  not compared: the collation of the database, which the scratch server lacks',
  zh: '  未比对：库的排序规则（临时服务器没有）',
};
const RECOVERY: Text = {
  en: 'recovery  {seconds} s from the first byte to the last row',
  zh: '恢复时间  从首字节到末行共 {seconds} 秒',
};
const RESULT: Text = { en: 'result    {result}', zh: '结果  {result}' };
const EQUAL: Text = { en: 'restored, and equal', zh: '已恢复，且完全一致' };
const EQUAL_AS_FAR: Text = {
  en: 'restored; everything that was compared is equal',
  zh: '已恢复；所比对的内容全部一致',
};
const INCOMPLETE: Text = {
  en: 'restored; what was compared is equal, but not everything was compared or is in the backup',
  zh: '已恢复；所比对的内容一致，但并非全部内容都经过比对或包含在备份中',
};
const DIFFERENT: Text = {
  en: 'restored, and DIFFERENT in {count} places',
  zh: '已恢复，但有 {count} 处不同',
};
const NOT_COMPARED: Text = {
  en: 'restored, but NOT compared: {message}',
  zh: '已恢复，但未能比对：{message}',
};
const FAILED: Text = { en: 'NOT restored: {message}', zh: '未能恢复：{message}' };
