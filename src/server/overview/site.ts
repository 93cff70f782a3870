import type { TargetContext } from '../../backup/context.ts';
import { openReportSource } from '../../backup/report-source.ts';
import { layoutOf } from '../../files/layout.ts';
import type { Language } from '../../language.ts';
import { languageOf } from '../../schedule/healthcheck.ts';
import { seriesOf } from '../../schedule/read-freshness.ts';
import { type FollowedIndex, type FollowOptions, followIndex } from '../run-index/follow.ts';
import { type FollowedProgress, followProgress, type ProgressOptions } from '../run-index/follow-progress.ts';
import type { IndexedRun } from '../run-index/run-index.ts';
import { serverOf } from '../run-index/views.ts';
import { createOverview, type Overview } from './overview.ts';

/** What all routes answer from. */
export interface Site {
  readonly contexts: readonly TargetContext[];
  readonly followed: FollowedIndex;
  readonly progress: FollowedProgress;
  readonly language: Language;
  readonly signal: AbortSignal;
  readonly version: string;
  readonly overview: () => Promise<Overview>;
  /** The name of the target that a run belongs to; undefined where it has none. */
  targetOf(run: IndexedRun): string | undefined;
}

/** Begins to read what lies below the targets' directories; targets may share one. */
export function openSite(
  contexts: readonly TargetContext[],
  signal: AbortSignal,
  options: Partial<FollowOptions> & ProgressOptions = {},
): Site {
  const { baseDirectories, sources, placeOf } = placesOf(contexts);
  const clock = contexts[0]?.clock ?? (() => new Date());
  const followed = followIndex({ baseDirectories, sources, signal, clock, ...options });
  return {
    contexts,
    followed,
    progress: followProgress(followed, signal, options),
    signal,
    language: languageOf(contexts),
    version: contexts[0]?.version ?? '',
    overview: createOverview(contexts, followed, placeOf),
    targetOf(run) {
      const server = serverOf(run);
      return contexts.find((context) => {
        const series = seriesOf(context);
        return placeOf(context) === run.place && (series === undefined || series === server);
      })?.target;
    },
  };
}

interface Places {
  readonly baseDirectories: readonly string[];
  readonly sources: NonNullable<FollowOptions['sources']>;
  /** The number of the place where the reports of a target lie: first the directories, then what is in OSS. */
  readonly placeOf: (context: TargetContext) => number;
}

/** A target with REPORT_SOURCE is told of by what lies there, any other by its directory. */
function placesOf(contexts: readonly TargetContext[]): Places {
  const directoryOf = ({ settings }: TargetContext): string => layoutOf(settings.BACKUP_BASE_DIR).reports;
  const here = firstOfEach(
    contexts.filter(({ settings }) => settings.REPORT_SOURCE === undefined),
    directoryOf,
  );
  const opened = contexts.flatMap((context) => {
    const source = openReportSource(context);
    return source ? [{ context, source }] : [];
  });
  const inOss = firstOfEach(opened, ({ source }) => source.url);
  const urlOf = (context: TargetContext): string | undefined =>
    opened.find((one) => one.context === context)?.source.url;
  return {
    baseDirectories: here.map(({ settings }) => settings.BACKUP_BASE_DIR),
    sources: inOss.map(({ source }) => source),
    placeOf(context) {
      const url = urlOf(context);
      if (url !== undefined) return here.length + inOss.findIndex(({ source }) => source.url === url);
      return here.findIndex((one) => directoryOf(one) === directoryOf(context));
    },
  };
}

function firstOfEach<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  const first = new Map<string, T>();
  for (const item of items) if (!first.has(keyOf(item))) first.set(keyOf(item), item);
  return [...first.values()];
}
