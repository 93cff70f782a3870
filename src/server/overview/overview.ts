import { statfs } from 'node:fs/promises';
import type { TargetContext } from '../../backup/context.ts';
import { parseKeepRules } from '../../backup/keep-rules.ts';
import { forecastSpace, type SpaceForecast, type SpaceRun } from '../../backup/space-forecast.ts';
import { databasesOf } from '../../schedule/read-freshness.ts';
import type { FollowedIndex } from '../run-index/follow.ts';
import { type IndexedRun, runNameOf } from '../run-index/run-index.ts';
import { isGood, serverOf } from '../run-index/views.ts';
import { type DatabaseOverview, overviewOf } from './database-overview.ts';

/** Everything that one look at the server answers. */
export interface Overview {
  readonly at: Date;
  readonly databases: readonly DatabaseOverview[];
  readonly volumes: readonly VolumeOverview[];
}

export interface VolumeOverview {
  readonly directory: string;
  /** undefined where nobody can tell. */
  readonly freeBytes: number | undefined;
  /** undefined where there is nothing to learn from, or the files cannot be listed. */
  readonly forecast: SpaceForecast | undefined;
}

/** What nothing but the time changes is worked out again after so long. */
const KEPT_MILLISECONDS = 30_000;
const SPACE_KEPT_MILLISECONDS = 5 * 60_000;
/** What a request may cost must not grow with what somebody writes into the directory. */
const MOST_DATABASES = 500;
/** Retention is played through for each coming run. */
const MOST_FORECAST_RUNS = 500;

/** Works out what is known of every database of the targets, from the index. */
export function createOverview(
  contexts: readonly TargetContext[],
  followed: FollowedIndex,
  placeOf: (context: TargetContext) => number,
): () => Promise<Overview> {
  let made: Promise<Overview> | undefined;
  let madeAt = 0;
  let revision = -1;
  const spaceOf = keepSpace(followed);
  return () => {
    const isOld = performance.now() - madeAt > KEPT_MILLISECONDS || revision !== followed.index.revision;
    if (made === undefined || isOld) {
      madeAt = performance.now();
      revision = followed.index.revision;
      made = makeOverview(contexts, followed, placeOf, spaceOf);
      made.catch(() => {
        made = undefined;
      });
    }
    return made;
  };
}

async function makeOverview(
  contexts: readonly TargetContext[],
  followed: FollowedIndex,
  placeOf: (context: TargetContext) => number,
  spaceOf: SpaceOf,
): Promise<Overview> {
  const { index } = followed;
  const at = contexts[0]?.clock() ?? new Date();
  const byDatabase = new Map<string, IndexedRun[]>();
  for (const run of index.runs.items) {
    const key = `${run.place}/${run.database}`;
    const runs = byDatabase.get(key);
    if (runs) runs.push(run);
    else byDatabase.set(key, [run]);
  }
  const databases: DatabaseOverview[] = [];
  for (const context of contexts) {
    const place = placeOf(context);
    const newest = [...byDatabase.values()].flatMap(([run]) => (run?.place === place ? [run] : []));
    const recent = newest.map(({ database, startedAt }) => ({ database, startedAt: new Date(startedAt) }));
    const judged = await databasesOf(context, recent, at);
    // What has had no backup for a month is all the more worth knowing.
    const isUnknown = judged.length === 1 && judged[0] === undefined && recent.length > 0;
    for (const database of isUnknown ? recent.map(({ database }) => database).sort() : judged) {
      if (databases.length >= MOST_DATABASES) break;
      const runs = database === undefined ? [] : (byDatabase.get(`${place}/${database}`) ?? []);
      databases.push(overviewOf(context, place, database, index, runs, at));
    }
  }
  const volumes = await Promise.all(
    followed.layouts.map((_, place) =>
      spaceOf(
        place,
        databases.filter((one) => one.place === place),
        at,
      ),
    ),
  );
  return { at, databases, volumes };
}

type SpaceOf = (place: number, databases: readonly DatabaseOverview[], now: Date) => Promise<VolumeOverview>;

/** Asks the file system, and plays the coming runs through, once in a while. */
function keepSpace(followed: FollowedIndex): SpaceOf {
  const kept = new Map<number, { readonly madeAt: number; readonly volume: Promise<VolumeOverview> }>();
  return (place, databases, now) => {
    const known = kept.get(place);
    if (known && performance.now() - known.madeAt < SPACE_KEPT_MILLISECONDS) return known.volume;
    const directory = followed.layouts[place]?.base ?? '';
    const isListed = followed.index.dataFiles[place] !== undefined;
    const volume = lookAtVolume(directory, isListed ? databases : [], now);
    kept.set(place, { madeAt: performance.now(), volume });
    return volume;
  };
}

async function lookAtVolume(
  directory: string,
  databases: readonly DatabaseOverview[],
  now: Date,
): Promise<VolumeOverview> {
  const facts = await statfs(directory).catch(() => undefined);
  if (facts === undefined) return { directory, freeBytes: undefined, forecast: undefined };
  const freeBytes = facts.bavail * facts.bsize;
  const settings = databases[0]?.context.settings;
  const histories = databases.map(({ present }) => present.map(spaceRun));
  if (settings === undefined || histories.flat().length > MOST_FORECAST_RUNS)
    return { directory, freeBytes, forecast: undefined };
  const { RETENTION_DAYS, RETENTION_KEEP, BACKUP_MODE } = settings;
  const keep = parseKeepRules(RETENTION_KEEP);
  const policy = { retentionDays: RETENTION_DAYS, keep, heldSeries: new Set<string>() };
  const forecast = forecastSpace(histories, { freeBytes, policy, keepsFiles: BACKUP_MODE !== 'oss', now });
  return { directory, freeBytes, forecast };
}

function spaceRun(run: IndexedRun): SpaceRun {
  return {
    name: runNameOf(run),
    startedAt: new Date(run.startedAt),
    series: serverOf(run),
    isGood: isGood(run),
    awaitsUpload: run.record?.awaitsUpload ?? false,
    isRunning: false,
    sizeBytes: run.record?.sizeBytes ?? run.report?.sizeBytes ?? 0,
  };
}
