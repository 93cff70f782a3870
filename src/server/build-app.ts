import { type App, createApp, type Limits } from './http/app.ts';
import { describeRoutes } from './http/openapi.ts';
import { serveStaticFiles } from './http/static-files.ts';
import type { Site } from './overview/site.ts';
import { addApiPage } from './routes/api-page.ts';
import { addDrillRoutes } from './routes/drills.ts';
import { addEventRoute } from './routes/events.ts';
import { addHealthRoutes } from './routes/health.ts';
import { addMetricsRoute } from './routes/metrics.ts';
import { createPages, wantsPage } from './routes/page-request.ts';
import { addPageRoutes } from './routes/pages.ts';
import { addPlatformRoutes } from './routes/platform.ts';
import { addRunRoutes } from './routes/runs.ts';
import { addSummaryRoute } from './routes/summary.ts';

/** Puts all routes together, with the settings of the first target. */
export async function buildApp(site: Site, limits: Partial<Limits> = {}): Promise<App> {
  const settings = site.contexts[0]?.settings;
  const basePath = (settings?.BASE_PATH ?? '').replace(/\/+$/, '');
  const pages = createPages(site, basePath);
  const app = await createApp({
    language: site.language,
    token: settings?.REPORT_TOKEN,
    allowedHosts: settings?.REPORT_ALLOWED_HOSTS?.map((name) => name.toLowerCase()),
    basePath,
    limits,
    log: site.contexts[0]?.log,
    refusePage: (request, reply, code, text) =>
      wantsPage(request) ? pages.sendMessage(request, reply, code, text) : undefined,
  });
  await describeRoutes(app, site.version, basePath);
  addHealthRoutes(app, site);
  addPlatformRoutes(app, site);
  addSummaryRoute(app, site);
  addRunRoutes(app, site);
  addDrillRoutes(app, site);
  addEventRoute(app, site);
  addMetricsRoute(app, site);
  addPageRoutes(app, site, pages, basePath);
  addApiPage(app, pages);
  await serveStaticFiles(app);
  return app;
}
