import type { TargetContext } from '../backup/context.ts';
import { describeError } from '../errors.ts';
import { render } from '../language.ts';
import {
  describeHealth,
  isHealthy,
  languageOf,
  readHealth,
  type TargetHealth,
} from '../schedule/healthcheck.ts';

export interface Answer {
  readonly status: number;
  readonly body: object;
}

/** What answers GET (and HEAD) on a path. */
export interface Route {
  readonly path: string;
  readonly answer: () => Promise<Answer>;
}

/** However often it is asked, the disk is looked at once in so long. */
const KEPT_MILLISECONDS = 5_000;
const HEALTHY = 200;
const UNHEALTHY = 503;

/** 200 where all backups are fresh, else 503, with the reason in one line; what cannot be found out is not healthy. */
export function healthzRoute(contexts: readonly TargetContext[]): Route {
  let answer: Promise<Answer> | undefined;
  let askedAt = 0;
  return {
    path: '/healthz',
    answer: () => {
      const now = performance.now();
      if (answer === undefined || now - askedAt > KEPT_MILLISECONDS) {
        askedAt = now;
        answer = answerNow(contexts);
      }
      return answer;
    },
  };
}

async function answerNow(contexts: readonly TargetContext[]): Promise<Answer> {
  const language = languageOf(contexts);
  try {
    const health = await readHealth(contexts);
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
    const reason = describeError(error, language).message;
    return { status: UNHEALTHY, body: { status: 'unhealthy', reason, databases: [] } };
  }
}

function describeDatabase({ target, verdict }: TargetHealth, language: TargetContext['language']): object {
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
