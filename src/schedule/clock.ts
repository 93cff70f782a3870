import { setTimeout } from 'node:timers/promises';

/** The time, and waiting for it; tests have one that needs no waiting. */
export interface Clock {
  now(): Date;
  /** Ends after so many milliseconds, or as soon as `signal` aborts; it never rejects. A machine that sleeps does not count them. */
  wait(milliseconds: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => new Date(),
  async wait(milliseconds, signal) {
    await setTimeout(milliseconds, undefined, { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  },
};
