import type { Site } from '../overview/site.ts';
import type { IndexedRun } from '../run-index/run-index.ts';
import { isGood, serverOf } from '../run-index/views.ts';
import { type Cursor, writeCursor } from './cursor.ts';

export const PROOFS = ['none', 'read', 'stored', 'restored'] as const;

export interface RunsFilter {
  readonly target?: string | undefined;
  readonly database?: string | undefined;
  readonly status?: 'SUCCESS' | 'FAILED' | undefined;
  /** At least so far proven. */
  readonly proof?: (typeof PROOFS)[number] | undefined;
  /** In milliseconds: started then or later. */
  readonly from: number;
  /** In milliseconds: started before then. */
  readonly to: number;
}

export interface FoundRuns {
  readonly runs: readonly IndexedRun[];
  /** For the next page; null on the last one. */
  readonly nextCursor: string | null;
}

/** The runs that fit, the newest start first, behind the cursor; at most `limit` of them. */
export function findRuns(
  site: Site,
  filter: RunsFilter,
  cursor: Cursor | undefined,
  limit: number,
): FoundRuns {
  const { runs } = site.followed.index;
  const isOfTarget = targetFilter(site, filter.target);
  const found: IndexedRun[] = [];
  const start = cursor ? runs.position({ ...NOTHING, ...cursor }) : 0;
  for (let position = start; position < runs.items.length && found.length <= limit; position += 1) {
    const run = runs.items[position];
    if (!run || run.startedAt < filter.from) break;
    if (cursor && position === start && isAt(run, cursor)) continue;
    if (run.startedAt < filter.to && fits(run, filter) && isOfTarget(run)) found.push(run);
  }
  const shown = found.slice(0, limit);
  const last = found.length > limit ? shown.at(-1) : undefined;
  return { runs: shown, nextCursor: last ? writeCursor(last) : null };
}

/** What the order does not look at. */
const NOTHING = { database: '', isNamed: false, report: undefined, record: undefined };

function isAt(run: IndexedRun, cursor: Pick<IndexedRun, 'fileName' | 'place'>): boolean {
  return run.fileName === cursor.fileName && run.place === cursor.place;
}

/** What a run belongs to depends on its place and its server, of which there are few. */
function targetFilter(site: Site, target: string | undefined): (run: IndexedRun) => boolean {
  if (target === undefined) return () => true;
  const known = new Map<string, boolean>();
  return (run) => {
    const key = `${run.place} ${serverOf(run)}`;
    const isOurs = known.get(key) ?? site.targetOf(run) === target;
    known.set(key, isOurs);
    return isOurs;
  };
}

function fits(run: IndexedRun, { database, status, proof }: RunsFilter): boolean {
  if (database !== undefined && run.database !== database) return false;
  if (status !== undefined && isGood(run) !== (status === 'SUCCESS')) return false;
  return proof === undefined || PROOFS.indexOf(run.record?.proof ?? 'none') >= PROOFS.indexOf(proof);
}
