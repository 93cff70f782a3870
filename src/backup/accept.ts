import { PgBackupError } from '../errors.ts';
import { filesOfRun, layoutOf } from '../files/layout.ts';
import { fillIn, type Text } from '../language.ts';
import { writeRecord } from '../report/directory.ts';
import type { BackupContext } from './context.ts';
import { type KnownRun, readKnownRuns } from './known-runs.ts';
import { newestFirst } from './retention.ts';

/**
 * Says that a run which carries a warning is as it should be: retention goes on, and the next runs are compared with those from this one on.
 * The newest run that carries one, unless one is named.
 * @throws PgBackupError NO_SUCH_RUN where there is nothing to accept
 */
export async function acceptRun(context: BackupContext, name: string | undefined): Promise<void> {
  const { settings, clock, log } = context;
  const layout = layoutOf(settings.BACKUP_BASE_DIR);
  const { byName } = await readKnownRuns(layout);
  const ours = newestFirst([...byName.values()]).filter(({ database }) => database === settings.PG_DATABASE);
  const run = name === undefined ? ours.find(isUnlike) : ours.find((known) => known.name === name);
  const { record } = run ?? {};
  if (!record?.warning || record.warning.acceptedAt !== undefined) {
    const detail =
      name === undefined ? fillIn(NONE, { database: settings.PG_DATABASE }) : fillIn(NOT_IT, { run: name });
    throw new PgBackupError('NO_SUCH_RUN', { detail });
  }
  const warning = { ...record.warning, acceptedAt: clock().toISOString() };
  await writeRecord(filesOfRun(layout, record.run).record, { ...record, warning });
  log('info', 'ACCEPTED', { run: record.run });
}

/**
 * The series of one database whose newest successful run looks unlike its forerunners: nothing old of them may go, as it may be all that is left of
 * what is missing.
 */
export function heldSeries(known: Iterable<KnownRun>, database: string): Set<string> {
  const good = newestFirst([...known].filter((run) => run.database === database && run.status === 'SUCCESS'));
  const newest = new Map(good.toReversed().map((run) => [run.series, run]));
  return new Set([...newest.values()].filter(isUnlike).map(({ series }) => series));
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
