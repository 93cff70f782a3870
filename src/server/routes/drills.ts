import type { App } from '../http/app.ts';
import { refuse } from '../http/refusals.ts';
import type { Site } from '../overview/site.ts';
import { byDrill, type DrillPosition, type IndexedDrill } from '../run-index/run-index.ts';
import { placeIn } from '../run-index/sorted-list.ts';
import { drillView } from '../run-index/views.ts';
import { type Cursor, isAt, readCursor, writeCursor } from './cursor.ts';
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
    const all = site.followed.index.drills.items;
    const found: IndexedDrill[] = [];
    // What has gone meanwhile still tells the place.
    const start = cursor ? placeIn<DrillPosition>(all, positionOf(cursor), byDrill) : 0;
    for (let place = start; place < all.length && found.length <= limit; place += 1) {
      const drill = all[place];
      if (drill && fits(drill, query) && !(cursor && isAt(drill, cursor))) found.push(drill);
    }
    const shown = found.slice(0, limit);
    const last = found.length > limit ? shown.at(-1) : undefined;
    return {
      drills: shown.map(drillView),
      nextCursor: last ? writeCursor({ ...last, startedAt: Date.parse(last.startedAt) }) : null,
    };
  });
}

function fits(drill: IndexedDrill, { database, run, outcome }: DrillsQuery): boolean {
  if (database !== undefined && drill.database !== database) return false;
  if (run !== undefined && drill.run !== run) return false;
  return outcome === undefined || drill.outcome === outcome;
}

function positionOf({ startedAt, ...file }: Cursor): DrillPosition {
  return { ...file, startedAt: new Date(startedAt).toISOString() };
}
