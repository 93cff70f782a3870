import type { KnownRun } from '../backup/known-runs.ts';
import { planLocalPrune } from '../backup/prune-local.ts';
import { fillIn, type Text } from '../language.ts';
import type { RunRecord } from '../report/record.ts';
import { ofTarget } from './backup-items.ts';
import { at, type Evidence, finishedAt } from './evidence.ts';
import type { Item } from './item.ts';

/** Handbook, 7: the newest report says SUCCESS. */
export function lastRunItem({ runs, scope }: Evidence): Item {
  const item = { id: 'last-run', chapter: 'daily', title: TITLES.lastRun } as const;
  const [last] = runs;
  const remedies = [`pg-backup doctor${scope}`, `pg-backup backup${scope}`];
  if (!last) return { ...item, state: 'open', observed: NO_RUN, remedies };
  const ended = at(finishedAt(last));
  if (last.isProven) return { ...item, state: 'done', observed: fillIn(GOOD, { run: last.name }), ...ended };
  const code = last.record?.error?.code ?? 'FAILED';
  return { ...item, state: 'open', observed: fillIn(FAILED, { run: last.name, code }), ...ended, remedies };
}

/** Handbook, 8: the checksum is right and the archive can be read, which each run finds out before its dump counts. */
export function readBackItem({ newest, record, scope, context }: Evidence): Item {
  const item = { id: 'read-back', chapter: 'daily', title: TITLES.readBack } as const;
  const remedies = [`pg-backup backup${scope}`];
  if (!newest) return { ...item, state: 'open', observed: NO_RUN, remedies };
  const parameters = { run: newest.name };
  if (!record) return { ...item, state: 'open', observed: fillIn(NO_RECORD, parameters), remedies };
  if (record.proof !== 'none')
    return {
      ...item,
      state: 'done',
      observed: fillIn(PROOFS[record.proof], parameters),
      ...at(finishedAt(newest)),
    };
  const isEncrypted = context.settings.BACKUP_ENCRYPTION !== 'none';
  return {
    ...item,
    state: 'open',
    observed: fillIn(NOT_READ, parameters),
    remedies: isEncrypted ? [GIVE_KEY, ...remedies] : remedies,
  };
}

/** Handbook, 8: the roles can be restored too. */
export function globalsItem({ context, newest, record, scope }: Evidence): Item {
  const item = { id: 'globals', chapter: 'daily', title: TITLES.globals } as const;
  if (!context.settings.INCLUDE_GLOBALS) return { ...item, state: 'not-applicable', observed: GLOBALS_OFF };
  const globals = record?.globals ?? 'unknown';
  if (newest && (globals === 'with passwords' || globals === 'without passwords'))
    return {
      ...item,
      state: 'done',
      observed: fillIn(GLOBALS[globals], { run: newest.name }),
      ...at(finishedAt(newest)),
    };
  return { ...item, state: 'open', observed: NO_GLOBALS, remedies: [`pg-backup backup${scope}`] };
}

/** Handbook, 7: size and rows are what they were. */
export function warningItem({ newest, record, runs, context }: Evidence): Item {
  const item = { id: 'warning', chapter: 'daily', title: TITLES.warning } as const;
  if (!newest || !record || runs.filter(({ isProven }) => isProven).length < 2)
    return { ...item, state: 'not-applicable', observed: NOTHING_TO_COMPARE };
  const parameters = { run: newest.name, what: anomaliesOf(record) };
  if (record.warning && record.warning.acceptedAt === undefined) {
    const remedies = [`pg-backup accept ${newest.name}${ofTarget(context)}`];
    return {
      ...item,
      state: 'open',
      observed: fillIn(UNLIKE, parameters),
      ...at(finishedAt(newest)),
      remedies,
    };
  }
  const text = record.warning ? ACCEPTED : LIKE;
  return { ...item, state: 'done', observed: fillIn(text, parameters), ...at(finishedAt(newest)) };
}

function anomaliesOf({ warning }: RunRecord): string {
  return (warning?.anomalies ?? [])
    .map(({ kind, object, found, median }) => `${object ?? kind} ${found} (${median})`)
    .join(', ');
}

/** Handbook, 9: what could not be sent was sent since. */
export function waitingItem({ context, list, now }: Evidence): Item {
  const item = { id: 'waiting', chapter: 'daily', title: TITLES.waiting } as const;
  const waiting = [...list.copies.known.byName.values()].filter(
    (run: KnownRun) => run.awaitsUpload && run.database === context.settings.PG_DATABASE,
  );
  if (waiting.length > 0) {
    const observed = fillIn(SOME_WAIT, { count: waiting.length, run: waiting[0]?.name ?? '' });
    return { ...item, state: 'open', observed, remedies: [`pg-backup upload${ofTarget(context)}`] };
  }
  if (context.settings.BACKUP_MODE === 'local')
    return {
      ...item,
      state: 'not-applicable',
      observed: { en: 'BACKUP_MODE=local', zh: 'BACKUP_MODE=local' },
    };
  return { ...item, state: 'done', observed: NONE_WAITS, observedAt: now };
}

/** Handbook, 7: what was too old when the newest good run ended is gone. */
export async function retentionItem({ context, newest, scope }: Evidence): Promise<Item> {
  const item = { id: 'retention', chapter: 'daily', title: TITLES.retention } as const;
  const ended = newest && finishedAt(newest);
  if (!ended) return { ...item, state: 'open', observed: NO_RUN, remedies: [`pg-backup backup${scope}`] };
  const plan = await planLocalPrune({ ...context, clock: () => ended });
  const left = plan.filter(({ action }) => action === 'remove');
  const held = plan.filter(({ reason }) => reason === 'held');
  const parameters = {
    count: left.length,
    days: context.settings.RETENTION_DAYS,
    kept: plan.length,
    held: held.length,
  };
  if (held.length > 0) {
    const remedies = [`pg-backup accept${scope}`];
    return { ...item, state: 'open', observed: fillIn(HELD, parameters), remedies };
  }
  if (left.length > 0) {
    const remedies = [`pg-backup prune --dry-run${ofTarget(context)}`, `pg-backup prune${ofTarget(context)}`];
    return { ...item, state: 'open', observed: fillIn(LEFT, parameters), remedies };
  }
  return { ...item, state: 'done', observed: fillIn(NOTHING_LEFT, parameters), observedAt: ended };
}

const TITLES = {
  lastRun: { en: 'The newest run was a success', zh: '最近一次运行成功' },
  readBack: { en: 'The dump was read back in full', zh: '转储已完整读回' },
  globals: { en: 'Roles and tablespaces are in the backup', zh: '备份包含全局对象' },
  warning: { en: 'It is like the backups before it', zh: '与以往备份相符' },
  waiting: { en: 'Nothing waits for its upload', zh: '没有等待上传的备份' },
  retention: { en: 'Nothing stays that retention gives up', zh: '过期备份已被清理' },
} as const satisfies Record<string, Text>;

const NO_RUN: Text = { en: 'no run is on record', zh: '没有运行记录' };
const GOOD: Text = { en: '{run}', zh: '{run}' };
const FAILED: Text = { en: '{run} failed: {code}', zh: '{run} 失败：{code}' };
const NO_RECORD: Text = {
  en: '{run} was made by the host script, which reads nothing back',
  zh: '{run} 由宿主机脚本产生，未曾读回',
};
const NOT_READ: Text = { en: '{run} was not read back', zh: '{run} 未读回' };
const PROOFS = {
  read: { en: '{run}, before it got its name', zh: '{run}，在获得正式文件名之前' },
  stored: { en: '{run}, and its remote copy was compared', zh: '{run}，且已比对远端副本' },
  restored: { en: '{run}, and a drill restored it', zh: '{run}，且已由演练恢复' },
} as const satisfies Record<string, Text>;
const GIVE_KEY: Text = {
  en: 'set BACKUP_ENCRYPTION_IDENTITY_FILE (or the passphrase) where backups are made, if it may be there; else a drill where the key is',
  zh: '若允许，在备份处设置 BACKUP_ENCRYPTION_IDENTITY_FILE（或口令）；否则在持有密钥处演练',
};
const GLOBALS_OFF: Text = { en: 'INCLUDE_GLOBALS=false', zh: 'INCLUDE_GLOBALS=false' };
const GLOBALS = {
  'with passwords': { en: '{run}, with passwords', zh: '{run}，含密码' },
  'without passwords': {
    en: '{run}, without passwords: the user may not read them',
    zh: '{run}，不含密码：该用户无权读取',
  },
} as const satisfies Record<string, Text>;
const NO_GLOBALS: Text = { en: 'not seen in the newest backup', zh: '最新备份中未见' };
const NOTHING_TO_COMPARE: Text = { en: 'there are no two backups to compare', zh: '尚无可相互比较的备份' };
const LIKE: Text = { en: '{run} carries no warning', zh: '{run} 没有警告' };
const UNLIKE: Text = { en: '{run} carries a warning: {what}', zh: '{run} 带有警告：{what}' };
const ACCEPTED: Text = { en: '{run}: the warning was accepted', zh: '{run} 的警告已被确认' };
const SOME_WAIT: Text = { en: '{count} wait, such as {run}', zh: '有 {count} 个在等待，例如 {run}' };
const NONE_WAITS: Text = { en: 'none', zh: '无' };
const HELD: Text = {
  en: 'retention is held for {held} runs: the newest looks unlike the others',
  zh: '清理已暂停，涉及 {held} 次备份：最新备份与以往差异过大',
};
const LEFT: Text = {
  en: '{count} runs were past RETENTION_DAYS={days} when the newest run ended, and are still here',
  zh: '最新运行结束时已有 {count} 次备份超过 RETENTION_DAYS={days}，但仍未清理',
};
const NOTHING_LEFT: Text = {
  en: '{kept} runs below data/, none of which had to go by RETENTION_DAYS={days}',
  zh: 'data/ 下有 {kept} 次备份，按 RETENTION_DAYS={days} 均无需清理',
};
