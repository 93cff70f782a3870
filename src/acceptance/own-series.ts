import type { TargetContext } from '../backup/context.ts';
import { readAllKnownRuns } from '../backup/known-runs.ts';
import { seriesOf } from '../schedule/read-freshness.ts';

/** The same context for which the runs of all other servers in its directory, whether or not they are targets, are foreign. */
export async function onlyOwnSeries<T extends TargetContext>(context: T): Promise<T> {
  const { byName } = await readAllKnownRuns(context);
  const others = [...byName.values()]
    .map(({ series }) => series)
    .filter((name) => name !== seriesOf(context));
  return { ...context, foreignSeries: new Set([...context.foreignSeries, ...others]) };
}
