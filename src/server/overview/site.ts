import type { TargetContext } from '../../backup/context.ts';
import { layoutOf } from '../../files/layout.ts';
import type { Language } from '../../language.ts';
import { languageOf } from '../../schedule/healthcheck.ts';
import { seriesOf } from '../../schedule/read-freshness.ts';
import { type FollowedIndex, type FollowOptions, followIndex } from '../run-index/follow.ts';
import type { IndexedRun } from '../run-index/run-index.ts';
import { serverOf } from '../run-index/views.ts';
import { createOverview, type Overview } from './overview.ts';

/** What all routes answer from. */
export interface Site {
  readonly contexts: readonly TargetContext[];
  readonly followed: FollowedIndex;
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
  options: Partial<FollowOptions> = {},
): Site {
  const baseOf = ({ settings }: TargetContext): string => layoutOf(settings.BACKUP_BASE_DIR).reports;
  const bases = [...new Set(contexts.map(baseOf))];
  const placeOf = (context: TargetContext): number => bases.indexOf(baseOf(context));
  const baseDirectories = bases.map(
    (base) => contexts.find((context) => baseOf(context) === base)?.settings.BACKUP_BASE_DIR ?? '',
  );
  const clock = contexts[0]?.clock ?? (() => new Date());
  const followed = followIndex({ baseDirectories, signal, clock, ...options });
  return {
    contexts,
    followed,
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
