import type { App, AppOptions, Limits, Reply, Request } from './app.ts';
import { createRateLimiter } from './rate-limit.ts';
import type { Refuse } from './refusals.ts';
import { splitUrl } from './split-url.ts';
import { createTokenCheck } from './token.ts';

/** They say nothing, and an orchestrator has neither the token nor the name. */
export const PROBES: readonly string[] = ['/livez', '/readyz'];
const METHODS: readonly string[] = ['GET', 'HEAD'];
const MAXIMUM_BODY_BYTES = 1024;
const MAXIMUM_ADDRESS_LENGTH = 4096;

/** For answers that are data; what is a page says for itself what it may load. */
const HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** Refuses, before anything else looks at them, requests that may not be made. */
export async function guard(
  app: App,
  { token, allowedHosts }: AppOptions,
  limits: Limits,
  refuse: Refuse,
): Promise<void> {
  const limiter = await createRateLimiter(app, limits);
  const check = token && createTokenCheck(token);
  const tooMany = (request: Request, reply: Reply, seconds: number): Reply =>
    refuse(request, reply.header('retry-after', String(seconds)), 429);

  app.addHook('onRequest', async (request, reply) => {
    reply.headers(HEADERS);
    if (!METHODS.includes(request.method)) return refuse(request, reply.header('allow', 'GET, HEAD'), 405);
    if (hasBody(request)) return refuse(request, reply.header('connection', 'close'), 413);
    if ((request.raw.url ?? '').length > MAXIMUM_ADDRESS_LENGTH) return refuse(request, reply, 414);
    if (request.headers.host === undefined && request.raw.httpVersion === '1.1')
      return refuse(request, reply, 400);
    if (PROBES.includes(splitUrl(request.url).path)) return;
    if (allowedHosts && !allowedHosts.includes(hostOf(request))) return refuse(request, reply, 421);
    const wait = await limiter.request(request);
    if (wait > 0) return tooMany(request, reply, wait);
    if (!check) return;
    const blocked = await limiter.failedTokens(request);
    if (blocked > 0) return tooMany(request, reply, blocked);
    const verdict = check(request.headers.authorization);
    if (verdict === 'right') return;
    if (verdict === 'wrong') await limiter.countWrongToken(request);
    return refuse(request, reply.header('www-authenticate', CHALLENGE), 401);
  });
}

const CHALLENGE = 'Basic realm="pg-backup", charset="UTF-8", Bearer realm="pg-backup"';

/** A reader has nothing to send. */
function hasBody({ headers }: Request): boolean {
  return (
    headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > MAXIMUM_BODY_BYTES
  );
}

/** Without the port; an IPv6 address keeps its brackets. */
function hostOf({ headers }: Request): string {
  return (headers.host ?? '').toLowerCase().replace(/:\d+$/, '').replace(/\.$/, '');
}
