import { basename } from 'node:path';
import { artifactFiles, filesOfRun, type Layout, parseArtifactName } from '../files/layout.ts';
import { readRecords, readReports } from '../report/directory.ts';
import type { RunRecord } from '../report/record.ts';
import type { Report, RunStatus } from '../report/report.ts';
import { parseRunName } from './run-name.ts';
import { markedRuns } from './running.ts';

/** A run that has a report or a record here, wherever its copies are. */
export interface KnownRun {
  readonly name: string;
  readonly database: string;
  readonly startedAt: Date;
  /** The server it came from. */
  readonly series: string;
  readonly status: RunStatus;
  readonly report: Report | undefined;
  readonly record: RunRecord | undefined;
  /** Reported as a success, or made good by a later upload, which leaves the report as it was and the record better. */
  readonly isProven: boolean;
  readonly awaitsUpload: boolean;
  readonly isRunning: boolean;
  /** The names that its files have, the dump's first, whether or not they are there. */
  readonly artifactNames: readonly string[];
}

export interface KnownRuns {
  readonly byName: ReadonlyMap<string, KnownRun>;
  /** Every run that is marked, most of them without a report yet. */
  readonly running: ReadonlySet<string>;
  /** Reports and records that were passed over. */
  readonly unreadable: readonly string[];
}

/** Reads what is known of all runs of all databases. */
export async function readKnownRuns(layout: Layout): Promise<KnownRuns> {
  // In this order: a run takes its mark away once its record and its report are there.
  const running = new Set(await markedRuns(layout));
  const [reports, records] = await Promise.all([readReports(layout.reports), readRecords(layout.records)]);
  const byName = new Map<string, KnownRun>();
  for (const name of new Set([...records.entries.keys(), ...reports.entries.keys()])) {
    const identity = parseRunName(name);
    const report = reports.entries.get(name);
    const record = records.entries.get(name);
    const known = record ?? report;
    if (!identity || !known) continue;
    byName.set(name, {
      name,
      database: identity.database,
      startedAt: identity.startedAt,
      series: `${known.host}:${known.port}`,
      status: known.status,
      report,
      record,
      isProven: isProven(report, record),
      // What a broken record would say of its upload is not known: the files stay.
      awaitsUpload: record?.awaitsUpload ?? records.unreadable.includes(`${name}.json`),
      isRunning: running.has(name),
      artifactNames: artifactNames(layout, name, report, record),
    });
  }
  return { byName, running, unreadable: [...reports.unreadable, ...records.unreadable] };
}

/** Whether a run was reported as a success, or was made good by a later upload, which leaves the report as it was and the record better. */
export function isProven(report: Report | undefined, record: RunRecord | undefined): boolean {
  // Remote copies are recorded once all of them are confirmed, also of what cannot be read back here.
  const isMadeGood = record && (record.proof === 'stored' || record.remote.length > 0);
  return report?.status === 'SUCCESS' || record?.status === 'SUCCESS' || isMadeGood === true;
}

/** True for a file or an object that a run here has left, or is making now. */
export function isAccountedFor(fileName: string, known: KnownRuns): boolean {
  const run = parseArtifactName(fileName)?.run;
  if (run === undefined) return false;
  return known.running.has(run) || known.byName.get(run)?.artifactNames.includes(fileName) === true;
}

/** What somebody made beside them, such as an encrypted copy, has a name of the same run and is none of its files. */
function artifactNames(
  layout: Layout,
  name: string,
  report: Report | undefined,
  record: RunRecord | undefined,
): string[] {
  const reported = parseArtifactName(basename(report?.local?.file ?? ''))?.encryption;
  const encryption = record?.encryption ?? reported ?? 'none';
  return artifactFiles(filesOfRun(layout, name, encryption)).map((path) => basename(path));
}
