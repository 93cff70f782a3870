import { join } from 'node:path';
import type { ErrorCode } from '../error-table.ts';
import { listDirectory } from '../files/durable-files.ts';
import type { Layout } from '../files/layout.ts';
import { readRecord, readReport } from '../report/directory.ts';
import { isProven } from './known-runs.ts';
import { newestFirst } from './retention.ts';
import { parseRunName, type RunIdentity } from './run-name.ts';

/** A run that has a record or a report here, as far as its name tells of it. */
export interface NamedRun extends RunIdentity {
  readonly name: string;
}

export interface RecordedRun extends NamedRun {
  /** The server it came from, as `host:port`. */
  readonly series: string;
  /** It was a success, or was made good by a later upload. */
  readonly isSuccess: boolean;
  /** Absent for a success, and where there is no record. */
  readonly errorCode?: ErrorCode;
}

/** The clocks of two hosts may differ so much: that of a CronJob's controller, and that of its pod. */
export const CLOCK_DIFFERENCE_MILLISECONDS = 60_000;
const SUFFIX = '.json';

/** Whether a wrong clock must have dated a run: it would be the newest for years. */
export function isInTheFuture({ startedAt }: Pick<NamedRun, 'startedAt'>, now: Date): boolean {
  return startedAt.getTime() > now.getTime() + CLOCK_DIFFERENCE_MILLISECONDS;
}

/**
 * Every run that has a record or a report, the newest first; without those of the future. Only names are read, so that it stays quick.
 */
export async function listRuns(layout: Layout, now: Date): Promise<NamedRun[]> {
  const [records, reports] = await Promise.all([
    listDirectory(layout.records),
    listDirectory(layout.reports),
  ]);
  const names = new Set(
    [...records, ...reports].map(({ name }) => name).filter((name) => name.endsWith(SUFFIX)),
  );
  const runs = [...names].flatMap((fileName): NamedRun[] => {
    const name = fileName.slice(0, -SUFFIX.length);
    const identity = parseRunName(name);
    return identity ? [{ ...identity, name }] : [];
  });
  return newestFirst(runs.filter((run) => !isInTheFuture(run, now)));
}

/** Reads what one run came to; undefined where neither its record nor its report can be read. */
export async function readRun(layout: Layout, run: NamedRun): Promise<RecordedRun | undefined> {
  const fileName = `${run.name}${SUFFIX}`;
  const [record, report] = await Promise.all([
    readRecord(join(layout.records, fileName)),
    readReport(join(layout.reports, fileName)),
  ]);
  const known = record ?? report;
  if (!known) return undefined;
  return {
    ...run,
    series: `${known.host}:${known.port}`,
    isSuccess: isProven(report, record),
    ...(record?.error && { errorCode: record.error.code }),
  };
}
