import type { RunningRun } from '../run-index/place-facts.ts';
import type { IndexedRun } from '../run-index/run-index.ts';
import type { Site } from './site.ts';

/** What a run that is under way says of itself. */
export interface ProgressView {
  readonly stage: string;
  readonly stageStartedAt: string;
  /** null where the stage counts none. */
  readonly doneBytes: number | null;
  /** What doneBytes will come to: exactly, or for a dump about as much as the last time; null where nobody can tell. */
  readonly expectedBytes: number | null;
  readonly updatedAt: string;
}

/** `newestGood`: of the same database. undefined where the run says nothing that can be read here. */
export function progressView(
  { progress }: Pick<Site, 'progress'>,
  running: RunningRun,
  newestGood: IndexedRun | undefined,
): ProgressView | undefined {
  const told = progress.of(running);
  if (!told) return undefined;
  const { stage, stageStartedAt, bytesDone = null, yardstickBytes = null, updatedAt } = told;
  const last = newestGood?.record?.sizeBytes ?? newestGood?.report?.sizeBytes ?? null;
  // A dump is measured against the database, which may be many times as large.
  const expectedBytes = stage === 'dump' ? last : yardstickBytes;
  return { stage, stageStartedAt, doneBytes: bytesDone, expectedBytes, updatedAt };
}
