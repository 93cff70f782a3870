import type { TargetContext } from '../../backup/context.ts';
import { parseKeepRules } from '../../backup/keep-rules.ts';
import { CLOCK_DIFFERENCE_MILLISECONDS } from '../../backup/recorded-runs.ts';
import { forecastSpace, type SpaceForecast, type SpaceRun } from '../../backup/space-forecast.ts';
import { NONE_REMEMBERED, rememberedFileName } from '../../schedule/judged-databases.ts';
import type { FollowedIndex } from '../run-index/follow.ts';
import { type IndexedRun, runNameOf } from '../run-index/run-index.ts';
import { isGood, serverOf } from '../run-index/views.ts';
import { type DatabaseOverview, overviewOf } from './database-overview.ts';
import { type KnownDatabases, keepKnownDatabases } from './known-databases.ts';
import { type Forgotten, forgottenOf, subjectsOf } from './subjects.ts';

/** Everything that one look at the server answers. */
export interface Overview {
  readonly at: Date;
  readonly databases: readonly DatabaseOverview[];
  readonly volumes: readonly VolumeOverview[];
  /** Databases beyond those, which are not judged. */
  readonly leftOut: number;
  readonly forgotten: readonly Forgotten[];
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

/** Works out what is known of every database of the targets, from the index alone: nothing that may hang is asked. */
export function createOverview(
  contexts: readonly TargetContext[],
  followed: FollowedIndex,
  placeOf: (context: TargetContext) => number,
): () => Promise<Overview> {
  let made: Overview | undefined;
  let madeAt = 0;
  let revision = -1;
  const spaceOf = keepSpace(followed);
  const knownUntil = keepKnownDatabases(followed.index);
  return async () => {
    const isOld = performance.now() - madeAt > KEPT_MILLISECONDS || revision !== followed.index.revision;
    if (made !== undefined && !isOld) return made;
    made = makeOverview(contexts, followed, placeOf, { knownUntil, spaceOf });
    madeAt = performance.now();
    revision = followed.index.revision;
    return made;
  };
}

function makeOverview(
  contexts: readonly TargetContext[],
  followed: FollowedIndex,
  placeOf: (context: TargetContext) => number,
  { knownUntil, spaceOf }: { knownUntil: (latest: number) => KnownDatabases; spaceOf: SpaceOf },
): Overview {
  const { index } = followed;
  const at = contexts[0]?.clock() ?? new Date();
  const known = knownUntil(at.getTime() + CLOCK_DIFFERENCE_MILLISECONDS);
  const targets = contexts.map((context) => {
    const place = placeOf(context);
    const remembered = index.surroundings[place]?.remembered.get(rememberedFileName(context));
    return { context, place, all: known.all(place), remembered: remembered ?? NONE_REMEMBERED };
  });
  const subjects = targets.flatMap(({ context, place, all, remembered }) =>
    subjectsOf(context, place, all, remembered, at),
  );
  const databases = subjects.slice(0, MOST_DATABASES).map(({ newSince, ...subject }) => {
    const { place, database } = subject;
    return overviewOf(subject, { ...known.of(place, database), newSince }, at);
  });
  const volumes = followed.layouts.map((_, place) =>
    spaceOf(
      place,
      databases.filter((one) => one.place === place),
      at,
    ),
  );
  return {
    ...{ at, databases, volumes, leftOut: subjects.length - databases.length },
    forgotten: targets.flatMap(({ context, place, all, remembered }) =>
      forgottenOf(context, place, all, remembered, subjects),
    ),
  };
}

type SpaceOf = (place: number, databases: readonly DatabaseOverview[], now: Date) => VolumeOverview;

/** Plays the coming runs through once in a while. */
function keepSpace({ layouts, index }: FollowedIndex): SpaceOf {
  const kept = new Map<number, { readonly madeAt: number; readonly forecast: SpaceForecast | undefined }>();
  return (place, databases, now) => {
    const directory = layouts[place]?.base ?? '';
    const freeBytes = index.surroundings[place]?.freeBytes;
    const known = kept.get(place);
    if (known && performance.now() - known.madeAt < SPACE_KEPT_MILLISECONDS)
      return { directory, freeBytes, forecast: known.forecast };
    const isListed = index.dataFiles[place] !== undefined;
    const forecast = isListed && freeBytes !== undefined ? forecastOf(freeBytes, databases, now) : undefined;
    kept.set(place, { madeAt: performance.now(), forecast });
    return { directory, freeBytes, forecast };
  };
}

function forecastOf(
  freeBytes: number,
  databases: readonly DatabaseOverview[],
  now: Date,
): SpaceForecast | undefined {
  const settings = databases[0]?.context.settings;
  const histories = databases.map(({ present }) => present.map(spaceRun));
  if (settings === undefined || histories.flat().length > MOST_FORECAST_RUNS) return undefined;
  const { RETENTION_DAYS, RETENTION_KEEP, BACKUP_MODE } = settings;
  const keep = parseKeepRules(RETENTION_KEEP);
  const policy = { retentionDays: RETENTION_DAYS, keep, heldSeries: new Set<string>() };
  return forecastSpace(histories, { freeBytes, policy, keepsFiles: BACKUP_MODE !== 'oss', now });
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
