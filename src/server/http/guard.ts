import type { App, AppOptions, Limits, Reply, Request } from './app.ts';
import { createRateLimiter } from './rate-limit.ts';
import { refuse } from './refusals.ts';
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
export async function guard(app: App, options: AppOptions, limits: Limits): Promise<void> {
  const { language, token, allowedHosts } = options;
  const limiter = await createRateLimiter(app, limits);
  const check = token && createTokenCheck(token);
  const tooMany = (reply: Reply, seconds: number): Reply =>
    refuse(reply.header('retry-after', String(seconds)), 429, language);

  app.addHook('onRequest', async (request, reply) => {
    reply.headers(HEADERS);
    if (!METHODS.includes(request.method)) return refuse(reply.header('allow', 'GET, HEAD'), 405, language);
    if (hasBody(request)) return refuse(reply.header('connection', 'close'), 413, language);
    if ((request.raw.url ?? '').length > MAXIMUM_ADDRESS_LENGTH) return refuse(reply, 414, language);
    if (request.headers.host === undefined && request.raw.httpVersion === '1.1')
      return refuse(reply, 400, language);
    if (PROBES.includes(pathOf(request))) return;
    if (allowedHosts && !allowedHosts.includes(hostOf(request))) return refuse(reply, 421, language);
    const wait = await limiter.request(request);
    if (wait > 0) return tooMany(reply, wait);
    if (!check) return;
    const blocked = await limiter.failedTokens(request);
    if (blocked > 0) return tooMany(reply, blocked);
    const verdict = check(request.headers.authorization);
    if (verdict === 'right') return;
    if (verdict === 'wrong') await limiter.countWrongToken(request);
    return refuse(reply.header('www-authenticate', CHALLENGE), 401, language);
  });
}

const CHALLENGE = 'Basic realm="pg-backup", charset="UTF-8", Bearer realm="pg-backup"';

/** A reader has nothing to send. */
function hasBody({ headers }: Request): boolean {
  return (
    headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > MAXIMUM_BODY_BYTES
  );
}

function pathOf({ url }: Request): string {
  return url.split('?')[0] ?? '';
}

/** Without the port; an IPv6 address keeps its brackets. */
function hostOf({ headers }: Request): string {
  return (headers.host ?? '').toLowerCase().replace(/:\d+$/, '').replace(/\.$/, '');
}
