import { join } from 'node:path';
import type { BackupContext } from '../backup/context.ts';
import type { KnownRun } from '../backup/known-runs.ts';
import { type DatabaseList, type ListedBackup, listDatabase } from '../backup/list-backups.ts';
import { readOwnDrills } from '../backup/own-drills.ts';
import { isInTheFuture } from '../backup/recorded-runs.ts';
import { newestFirst } from '../backup/retention.ts';
import type { Finding } from '../doctor/examine-target.ts';
import { layoutOf } from '../files/layout.ts';
import { readRecord } from '../report/directory.ts';
import type { DrillRecord } from '../report/drill-record.ts';
import type { RunRecord } from '../report/record.ts';
import { seriesOf } from '../schedule/read-freshness.ts';

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
  /** The newest first. */
  readonly drills: readonly DrillRecord[];
  /** Of the doctor: those of this database, and those of its target. */
  readonly findings: readonly Finding[];
}

/** Looks at what lies on the volume and in the store. */
export async function gatherEvidence(
  context: BackupContext,
  findings: readonly Finding[],
  scope: string,
): Promise<Evidence> {
  const now = context.clock();
  const { PG_DATABASE, BACKUP_BASE_DIR } = context.settings;
  const list = await listDatabase(context);
  const { known } = list.copies;
  const own = [...known.byName.values()].filter(
    (run) =>
      run.database === PG_DATABASE &&
      run.series === seriesOf(context) &&
      !run.isRunning &&
      !isInTheFuture(run, now),
  );
  const runs = newestFirst(own);
  const newest = runs.find(({ isProven }) => isProven);
  const { records } = layoutOf(BACKUP_BASE_DIR);
  return {
    context,
    now,
    scope,
    runs,
    newest,
    record: newest && (await readRecord(join(records, `${newest.name}.json`))),
    copy: list.backups.find(({ run }) => run === newest?.name),
    list,
    drills: await readOwnDrills(context, PG_DATABASE),
    findings: findings.filter(({ database }) => database === undefined || database === PG_DATABASE),
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
