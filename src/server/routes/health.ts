import { describeError } from '../../errors.ts';
import { render } from '../../language.ts';
import { describeHealth, isHealthy, type TargetHealth } from '../../schedule/healthcheck.ts';
import type { App } from '../http/app.ts';
import type { Site } from '../overview/site.ts';

const HEALTHY = 200;
const UNHEALTHY = 503;

/** Two probes that say nothing of the backups, and `/healthz`, which says whether they are fresh. */
export function addHealthRoutes(app: App, site: Site): void {
  app.get('/livez', { schema: probe('Whether the process answers') }, async () => ({ status: 'up' }));
  app.get('/readyz', { schema: probe('Whether everything was read once') }, async (_request, reply) => {
    if (site.followed.isReady) return { status: 'ready' };
    return reply.status(UNHEALTHY).send({ status: 'starting' });
  });
  app.get(
    '/healthz',
    { schema: probe('Whether every database has a fresh backup') },
    async (_request, reply) => {
      const { status, body } = await judge(site);
      return reply.status(status).send(body);
    },
  );
}

function probe(summary: string): object {
  return { summary, tags: ['health'] };
}

/** What cannot be found out is not healthy. */
async function judge({ followed, overview, language }: Site): Promise<{ status: number; body: object }> {
  const unhealthy = (reason: string): { status: number; body: object } => {
    return { status: UNHEALTHY, body: { status: 'unhealthy', reason, databases: [] } };
  };
  if (!followed.isReady) return unhealthy(render(STARTING, language));
  const [problem] = followed.problems;
  if (problem !== undefined) return unhealthy(describeError(problem, language).message);
  try {
    const { databases } = await overview();
    const health = databases.map(({ context, verdict }) => ({ target: context.target, verdict }));
    const status = isHealthy(health) ? HEALTHY : UNHEALTHY;
    return {
      status,
      body: {
        status: status === HEALTHY ? 'healthy' : 'unhealthy',
        reason: render(describeHealth(health), language),
        databases: health.map((one) => describeDatabase(one, language)),
      },
    };
  } catch (error) {
    return unhealthy(describeError(error, language).message);
  }
}

const STARTING = { en: 'the reports are still being read', zh: '仍在读取报表' };

function describeDatabase({ target, verdict }: TargetHealth, language: Site['language']): object {
  return {
    target: target ?? null,
    database: verdict.database ?? null,
    state: verdict.state,
    reason: render(verdict.reason, language),
    succeededAt: verdict.succeededAt?.toISOString() ?? null,
    dueAt: verdict.dueAt?.toISOString() ?? null,
    nextAt: verdict.nextAt?.toISOString() ?? null,
  };
}
