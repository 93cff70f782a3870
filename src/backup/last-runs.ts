import pMap from 'p-map';
import { layoutOf } from '../files/layout.ts';
import type { TargetContext } from './context.ts';
import { listRuns, type RecordedRun, readRun } from './recorded-runs.ts';

const LOOKED_AT_ONCE = 4;

/** Those of the databases whose newest run of the target's server failed, and was not made good since. Few files are read, however many there are. */
export async function databasesThatFailed(
  context: TargetContext,
  databases: readonly string[],
): Promise<ReadonlySet<string>> {
  const { PG_HOST, PG_PORT, BACKUP_BASE_DIR } = context.settings;
  const layout = layoutOf(BACKUP_BASE_DIR);
  const runsByDatabase = Map.groupBy(await listRuns(layout, context.clock()), ({ database }) => database);
  const lastOf = async (database: string): Promise<RecordedRun | undefined> => {
    for (const named of runsByDatabase.get(database) ?? []) {
      const run = await readRun(layout, named);
      if (run?.series === `${PG_HOST}:${PG_PORT}`) return run;
    }
    return undefined;
  };
  const failed = await pMap(
    databases,
    async (database) => ((await lastOf(database))?.isSuccess === false ? [database] : []),
    { concurrency: LOOKED_AT_ONCE },
  );
  return new Set(failed.flat());
}
