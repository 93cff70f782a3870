import type { App } from '../http/app.ts';
import { refuse } from '../http/refusals.ts';
import type { Site } from '../overview/site.ts';
import { drillView } from '../run-index/views.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { DEFAULT_LIMIT, MAXIMUM_LIMIT, WRONG_CURSOR, WRONG_LIMIT } from './paging.ts';
import { awaitReady } from './ready.ts';
import { DRILLS } from './schemas/runs.ts';

interface DrillsQuery {
  readonly database?: string;
  readonly run?: string;
  readonly outcome?: string;
  readonly cursor?: string;
  readonly limit?: string;
}

export function addDrillRoutes(app: App, site: Site): void {
  app.get<{ Querystring: DrillsQuery }>('/api/v1/drills', { schema: DRILLS }, async ({ query }, reply) => {
    const limit = Number(query.limit ?? DEFAULT_LIMIT);
    if (limit > MAXIMUM_LIMIT) return refuse(reply, 400, site.language, WRONG_LIMIT);
    const cursor = query.cursor === undefined ? undefined : readCursor(query.cursor);
    if (query.cursor !== undefined && !cursor) return refuse(reply, 400, site.language, WRONG_CURSOR);
    const refusal = await awaitReady(site, reply, 'everything');
    if (refusal) return refusal;
    const fitting = site.followed.index.drills.items.filter(
      ({ database, run, outcome }) =>
        (query.database === undefined || database === query.database) &&
        (query.run === undefined || run === query.run) &&
        (query.outcome === undefined || outcome === query.outcome),
    );
    // What has gone meanwhile still tells the time.
    const start = cursor
      ? fitting.findIndex(
          (drill) => Date.parse(drill.startedAt) <= cursor.startedAt && !isBefore(drill, cursor),
        )
      : 0;
    const found = start < 0 ? [] : fitting.slice(start, start + limit + 1);
    const shown = found.slice(0, limit);
    const last = found.length > limit ? shown.at(-1) : undefined;
    return {
      drills: shown.map(drillView),
      nextCursor: last ? writeCursor({ ...last, startedAt: Date.parse(last.startedAt) }) : null,
    };
  });
}

/** At or before the cursor, in the order of the list. */
function isBefore(
  drill: { readonly startedAt: string; readonly fileName: string; readonly place: number },
  cursor: { readonly startedAt: number; readonly fileName: string; readonly place: number },
): boolean {
  if (Date.parse(drill.startedAt) !== cursor.startedAt) return false;
  if (drill.fileName !== cursor.fileName) return drill.fileName > cursor.fileName;
  return drill.place <= cursor.place;
}
