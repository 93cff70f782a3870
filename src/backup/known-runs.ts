import { basename } from 'node:path';
import { artifactFiles, filesOfRun, type Layout, layoutOf, parseArtifactName } from '../files/layout.ts';
import { type IsWanted, readRecords, readReports } from '../report/directory.ts';
import type { RecordSummary } from '../report/record.ts';
import type { Report, RunStatus } from '../report/report.ts';
import type { BackupContext, TargetContext } from './context.ts';
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
  readonly record: RecordSummary | undefined;
  /** Reported as a success, or made good by a later upload, which leaves the report as it was and the record better. */
  readonly isProven: boolean;
  readonly awaitsUpload: boolean;
  readonly isRunning: boolean;
  /** The names that its files have, the dump's first, whether or not they are there. */
  readonly artifactNames: readonly string[];
}

export interface KnownRuns {
  readonly byName: ReadonlyMap<string, KnownRun>;
  /** Runs that were not asked for, such as those of other databases: nothing but their names was read. */
  readonly others: ReadonlySet<string>;
  /** Runs of other targets that keep their backups in the same directory: nothing of them is ours to touch, or to tell of. */
  readonly foreign: ReadonlySet<string>;
  /** Every run that is marked, most of them without a report yet. */
  readonly running: ReadonlySet<string>;
  /** Reports and records that were passed over. */
  readonly unreadable: readonly string[];
}

/** Reads what is known of the runs of the configured database; of those of others, only the names. */
export async function readKnownRuns(context: BackupContext): Promise<KnownRuns> {
  const { PG_DATABASE } = context.settings;
  // What is no run's name belongs to every database, so that somebody tells of it.
  return readRuns(context, (name) => (parseRunName(name)?.database ?? PG_DATABASE) === PG_DATABASE);
}

/** The same of certain runs only; all others count as those of other databases. */
export async function readNamedRuns(context: TargetContext, names: ReadonlySet<string>): Promise<KnownRuns> {
  return readRuns(context, (name) => names.has(name));
}

/** Reads what is known of the runs of all databases. */
export async function readAllKnownRuns(context: TargetContext): Promise<KnownRuns> {
  return readRuns(context, () => true);
}

async function readRuns(context: TargetContext, isWanted: IsWanted): Promise<KnownRuns> {
  const layout = layoutOf(context.settings.BACKUP_BASE_DIR);
  // In this order: a run takes its mark away once its record and its report are there.
  const running = new Set(await markedRuns(layout));
  const [reports, records] = await Promise.all([
    readReports(layout.reports, isWanted),
    readRecords(layout.records, isWanted),
  ]);
  const byName = new Map<string, KnownRun>();
  const foreign = new Set<string>();
  for (const name of new Set([...records.entries.keys(), ...reports.entries.keys()])) {
    const identity = parseRunName(name);
    const report = reports.entries.get(name);
    const record = records.entries.get(name);
    const known = record ?? report;
    if (!identity || !known) continue;
    const series = `${known.host}:${known.port}`;
    if (context.foreignSeries.has(series)) {
      foreign.add(name);
      continue;
    }
    byName.set(name, {
      name,
      database: identity.database,
      startedAt: identity.startedAt,
      series,
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
  const others = new Set([...reports.unread, ...records.unread]);
  const unreadable = [...reports.unreadable, ...records.unreadable];
  return { byName, others, foreign, running, unreadable };
}

/** Whether a run was reported as a success, or was made good by a later upload, which leaves the report as it was and the record better. */
export function isProven(report: Report | undefined, record: RecordSummary | undefined): boolean {
  // Remote copies are recorded once all of them are confirmed, also of what cannot be read back here.
  const isMadeGood = record && (record.proof === 'stored' || record.remote.length > 0);
  return report?.status === 'SUCCESS' || record?.status === 'SUCCESS' || isMadeGood === true;
}

/** True for a file or an object that a run here has left, or is making now; of a run that is none of ours, its name is all that is looked at. */
export function isAccountedFor(fileName: string, known: KnownRuns): boolean {
  const run = parseArtifactName(fileName)?.run;
  if (run === undefined) return false;
  return isElsewhere(run, known) || known.byName.get(run)?.artifactNames.includes(fileName) === true;
}

/** Whether what has the name of this run is somebody else's to judge: of a run under way, another database, or another target. */
export function isElsewhere(run: string, { running, others, foreign }: KnownRuns): boolean {
  return running.has(run) || others.has(run) || foreign.has(run);
}

/** What somebody made beside them, such as an encrypted copy, has a name of the same run and is none of its files. */
function artifactNames(
  layout: Layout,
  name: string,
  report: Report | undefined,
  record: RecordSummary | undefined,
): string[] {
  const reported = parseArtifactName(basename(report?.local?.file ?? ''))?.encryption;
  const encryption = record?.encryption ?? reported ?? 'none';
  return artifactFiles(filesOfRun(layout, name, encryption)).map((path) => basename(path));
}
