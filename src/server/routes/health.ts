import { describeError } from '../../errors.ts';
import { render } from '../../language.ts';
import { describeHealth, isHealthy, type TargetHealth } from '../../schedule/healthcheck.ts';
import { utcText } from '../../schedule/time-text.ts';
import type { App } from '../http/app.ts';
import { isLookOld } from '../overview/last-look.ts';
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
async function judge({
  followed,
  overview,
  language,
  contexts,
}: Site): Promise<{ status: number; body: object }> {
  const unhealthy = (reason: string): { status: number; body: object } => {
    return { status: UNHEALTHY, body: { status: 'unhealthy', reason, databases: [] } };
  };
  if (!followed.isReady) return unhealthy(render(STARTING, language));
  const { scannedAt, problems } = followed;
  if (scannedAt && isLookOld(scannedAt, contexts[0]?.clock() ?? new Date()))
    return unhealthy(render(LOOK_OLD, language, { time: utcText(scannedAt) }));
  const [problem] = problems;
  if (problem !== undefined) return unhealthy(describeError(problem, language).message);
  try {
    const { databases, leftOut } = await overview();
    if (leftOut > 0) return unhealthy(render(LEFT_OUT, language, { count: leftOut }));
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

const LOOK_OLD = {
  en: 'the reports were looked through at {time} the last time',
  zh: '上次完整扫描报表是 {time}',
};
const LEFT_OUT = {
  en: 'databases that are not judged, as there are too many: {count}',
  zh: '库过多，未判断：{count} 个',
};
const STARTING = { en: 'the reports are still being read', zh: '仍在读取报表' };

function describeDatabase({ target, verdict }: TargetHealth, language: Site['language']): object {
  return {
    target: target ?? null,
    database: verdict.database ?? null,
    ...(verdict.server !== undefined && { server: verdict.server }),
    state: verdict.state,
    reason: render(verdict.reason, language),
    succeededAt: verdict.succeededAt?.toISOString() ?? null,
    dueAt: verdict.dueAt?.toISOString() ?? null,
    nextAt: verdict.nextAt?.toISOString() ?? null,
  };
}
