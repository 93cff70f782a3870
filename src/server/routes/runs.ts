import { join } from 'node:path';
import { JSON_KINDS, readJson } from '../../report/directory.ts';
import type { App } from '../http/app.ts';
import { refuse } from '../http/refusals.ts';
import type { Site } from '../overview/site.ts';
import type { IndexedRun } from '../run-index/run-index.ts';
import { isGood, runView } from '../run-index/views.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { DEFAULT_LIMIT, MAXIMUM_LIMIT, WRONG_CURSOR, WRONG_LIMIT, WRONG_TIME } from './paging.ts';
import { awaitReady } from './ready.ts';
import { ONE_RUN, RUNS } from './schemas/runs.ts';

const PROOFS = ['none', 'read', 'stored', 'restored'] as const;
const MOST_DRILLS = 20;

interface RunsQuery {
  readonly target?: string;
  readonly database?: string;
  readonly status?: 'SUCCESS' | 'FAILED';
  readonly proof?: (typeof PROOFS)[number];
  readonly from?: string;
  readonly to?: string;
  readonly cursor?: string;
  readonly limit?: string;
}

export function addRunRoutes(app: App, site: Site): void {
  app.get<{ Querystring: RunsQuery }>('/api/v1/runs', { schema: RUNS }, async ({ query }, reply) => {
    const limit = Number(query.limit ?? DEFAULT_LIMIT);
    if (limit > MAXIMUM_LIMIT) return refuse(reply, 400, site.language, WRONG_LIMIT);
    const from = query.from === undefined ? Number.NEGATIVE_INFINITY : Date.parse(query.from);
    const to = query.to === undefined ? Number.POSITIVE_INFINITY : Date.parse(query.to);
    if (Number.isNaN(from) || Number.isNaN(to)) return refuse(reply, 400, site.language, WRONG_TIME);
    const cursor = query.cursor === undefined ? undefined : readCursor(query.cursor);
    if (query.cursor !== undefined && !cursor) return refuse(reply, 400, site.language, WRONG_CURSOR);
    const refusal = await awaitReady(site, reply, 'everything');
    if (refusal) return refusal;
    const { runs } = site.followed.index;
    const found: IndexedRun[] = [];
    const start = cursor ? runs.position({ ...NOTHING, ...cursor }) : 0;
    for (let position = start; position < runs.items.length && found.length <= limit; position += 1) {
      const run = runs.items[position];
      if (!run || run.startedAt < from) break;
      if (cursor && position === start && isAt(run, cursor)) continue;
      if (run.startedAt < to && fits(run, query, site)) found.push(run);
    }
    const shown = found.slice(0, limit);
    const last = found.length > limit ? shown.at(-1) : undefined;
    return {
      runs: shown.map((run) => runView(run, site.targetOf(run))),
      nextCursor: last ? writeCursor(last) : null,
    };
  });

  app.get<{ Params: { run: string }; Querystring: { target?: string } }>(
    '/api/v1/runs/:run',
    { schema: ONE_RUN },
    async ({ params, query }, reply) => {
      const refusal = await awaitReady(site, reply, 'everything');
      if (refusal) return refusal;
      const { index, layouts } = site.followed;
      const run = layouts
        .flatMap((_, place) => index.find(place, params.run) ?? [])
        .find((one) => query.target === undefined || site.targetOf(one) === query.target);
      const layout = run && layouts[run.place];
      if (!layout) return refuse(reply, 404, site.language);
      const drills = index.drills.items
        .filter((drill) => drill.place === run.place && drill.run === params.run)
        .slice(0, MOST_DRILLS);
      const read = (directory: 'reports' | 'records' | 'drills', fileName: string): Promise<unknown> => {
        const { check, maximumBytes } = JSON_KINDS[directory];
        return readJson(join(layout[directory], fileName), check, maximumBytes);
      };
      return {
        run: runView(run, site.targetOf(run)),
        report: (await read('reports', run.fileName)) ?? null,
        record: (await read('records', run.fileName)) ?? null,
        drills: (await Promise.all(drills.map(({ fileName }) => read('drills', fileName)))).filter(
          (drill) => drill !== undefined,
        ),
      };
    },
  );
}

/** What the order does not look at. */
const NOTHING = { database: '', isNamed: false, report: undefined, record: undefined };

function isAt(run: IndexedRun, cursor: Pick<IndexedRun, 'fileName' | 'place'>): boolean {
  return run.fileName === cursor.fileName && run.place === cursor.place;
}

function fits(run: IndexedRun, query: RunsQuery, site: Site): boolean {
  if (query.database !== undefined && run.database !== query.database) return false;
  if (query.status !== undefined && isGood(run) !== (query.status === 'SUCCESS')) return false;
  if (query.proof !== undefined && PROOFS.indexOf(run.record?.proof ?? 'none') < PROOFS.indexOf(query.proof))
    return false;
  return query.target === undefined || site.targetOf(run) === query.target;
}
