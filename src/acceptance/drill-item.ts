import { fillIn, type Text } from '../language.ts';
import type { DrillRecord } from '../report/drill-record.ts';
import { seriesOf } from '../schedule/read-freshness.ts';
import type { Evidence } from './evidence.ts';
import type { Item } from './item.ts';

/** Handbook, 12: the newest drill restored a backup of this server and compared its tables, not too long ago. */
export function drillItem({ context, drills, findings, list, scope }: Evidence): Item {
  const item = { id: 'drill', chapter: 'go-live', title: TITLE } as const;
  const remedies = [`pg-backup drill${scope}`];
  const check = findings.find((finding) => finding.check.id === 'last-drill')?.check;
  const [newest] = drills;
  if (!newest || !check) return { ...item, state: 'open', observed: check?.text ?? NOT_SEEN, remedies };
  const observedAt = new Date(newest.finishedAt);
  if (check.state !== 'good') return { ...item, state: 'open', observed: check.text, observedAt, remedies };
  const drilled = list.copies.known.byName.get(newest.run);
  if (drilled?.series !== seriesOf(context))
    return {
      ...item,
      state: 'open',
      observed: fillIn(OF_UNKNOWN, parametersOf(newest)),
      observedAt,
      remedies,
    };
  const proof = drilled?.record?.proof;
  // Where only what the backup leaves out itself was not compared, it counts as restored all the same.
  const isProven = newest.outcome === 'equal' || (newest.outcome === 'incomplete' && proof === 'restored');
  const isCompared = newest.compared !== null && isProven;
  const observed = fillIn(isCompared ? COMPARED : INCOMPLETE, parametersOf(newest));
  if (isCompared) return { ...item, state: 'done', observed, observedAt };
  return { ...item, state: 'open', observed, observedAt, remedies: [...remedies, FINGERPRINT] };
}

function parametersOf({ run, compared, omissions, recoverySeconds }: DrillRecord) {
  return {
    run,
    tables: compared?.tables ?? 0,
    rows: compared?.rows ?? 0,
    seconds: recoverySeconds ?? '?',
    kinds: omissions.map(({ kind }) => kind).join(', ') || '-',
  };
}

const TITLE: Text = {
  en: 'A drill restored a backup, and its tables were compared',
  zh: '完成恢复演练并比对各表',
};
const NOT_SEEN: Text = { en: 'no drill is on record', zh: '没有演练记录' };
const OF_UNKNOWN: Text = {
  en: '{run} was drilled, but nothing here tells that it is a backup of this server',
  zh: '{run} 已演练，但此处没有信息表明它是本服务器的备份',
};
const COMPARED: Text = {
  en: '{run}: {tables} tables with {rows} rows compared, no difference; a recovery takes {seconds} s',
  zh: '{run}：比对 {tables} 张表、{rows} 行，没有差异；恢复用时 {seconds} 秒',
};
const INCOMPLETE: Text = {
  en: '{run} was restored, but not everything was compared: {kinds}',
  zh: '{run} 已恢复，但并非全部内容都已比对：{kinds}',
};
const FINGERPRINT: Text = {
  en: 'where there is no fingerprint: set BACKUP_FINGERPRINT=counts, and back up again',
  zh: '若没有指纹：设置 BACKUP_FINGERPRINT=counts 后重新备份',
};
