import type { App, Reply, Request } from '../http/app.ts';
import { splitUrl } from '../http/split-url.ts';
import type { Site } from '../overview/site.ts';
import { createKeeper } from '../page/history.ts';
import { draw } from '../page/html.ts';
import { importPage } from '../page/import-page.ts';
import type { PageContext } from '../page/page-context.ts';
import type { ListedRun } from '../page/runs-page.tsx';
import type { IndexedRun } from '../run-index/run-index.ts';
import { findRuns } from './find-runs.ts';
import type { Pages } from './page-request.ts';
import { readRunsQuery } from './page-runs-query.ts';
import { readRun } from './read-run.ts';
import { becomesReady, RETRY_SECONDS } from './ready.ts';

const RUNS_ON_PAGE = 50;
/** They are for people, and no part of the API. */
const SCHEMA = { hide: true };

/** What people look at: the overview, the list of runs, and the page of each run. Their code is loaded when they are first asked for: the start waits for no page. */
export function addPageRoutes(app: App, site: Site, pages: Pages, basePath: string): void {
  const keep = createKeeper();
  const awaitReady = async (request: Request, reply: Reply): Promise<Reply | undefined> => {
    if (await becomesReady(site, 'everything')) return undefined;
    reply.header('retry-after', String(RETRY_SECONDS));
    return pages.sendMessage(request, reply, 503, STARTING, RETRY_SECONDS);
  };

  app.get('/', { schema: SCHEMA }, async (request, reply) => {
    const refusal = await awaitReady(request, reply);
    if (refusal) return refusal;
    const OverviewPage = await importPage.overview();
    const overview = await site.overview();
    const page = pages.contextOf(request);
    return pages.send(request, reply, 200, draw(OverviewPage, { page, site, overview, keep }));
  });

  app.get('/runs', { schema: SCHEMA }, async (request, reply) => {
    const page = pages.contextOf(request);
    const asked = readRunsQuery(page.query, page.zone);
    if (!asked) return pages.sendMessage(request, reply, 400, WRONG_FILTER);
    const refusal = await awaitReady(request, reply);
    if (refusal) return refusal;
    const RunsPage = await importPage.runs();
    const { databases } = await site.overview();
    const { runs, nextCursor } = findRuns(site, asked.filter, asked.cursor, RUNS_ON_PAGE);
    const list = {
      ...{ page, nextCursor, values: asked.values, isFirst: asked.cursor === undefined },
      runs: runs.map((run) => listed(run, site, page)),
      choices: {
        targets: namesOf(databases.map(({ context }) => context.target)),
        databases: namesOf(databases.map(({ database }) => database)),
      },
      scannedAt: site.followed.scannedAt,
    };
    return pages.send(request, reply, 200, draw(RunsPage, list));
  });

  app.get<{ Params: { run: string } }>('/runs/:run', { schema: SCHEMA }, async (request, reply) => {
    const refusal = await awaitReady(request, reply);
    if (refusal) return refusal;
    const page = pages.contextOf(request);
    const found = await readRun(site, request.params.run, page.query.get('target') ?? undefined);
    if (!found) return pages.sendMessage(request, reply, 404, UNKNOWN_RUN);
    const RunPage = await importPage.run();
    const { scannedAt, index } = site.followed;
    const all = { ...found, ...listed(found.run, site, page), dataFiles: index.dataFiles[found.run.place] };
    return pages.send(request, reply, 200, draw(RunPage, { ...all, page, scannedAt }));
  });

  if (basePath === '') return;
  app.get(basePath, { schema: SCHEMA }, async ({ url }, reply) => {
    // Relative, whatever stands before it outside.
    const { path, query } = splitUrl(url);
    const directory = `./${path.slice(path.lastIndexOf('/') + 1)}/`;
    return reply.redirect(query === undefined ? directory : `${directory}?${query}`, 308);
  });
}

function listed(run: IndexedRun, site: Site, page: PageContext): ListedRun {
  const target = site.targetOf(run);
  const context = site.contexts.find((one) => one.target === target);
  return { run, target, zone: context ? page.zoneOf(context) : page.zone };
}

function namesOf(names: readonly (string | undefined)[]): string[] {
  return [...new Set(names.flatMap((name) => name ?? []))].sort();
}

const STARTING = { en: 'Not ready yet', zh: '尚未就绪' };
const UNKNOWN_RUN = { en: 'There is no such run', zh: '没有这次运行' };
const WRONG_FILTER = { en: 'The filter cannot be used as it is', zh: '筛选条件无法使用' };
