import prettyBytes from 'pretty-bytes';
import { filesOfRun } from '../files/layout.ts';
import { fillIn, render, type Text } from '../language.ts';
import { readRecord } from '../report/directory.ts';
import type { Anomaly, RunRecord } from '../report/record.ts';
import { chooseBaseline, findAnomalies, holdsRetention, RECENT_RUNS } from './anomaly.ts';
import type { BackupContext } from './context.ts';
import type { OpenRun } from './open-run.ts';
import type { Findings } from './outcome.ts';
import { listRuns } from './recorded-runs.ts';

/** Compares a run that is about to succeed with the recent ones, and puts into its findings, and into the log, what looks unlike them. */
export async function warnOfAnomalies(
  context: BackupContext,
  run: Pick<OpenRun, 'journal' | 'layout'>,
  findings: Findings,
): Promise<void> {
  const { journal } = run;
  const { BACKUP_ANOMALY_PERCENT: percent } = context.settings;
  const baseline = percent === 0 ? [] : await readBaseline(context, run);
  const anomalies = findAnomalies({ ...journal, ...findings }, baseline, percent);
  if (anomalies.length === 0) return;
  findings.warning = { anomalies };
  const detail = describeAnomalies({ anomalies }).map((text) => render(text, context.language));
  context.log('warn', 'RUN_UNLIKE', { detail: detail.join('; ') });
  if (holdsRetention(findings)) context.log('warn', 'RUN_LOST', { run: journal.run });
}

/** The newest are read, and older ones only as long as they could change the choice: each record names every table. */
async function readBaseline(
  context: BackupContext,
  { journal, layout }: Pick<OpenRun, 'journal' | 'layout'>,
): Promise<RunRecord[]> {
  const earlier: Pick<RunRecord, 'run' | 'leftOut' | 'warning'>[] = [];
  const recent = new Map<string, RunRecord>();
  for (const { name, database } of await listRuns(layout, context.clock())) {
    if (database !== journal.database) continue;
    const record = await readRecord(filesOfRun(layout, name).record);
    const isLike = record?.host === journal.host && record.port === journal.port;
    if (!isLike || record.status !== 'SUCCESS') continue;
    const { run, leftOut, warning } = record;
    earlier.push({ run, leftOut, ...(warning ? { warning } : {}) });
    if (recent.size < RECENT_RUNS && !holdsRetention(record)) recent.set(run, record);
    if (recent.size === RECENT_RUNS && chooseBaseline(journal.leftOut, earlier).length > 0) break;
  }
  return chooseBaseline(journal.leftOut, earlier).flatMap(({ run }) => recent.get(run) ?? []);
}

/** One sentence for each of the first anomalies, and how many there are more. */
export function describeAnomalies({
  anomalies,
}: Pick<NonNullable<RunRecord['warning']>, 'anomalies'>): Text[] {
  const named = anomalies.slice(0, NAMED_ANOMALIES).map(describe);
  const more = anomalies.length - named.length;
  return more > 0 ? [...named, fillIn(MORE, { more })] : named;
}

const NAMED_ANOMALIES = 5;

function describe({ kind, object = '', found, median }: Anomaly): Text {
  if (kind === 'size') return fillIn(SIZE, { found: prettyBytes(found), median: prettyBytes(median) });
  return fillIn(kind === 'rows' ? ROWS : TABLE, { object, found, median });
}

const SIZE: Text = {
  en: 'the dump has {found}; the median of the recent ones is {median}',
  zh: '转储大小为 {found}，近期中位数为 {median}',
};
const ROWS: Text = {
  en: 'there are {found} rows; the median of the recent backups is {median}',
  zh: '共 {found} 行，近期备份的中位数为 {median}',
};
const TABLE: Text = {
  en: 'table {object} has {found} rows; the median of the recent backups is {median}',
  zh: '表 {object} 有 {found} 行，近期备份的中位数为 {median}',
};
const MORE: Text = { en: 'and {more} more', zh: '另有 {more} 处' };
