import type { SkipFacts } from '../run-index/facts.ts';
import type { RunIndex } from '../run-index/run-index.ts';

const MOST = 10;

/** The newest times of a schedule at which nothing was done, the newest first. */
export function newestSkips({ skips }: Pick<RunIndex, 'skips'>): SkipFacts[] {
  return [...skips.values()].sort((one, other) => (one.skippedAt < other.skippedAt ? 1 : -1)).slice(0, MOST);
}
