import type { Site } from '../overview/site.ts';
import type { IndexedRun } from '../run-index/run-index.ts';

const MOST_DRILLS = 20;

/** Everything about one run; the files as they stand, of which only the outline was checked. */
export interface ReadRun {
  readonly run: IndexedRun;
  readonly report: unknown;
  readonly record: unknown;
  readonly drills: readonly unknown[];
}

/** Reads the files of one run; undefined for a run that is not known. `target` tells runs of the same name apart. */
export async function readRun(
  { followed, targetOf }: Site,
  name: string,
  target: string | undefined,
): Promise<ReadRun | undefined> {
  const { index, layouts } = followed;
  const run = layouts
    .flatMap((_, place) => index.find(place, name) ?? [])
    .find((one) => target === undefined || targetOf(one) === target);
  if (!run) return undefined;
  const drills = index.drills.items
    .filter((drill) => drill.place === run.place && drill.run === name)
    .slice(0, MOST_DRILLS);
  const read = (kind: 'reports' | 'records' | 'drills', fileName: string): Promise<unknown> =>
    followed.read(run.place, kind, fileName);
  return {
    run,
    report: (await read('reports', run.fileName)) ?? null,
    record: (await read('records', run.fileName)) ?? null,
    drills: (await Promise.all(drills.map(({ fileName }) => read('drills', fileName)))).filter(
      (drill) => drill !== undefined,
    ),
  };
}
