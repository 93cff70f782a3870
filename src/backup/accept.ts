import { PgBackupError } from '../errors.ts';
import { filesOfRun, layoutOf } from '../files/layout.ts';
import { fillIn, type Text } from '../language.ts';
import { readRecord, writeRecord } from '../report/directory.ts';
import { holdsRetention } from './anomaly.ts';
import type { BackupContext } from './context.ts';
import { type KnownRun, readKnownRuns } from './known-runs.ts';
import { isInTheFuture } from './recorded-runs.ts';
import { newestFirst } from './retention.ts';
import { oweReports, sendReports } from './unsent-reports.ts';

/**
 * Says that a run which carries a warning is as it should be: retention goes on, and the next runs are compared with those from this one on.
 * The newest run that carries one, unless one is named.
 * @throws PgBackupError NO_SUCH_RUN where there is nothing to accept
 */
export async function acceptRun(context: BackupContext, name: string | undefined): Promise<void> {
  const { settings, clock, log } = context;
  const layout = layoutOf(settings.BACKUP_BASE_DIR);
  const { byName } = await readKnownRuns(context);
  const ours = newestFirst([...byName.values()]).filter(({ database }) => database === settings.PG_DATABASE);
  const now = clock();
  const run =
    name === undefined
      ? ours.find((known) => isUnlike(known) && !isInTheFuture(known, now))
      : ours.find((known) => known.name === name);
  // All of it, and as it is now: what is read of many is a summary.
  const record = run && (await readRecord(filesOfRun(layout, run.name).record));
  if (!record?.warning || record.warning.acceptedAt !== undefined) {
    const detail =
      name === undefined ? fillIn(NONE, { database: settings.PG_DATABASE }) : fillIn(NOT_IT, { run: name });
    throw new PgBackupError('NO_SUCH_RUN', { detail });
  }
  const warning = { ...record.warning, acceptedAt: now.toISOString() };
  await oweReports(context, record.run, ['records']);
  await writeRecord(filesOfRun(layout, record.run).record, { ...record, warning });
  log('info', 'ACCEPTED', { run: record.run });
  await sendReports(context);
}

/**
 * The series of one database whose newest successful run has lost something: nothing old of them may go, as it may be all that is left of
 * what is missing. A run that a wrong clock dated in the future says nothing of it.
 */
export function heldSeries(known: Iterable<KnownRun>, database: string, now: Date): Set<string> {
  const good = newestFirst(
    [...known].filter(
      (run) => run.database === database && run.status === 'SUCCESS' && !isInTheFuture(run, now),
    ),
  );
  const newest = new Map(good.toReversed().map((run) => [run.series, run]));
  const held = [...newest.values()].filter(({ record }) => record && holdsRetention(record));
  return new Set(held.map(({ series }) => series));
}

function isUnlike({ record }: KnownRun): boolean {
  return record?.warning !== undefined && record.warning.acceptedAt === undefined;
}

const NONE: Text = {
  en: 'No backup of {database} carries a warning that is not accepted',
  zh: '{database} 没有带未确认警告的备份',
};
const NOT_IT: Text = {
  en: '{run} carries no warning that is not accepted',
  zh: '{run} 没有未确认的警告',
};
