import { setTimeout as wait } from 'node:timers/promises';
import { describeError, mayPass } from '../errors.ts';
import type { TargetContext } from './context.ts';

const FIRST_WAIT_MILLISECONDS = 60_000;

/** How to wait before the next attempt; rejects when it is interrupted. */
export type WaitFor = (milliseconds: number) => Promise<unknown>;

/**
 * Makes attempts until one has no failure, its failure cannot pass by itself, or BACKUP_RETRIES are used up; after 1, 2, 4, … minutes each. Returns
 * what the last one came to.
 * @throws what interrupted the wait
 */
export async function withRetries<R extends { readonly failure?: unknown }>(
  context: TargetContext,
  attempt: (before: R | undefined) => Promise<R>,
  waitFor: WaitFor = (milliseconds) => wait(milliseconds, undefined, { signal: context.signal }),
): Promise<R> {
  const { BACKUP_RETRIES: retries = 0 } = context.settings;
  let result = await attempt(undefined);
  for (let retry = 1; retry <= retries && result.failure; retry += 1) {
    if (!mayPass(result.failure) || context.signal.aborted) break;
    const waitMilliseconds = FIRST_WAIT_MILLISECONDS * 2 ** (retry - 1);
    const { code, message } = describeError(result.failure, context.language);
    const minutes = waitMilliseconds / 60_000;
    context.log('warn', 'TRYING_AGAIN', { code, message, minutes, retry, retries });
    await waitFor(waitMilliseconds).catch((error) => {
      context.signal.throwIfAborted();
      throw error;
    });
    result = await attempt(result);
  }
  return result;
}
