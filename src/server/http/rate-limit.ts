import rateLimit from '@fastify/rate-limit';
import { addressKey } from './address-key.ts';
import type { App, Request } from './app.ts';

export interface RateLimits {
  /** Of one address. */
  readonly requestsPerMinute: number;
  readonly failedTokensPerMinute: number;
}

export interface RateLimiter {
  /** Counts a request. Returns for how many seconds the address has to wait; 0 where it need not. */
  request(request: Request): Promise<number>;
  /** The same for wrong tokens, without counting. */
  failedTokens(request: Request): Promise<number>;
  countWrongToken(request: Request): Promise<void>;
}

/** At most so many addresses are remembered; the oldest are forgotten. */
const REMEMBERED_ADDRESSES = 5_000;
const MINUTE = 60_000;

export async function createRateLimiter(app: App, limits: RateLimits): Promise<RateLimiter> {
  await app.register(rateLimit, { global: false, cache: REMEMBERED_ADDRESSES });
  const keyGenerator = (request: Request): string => addressKey(request.ip);
  const requests = app.createRateLimit({ max: limits.requestsPerMinute, timeWindow: MINUTE, keyGenerator });
  const wrong = app.createRateLimit({ max: limits.failedTokensPerMinute, timeWindow: MINUTE, keyGenerator });
  return {
    async request(request) {
      const result = await requests(request);
      return !result.isAllowed && result.isExceeded ? Math.max(1, result.ttlInSeconds) : 0;
    },
    async failedTokens(request) {
      const result = await wrong(request, { increment: false });
      return !result.isAllowed && result.remaining === 0 ? Math.max(1, result.ttlInSeconds) : 0;
    },
    async countWrongToken(request) {
      await wrong(request);
    },
  };
}
