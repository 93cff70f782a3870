import type { App } from '../http/app.ts';
import { refuse } from '../http/refusals.ts';
import type { Site } from '../overview/site.ts';
import { runView } from '../run-index/views.ts';
import { readCursor } from './cursor.ts';
import { findRuns, type RunsFilter } from './find-runs.ts';
import { momentOf } from './moment.ts';
import { DEFAULT_LIMIT, MAXIMUM_LIMIT, WRONG_CURSOR, WRONG_LIMIT, WRONG_TIME } from './paging.ts';
import { readRun } from './read-run.ts';
import { awaitReady } from './ready.ts';
import { ONE_RUN, RUNS } from './schemas/runs.ts';

interface RunsQuery extends Pick<RunsFilter, 'target' | 'database' | 'status' | 'proof'> {
  readonly from?: string;
  readonly to?: string;
  readonly cursor?: string;
  readonly limit?: string;
}

export function addRunRoutes(app: App, site: Site): void {
  app.get<{ Querystring: RunsQuery }>('/api/v1/runs', { schema: RUNS }, async ({ query }, reply) => {
    const limit = Number(query.limit ?? DEFAULT_LIMIT);
    if (limit > MAXIMUM_LIMIT) return refuse(reply, 400, site.language, WRONG_LIMIT);
    const from = query.from === undefined ? Number.NEGATIVE_INFINITY : momentOf(query.from);
    const to = query.to === undefined ? Number.POSITIVE_INFINITY : momentOf(query.to);
    if (Number.isNaN(from) || Number.isNaN(to)) return refuse(reply, 400, site.language, WRONG_TIME);
    const cursor = query.cursor === undefined ? undefined : readCursor(query.cursor);
    if (query.cursor !== undefined && !cursor) return refuse(reply, 400, site.language, WRONG_CURSOR);
    const refusal = await awaitReady(site, reply, 'everything');
    if (refusal) return refusal;
    const { runs, nextCursor } = findRuns(site, { ...query, from, to }, cursor, limit);
    return { runs: runs.map((run) => runView(run, site.targetOf(run))), nextCursor };
  });

  app.get<{ Params: { run: string }; Querystring: { target?: string } }>(
    '/api/v1/runs/:run',
    { schema: ONE_RUN },
    async ({ params, query }, reply) => {
      const refusal = await awaitReady(site, reply, 'everything');
      if (refusal) return refusal;
      const found = await readRun(site, params.run, query.target);
      if (!found) return refuse(reply, 404, site.language);
      return { ...found, run: runView(found.run, site.targetOf(found.run)) };
    },
  );
}
