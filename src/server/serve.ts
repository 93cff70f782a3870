import type { TargetContext } from '../backup/context.ts';
import { PgBackupError } from '../errors.ts';
import { hasErrorCode } from '../files/storage-error.ts';
import { createApp } from './app.ts';
import { healthzRoute } from './healthz.ts';

/**
 * Answers over HTTP until the signal aborts, then closes every connection and ends normally.
 * @throws PgBackupError USAGE where it cannot listen there
 */
export async function serve(
  contexts: readonly TargetContext[],
  { host, port }: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<void> {
  const app = createApp([healthzRoute(contexts)]);
  try {
    const address = await app.listen({ host, port });
    for (const { log } of contexts.slice(0, 1)) log('info', 'SERVING', { address });
    await aborted(signal);
  } catch (error) {
    if (!hasErrorCode(error, ...LISTEN_ERRORS)) throw error;
    const detail = `${host}:${port} (REPORT_HOST, REPORT_PORT): ${(error as Error).message}`;
    throw new PgBackupError('USAGE', { detail }, error);
  } finally {
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
