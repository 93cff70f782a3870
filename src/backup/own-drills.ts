import { layoutOf } from '../files/layout.ts';
import { readDrillRecords } from '../report/directory.ts';
import type { DrillRecord } from '../report/drill-record.ts';
import type { TargetContext } from './context.ts';
import { readRun } from './recorded-runs.ts';
import { parseRunName } from './run-name.ts';

/** The drills on record, newest first, of one database where it is named; without those of the runs of other targets. */
export async function readOwnDrills(context: TargetContext, database?: string): Promise<DrillRecord[]> {
  const { drills: directory } = layoutOf(context.settings.BACKUP_BASE_DIR);
  const isWanted = (name: string): boolean =>
    database === undefined || (databaseIn(name) ?? database) === database;
  const { entries } = await readDrillRecords(directory, isWanted);
  const drills = [...entries.values()]
    .filter((drill) => database === undefined || drill.database === database)
    .toSorted((a, b) => (a.startedAt < b.startedAt ? 1 : -1));
  const foreign = await foreignRuns(context, new Set(drills.map(({ run }) => run)));
  return drills.filter(({ run }) => !foreign.has(run));
}

/** The name of a drill's record is that of its run, and its own time. */
function databaseIn(name: string): string | undefined {
  return parseRunName(name.replace(/_[^_]*$/, ''))?.database;
}

/** Those of the runs that other targets have made; a drill's record does not tell of the server. */
async function foreignRuns(context: TargetContext, names: Iterable<string>): Promise<Set<string>> {
  const foreign = new Set<string>();
  if (context.foreignSeries.size === 0) return foreign;
  const layout = layoutOf(context.settings.BACKUP_BASE_DIR);
  for (const name of names) {
    const identity = parseRunName(name);
    const run = identity && (await readRun(layout, { ...identity, name }));
    if (run && context.foreignSeries.has(run.series)) foreign.add(name);
  }
  return foreign;
}
