import type { TestContext } from 'node:test';
import { type LocalServer, startLocalServer } from './local-server.ts';

export interface Ping {
  readonly kind: 'start' | 'success' | 'fail';
  readonly body: string;
  readonly query: string;
}

/** Healthchecks as it documents its pings. A check addressed by its UUID answers 200 whatever happened; one addressed by a slug does not. */
export async function startHealthchecks(
  t: TestContext,
  check: { readonly uuid?: string; readonly key?: string; readonly slug?: string; readonly limited?: true },
): Promise<LocalServer & { readonly pings: readonly Ping[] }> {
  const pings: Ping[] = [];
  const own = check.uuid === undefined ? `/${check.key}/${check.slug}` : `/${check.uuid}`;
  const server = await startLocalServer(t, ({ path, query, body, method }) => {
    if (!['GET', 'HEAD', 'POST'].includes(method)) return { status: 405, body: '' };
    const [, address, end = ''] = /^(.*?)(\/start|\/fail)?$/.exec(path) ?? [];
    if (address !== own)
      return check.uuid === undefined ? { status: 404, body: 'not found' } : { body: 'OK (not found)' };
    if (check.limited) {
      return check.uuid === undefined ? { status: 429, body: 'rate limit' } : { body: 'OK (rate limited)' };
    }
    pings.push({ kind: KINDS[end] ?? 'success', body, query: query.toString() });
    return { body: 'OK' };
  });
  return { ...server, pings };
}

const KINDS: Readonly<Record<string, Ping['kind']>> = { '/start': 'start', '/fail': 'fail' };
