import { setTimeout } from 'node:timers/promises';
import type { Reply } from '../http/app.ts';
import { refuse } from '../http/refusals.ts';
import type { Site } from '../overview/site.ts';

/** Proxies wait for a minute at most. */
const PATIENCE_MILLISECONDS = 30_000;
export const RETRY_SECONDS = 10;

/**
 * Waits for what the answer is made from: a part of it would be a wrong answer. Returns the refusal where it does not come in time, or where a
 * directory could not be listed so far: nothing is known then, which is not the same as nothing being there.
 */
export async function awaitReady(
  site: Site,
  reply: Reply,
  what: 'reports' | 'everything',
): Promise<Reply | undefined> {
  if (await becomesReady(site, what)) return undefined;
  return refuse(reply.header('retry-after', String(RETRY_SECONDS)), 503, site.language);
}

/** Waits likewise, and says whether it has come. */
export async function becomesReady(
  { followed, signal }: Site,
  what: 'reports' | 'everything',
): Promise<boolean> {
  const patience = new AbortController();
  const ready = what === 'reports' ? followed.reportsReady : followed.ready;
  const timeout = setTimeout(PATIENCE_MILLISECONDS, undefined, {
    signal: AbortSignal.any([signal, patience.signal]),
    ref: false,
  }).catch(() => {});
  await Promise.race([ready, timeout]);
  patience.abort();
  return followed.isKnown(what);
}
