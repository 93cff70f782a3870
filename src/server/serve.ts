import type { TargetContext } from '../backup/context.ts';
import { PgBackupError } from '../errors.ts';
import { hasErrorCode } from '../files/storage-error.ts';
import { buildApp } from './build-app.ts';
import { logProblems } from './log-problems.ts';
import { openSite } from './overview/site.ts';

/**
 * Answers over HTTP until the signal aborts, then closes every connection and ends normally. Reads while it already listens.
 * @throws PgBackupError USAGE where it cannot listen there; SETTINGS_INVALID for a time zone that is none
 */
export async function serve(
  contexts: readonly TargetContext[],
  { host, port }: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<void> {
  const ended = new AbortController();
  const site = openSite(contexts, AbortSignal.any([signal, ended.signal]));
  const app = await buildApp(site);
  for (const { log } of contexts.slice(0, 1)) logProblems(site, log);
  try {
    const address = await app.listen({ host, port });
    for (const { log } of contexts.slice(0, 1)) log('info', 'SERVING', { address });
    await aborted(signal);
  } catch (error) {
    if (!hasErrorCode(error, ...LISTEN_ERRORS)) throw error;
    const detail = `${host}:${port} (REPORT_HOST, REPORT_PORT): ${(error as Error).message}`;
    throw new PgBackupError('USAGE', { detail }, error);
  } finally {
    ended.abort();
    await app.close();
  }
}

const LISTEN_ERRORS = ['EADDRINUSE', 'EADDRNOTAVAIL', 'EACCES', 'ENOTFOUND', 'EAI_AGAIN', 'EINVAL'] as const;

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
