import { describeError } from '../../errors.ts';
import type { Language } from '../../language.ts';
import type { Log } from '../../logging.ts';
import type { App, Request } from './app.ts';

/** Their 503 is a state and no failure, and is asked for every few seconds. */
const STATES: readonly (string | undefined)[] = ['/healthz', '/readyz'];
const FAILURE = 500;

/** Logs every answer that is a failure of the server. Returns what is to be called with whatever was thrown, which is logged with it; a bug with its stack. */
export function logFailures(
  app: App,
  log: Log,
  language: Language,
): (request: Request, error: unknown) => void {
  const thrown = new WeakMap<Request, unknown>();
  app.addHook('onResponse', async (request, reply) => {
    const { statusCode: status } = reply;
    // The path itself comes from outside.
    const { method, routeOptions } = request;
    const route = routeOptions.url ?? '-';
    if (status < FAILURE || STATES.includes(routeOptions.url)) return;
    if (!thrown.has(request)) return log('warn', 'ANSWER_REFUSED', { method, route, status });
    const error = thrown.get(request);
    const { code, message } = describeError(error, language);
    const stack = code === 'INTERNAL' && error instanceof Error ? `\n${error.stack}` : '';
    log('error', 'ANSWER_FAILED', { method, route, status, code, message: message + stack });
  });
  return (request, error) => thrown.set(request, error);
}
