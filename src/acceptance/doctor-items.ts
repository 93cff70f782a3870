import type { Finding, Group } from '../doctor/examine-target.ts';
import type { Text } from '../language.ts';
import { fillIn } from '../language.ts';
import { joinTexts } from '../schedule/time-text.ts';
import type { Evidence } from './evidence.ts';
import type { Item } from './item.ts';

/** Handbook, 9: nothing stands in the way of the next backup, upload, restore or drill; one item for each part that the doctor looks at. */
export function doctorItems({ findings, context, now }: Evidence): Item[] {
  const { BACKUP_MODE, BACKUP_ENCRYPTION } = context.settings;
  const unused = {
    bucket: BACKUP_MODE === 'local' ? sameText('BACKUP_MODE=local') : undefined,
    encryption: BACKUP_ENCRYPTION === 'none' ? sameText('BACKUP_ENCRYPTION=none') : undefined,
  };
  return GROUPS.map((group) => {
    const item = { id: group, chapter: 'faults', title: TITLES[group] } as const;
    const reason = group === 'bucket' || group === 'encryption' ? unused[group] : undefined;
    if (reason) return { ...item, state: 'not-applicable', observed: reason };
    return { ...item, ...judge(findings.filter((finding) => finding.group === group)), observedAt: now };
  });
}

function judge(findings: readonly Finding[]): Pick<Item, 'state' | 'observed' | 'remedies'> {
  const checks = findings.map(({ check }) => check);
  if (checks.length === 0) return { state: 'open', observed: NOT_LOOKED_AT, remedies: ['pg-backup doctor'] };
  const bad = checks.filter(({ state }) => state === 'bad');
  if (bad.length > 0) {
    const observed = joinTexts(
      bad.map(({ text }) => text),
      SEMICOLON,
    );
    return { state: 'open', observed, remedies: bad.flatMap(({ remedy }) => remedy ?? []) };
  }
  const warnings = checks.filter(({ state }) => state === 'warning').length;
  return {
    state: 'done',
    observed: fillIn(warnings === 0 ? GOOD : WARNINGS, { count: checks.length, warnings }),
  };
}

function sameText(text: string): Text {
  return { en: text, zh: text };
}

type AskedGroup = Exclude<Group, 'schedule' | 'past'>;
const TITLES: Readonly<Record<AskedGroup, Text>> = {
  programs: { en: 'The programs are there', zh: '所需程序齐全' },
  database: { en: 'The database can be reached and read', zh: '数据库可连接且可读取' },
  volume: { en: 'The volume can be written and has room', zh: '存储卷可写且空间充足' },
  bucket: { en: 'The store can be used', zh: '远端存储可用' },
  encryption: { en: 'Files can be encrypted', zh: '可以加密' },
  recovery: { en: 'Restores and drills have what they need', zh: '恢复与演练条件具备' },
};
const GROUPS = Object.keys(TITLES) as AskedGroup[];

const SEMICOLON: Text = { en: '; ', zh: '；' };
const NOT_LOOKED_AT: Text = {
  en: 'not looked at, because of what failed before',
  zh: '因前面的失败而未检查',
};
const GOOD: Text = { en: '{count} checks of the doctor', zh: 'doctor 的 {count} 项检查' };
const WARNINGS: Text = {
  en: '{count} checks of the doctor, {warnings} of them with a warning (see pg-backup doctor)',
  zh: 'doctor 的 {count} 项检查，其中 {warnings} 项有警告（见 pg-backup doctor）',
};
