import { join } from 'node:path';
import { type BackupContext, forDatabase } from '../backup/context.ts';
import type { KnownRun } from '../backup/known-runs.ts';
import { type DatabaseList, type ListedBackup, listDatabase } from '../backup/list-backups.ts';
import { readOwnDrills } from '../backup/own-drills.ts';
import { isInTheFuture } from '../backup/recorded-runs.ts';
import { newestFirst } from '../backup/retention.ts';
import { type Finding, scopeOf } from '../doctor/examine-target.ts';
import { layoutOf } from '../files/layout.ts';
import { readRecord } from '../report/directory.ts';
import type { DrillRecord } from '../report/drill-record.ts';
import type { RunRecord } from '../report/record.ts';
import { seriesOf } from '../schedule/read-freshness.ts';
import type { History } from './history.ts';
import { onlyOwnSeries } from './own-series.ts';

/** All that the list of one database is ticked by. */
export interface Evidence {
  readonly context: BackupContext;
  readonly now: Date;
  /** ` --target … --database …`, where a command has to be told. */
  readonly scope: string;
  /** The runs of the configured server that have ended, the newest first. */
  readonly runs: readonly KnownRun[];
  /** The newest of them that is a success. */
  readonly newest: KnownRun | undefined;
  /** Its whole record; the old script left none. */
  readonly record: RunRecord | undefined;
  /** Where its dump is now. */
  readonly copy: ListedBackup | undefined;
  readonly list: DatabaseList;
  /** Of the runs of the configured server, and of those that nothing is known of; the newest first. */
  readonly drills: readonly DrillRecord[];
  /** Of the doctor: those of this database, and those of its target. */
  readonly findings: readonly Finding[];
  readonly history: Omit<History, 'context'>;
}

/** Looks at what the history tells, and at what lies on the volume and in the store. */
export async function gatherEvidence(
  own: BackupContext,
  { findings, history }: { readonly findings: readonly Finding[]; readonly history: History },
): Promise<Evidence> {
  const { PG_DATABASE } = own.settings;
  const context = forDatabase(history.context, PG_DATABASE);
  const { BACKUP_BASE_DIR } = context.settings;
  const now = context.clock();
  const list = await listDatabase(context);
  const { known } = list.copies;
  const ended = [...known.byName.values()].filter(
    (run) =>
      run.database === PG_DATABASE &&
      run.series === seriesOf(context) &&
      !run.isRunning &&
      !isInTheFuture(run, now),
  );
  const runs = newestFirst(ended);
  const newest = runs.find(({ isProven }) => isProven);
  const { records } = layoutOf(BACKUP_BASE_DIR);
  return {
    context,
    now,
    scope: scopeOf(context, PG_DATABASE),
    runs,
    newest,
    record: newest && (await readRecord(join(records, `${newest.name}.json`))),
    copy: list.backups.find(({ run }) => run === newest?.name),
    list,
    drills: await readOwnDrills(await onlyOwnSeries(context), PG_DATABASE),
    findings: findings.filter(({ database }) => database === undefined || database === PG_DATABASE),
    history,
  };
}

/** When the run ended. */
export function finishedAt({ report, record }: KnownRun): Date | undefined {
  const text = record?.finishedAt ?? report?.finishedAt;
  const time = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(time) ? undefined : new Date(time);
}

/** Where it is known, to be spread into an item. */
export function at(time: Date | undefined): { observedAt?: Date } {
  return time === undefined ? {} : { observedAt: time };
}
