import { PROOFS, type Proof } from '../../report/record.ts';
import type { Site } from '../overview/site.ts';
import { byStart, type IndexedRun, type RunPosition } from '../run-index/run-index.ts';
import { placeIn } from '../run-index/sorted-list.ts';
import { isGood, serverOf } from '../run-index/views.ts';
import { type Cursor, isAt, writeCursor } from './cursor.ts';

export interface RunsFilter {
  readonly target?: string | undefined;
  readonly database?: string | undefined;
  readonly status?: 'SUCCESS' | 'FAILED' | undefined;
  /** At least so far proven. */
  readonly proof?: Proof | undefined;
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
  const { runs, groups } = site.followed.index;
  const isOfTarget = targetFilter(site, filter.target);
  const isWanted = (run: IndexedRun): boolean => fits(run, filter) && isOfTarget(run);
  const lists = isOfEvery(filter) ? undefined : groups.of(filter.database, isWanted);
  const before = { startedAt: filter.to, fileName: '', place: 0 };
  const start = cursor && byStart(cursor, before) > 0 ? cursor : before;
  const found: IndexedRun[] = [];
  for (const run of inOrder(lists ?? [runs.items], start)) {
    if (found.length > limit || run.startedAt < filter.from) break;
    if (cursor && isAt(run, cursor)) continue;
    if (isWanted(run)) found.push(run);
  }
  const shown = found.slice(0, limit);
  const last = found.length > limit ? shown.at(-1) : undefined;
  return { runs: shown, nextCursor: last ? writeCursor(last) : null };
}

function isOfEvery({ target, database, status, proof }: RunsFilter): boolean {
  return [target, database, status, proof].every((wish) => wish === undefined);
}

/** The runs of all lists, from a position on. */
function* inOrder(lists: readonly (readonly IndexedRun[])[], start: RunPosition): Generator<IndexedRun> {
  const heads = lists.map((runs) => ({ runs, at: placeIn<RunPosition>(runs, start, byStart) }));
  for (;;) {
    let next: IndexedRun | undefined;
    let from: { at: number } | undefined;
    for (const head of heads) {
      const run = head.runs[head.at];
      if (!run || (next && byStart(next, run) < 0)) continue;
      next = run;
      from = head;
    }
    if (!next || !from) return;
    from.at += 1;
    yield next;
  }
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
