import type { App } from '../http/app.ts';
import { refuse } from '../http/refusals.ts';
import type { Site } from '../overview/site.ts';
import type { IndexedRun } from '../run-index/run-index.ts';
import { platformView } from '../run-index/views.ts';
import { awaitReady } from './ready.ts';
import { PLATFORM_LATEST, PLATFORM_LIST } from './schemas/platform.ts';

const OK = 200;
const DEFAULT_SIZE = 10;
export const MAXIMUM_PAGE_SIZE = 200;

interface ListQuery {
  readonly pageNum?: string;
  readonly pageSize?: string;
  readonly status?: string;
}

/** The two routes that the platform's page calls. Their answers are agreed to the byte: whatever is new belongs elsewhere. */
export function addPlatformRoutes(app: App, site: Site): void {
  const { index } = site.followed;
  app.get('/api/admin/backup/latest', { schema: PLATFORM_LATEST }, async (_request, reply) => {
    const refusal = await awaitReady(site, reply, 'reports');
    if (refusal) return refusal;
    const [newest] = index.reported.items;
    return { code: OK, message: '', ...(newest && { data: platformView(newest) }) };
  });
  app.get<{ Querystring: ListQuery }>(
    '/api/admin/backup/list',
    { schema: PLATFORM_LIST },
    async ({ query }, reply) => {
      const current = query.pageNum === undefined ? 1 : Number(query.pageNum);
      const size = query.pageSize === undefined ? DEFAULT_SIZE : Number(query.pageSize);
      if (size > MAXIMUM_PAGE_SIZE) return refuse(reply, 400, site.language, TOO_MANY);
      const refusal = await awaitReady(site, reply, 'reports');
      if (refusal) return refusal;
      const runs = runsOf(site, query.status);
      const records = runs.slice((current - 1) * size, current * size).map(platformView);
      const total = runs.length;
      return {
        code: OK,
        message: '',
        data: { records, total, size, current, pages: Math.ceil(total / size) },
      };
    },
  );
}

function runsOf({ followed }: Site, status: string | undefined): readonly IndexedRun[] {
  const { reported, reportedByStatus } = followed.index;
  if (status === undefined || status === '') return reported.items;
  const wanted = status.toUpperCase();
  return wanted === 'SUCCESS' || wanted === 'FAILED' ? reportedByStatus[wanted].items : [];
}

const TOO_MANY = {
  en: `pageSize: at most ${MAXIMUM_PAGE_SIZE}`,
  zh: `pageSize：最大为 ${MAXIMUM_PAGE_SIZE}`,
};
