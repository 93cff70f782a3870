import { basename, join } from 'node:path';
import { listDirectory } from '../files/durable-files.ts';
import { type Layout, parseArtifactName } from '../files/layout.ts';
import { readRecords, readReports } from '../report/directory.ts';
import type { RunRecord } from '../report/record.ts';
import type { Report } from '../report/report.ts';
import { fileSizeBytes } from './dump.ts';
import type { RetentionRun } from './retention.ts';
import { parseRunName } from './run-name.ts';
import { markedRuns } from './running.ts';

/** A run that has files here, as its report and record tell of it. */
export interface PastRun extends RetentionRun {
  readonly database: string;
  readonly files: readonly string[];
  readonly sizeBytes: number;
  readonly record: RunRecord | undefined;
}

export interface History {
  readonly runs: readonly PastRun[];
  readonly unreadable: readonly string[];
}

/** The runs of one database that have files below `data/`. Files of no reported run are not ours and never appear. */
export async function readHistory(layout: Layout, database: string): Promise<History> {
  const [reports, records, running, files] = await Promise.all([
    readReports(layout.reports),
    readRecords(layout.records),
    markedRuns(layout),
    artifactsByRun(layout.data),
  ]);
  const runs = [...files].flatMap(([name, paths]): PastRun[] => {
    const identity = parseRunName(name);
    const report = reports.entries.get(name);
    const record = records.entries.get(name);
    const known = record ?? report;
    if (!identity || !known || identity.database !== database) return [];
    const dump = paths.find((path) => parseArtifactName(basename(path))?.kind === 'dump');
    const sizeBytes = dump === undefined ? 0 : fileSizeBytes(dump);
    return [
      {
        name,
        database,
        startedAt: identity.startedAt,
        series: `${known.host}:${known.port}`,
        isGood: sizeBytes > 0 && isProven(report, record),
        // What a broken record would say of its upload is not known: the files stay.
        awaitsUpload: record?.awaitsUpload ?? records.unreadable.includes(`${name}.json`),
        isRunning: running.includes(name),
        files: paths,
        sizeBytes,
        record,
      },
    ];
  });
  return { runs, unreadable: [...reports.unreadable, ...records.unreadable] };
}

/** A failed upload that was made good later leaves the report as it was and the record better. */
function isProven(report: Report | undefined, record: RunRecord | undefined): boolean {
  return report?.status === 'SUCCESS' || record?.status === 'SUCCESS' || record?.proof === 'stored';
}

async function artifactsByRun(directory: string): Promise<Map<string, string[]>> {
  const byRun = new Map<string, string[]>();
  for (const entry of await listDirectory(directory)) {
    const run = entry.isFile() ? parseArtifactName(entry.name)?.run : undefined;
    if (run === undefined) continue;
    byRun.set(run, [...(byRun.get(run) ?? []), join(directory, entry.name)]);
  }
  return byRun;
}
