import type { App } from '../http/app.ts';
import { type ApiRoute, answerAddress, apiRoutes, ROUTE_PARAMETER } from '../page/api-routes.ts';
import { draw } from '../page/html.ts';
import { importPage } from '../page/import-page.ts';
import type { Pages } from './page-request.ts';

const SCHEMA = { hide: true };
const NO_ROUTE = {
  en: 'There is no such route, or a part of it is missing',
  zh: '没有这个接口，或缺少必填参数',
};

/** The page on which the API is tried, made from its description, and where the forms of it lead. */
export function addApiPage(app: App, pages: Pages): void {
  let routes: readonly ApiRoute[] | undefined;
  const knownRoutes = (): readonly ApiRoute[] => {
    routes ??= apiRoutes(app.swagger());
    return routes;
  };

  app.get('/api', { schema: SCHEMA }, async (request, reply) => {
    const page = pages.contextOf(request);
    const ApiPage = await importPage.api();
    return pages.send(request, reply, 200, draw(ApiPage, { page, routes: knownRoutes() }));
  });

  // A form sends what is empty as well, which the routes would refuse.
  app.get('/api/open', { schema: SCHEMA }, async (request, reply) => {
    const { query } = pages.contextOf(request);
    const address = answerAddress(knownRoutes(), query.get(ROUTE_PARAMETER), query);
    if (address !== undefined) return reply.redirect(`../${address}`, 303);
    return pages.sendMessage(request, reply, 404, NO_ROUTE);
  });
}
