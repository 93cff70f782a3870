import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../src/schedule/clock.ts';

interface Waiter {
  readonly until: number;
  readonly resolve: () => void;
}

/** A clock that only moves when it is told to, and is then followed by everybody who waits for it. */
export interface FakeClock extends Clock {
  /** Lets so much time pass. */
  pass(milliseconds: number): Promise<void>;
  /** Lets time pass until the clock shows this. */
  passUntil(time: string | Date): Promise<void>;
  /** Sets the clock, forward or back; whoever waits does not notice. A machine that slept is the same: its timers slept too. */
  set(time: string | Date): void;
  /** How many wait for it. */
  waiting(): number;
}

export function fakeClock(start: string): FakeClock {
  let wall = Date.parse(start);
  let passed = 0;
  let waiters: Waiter[] = [];

  const clock: FakeClock = {
    now: () => new Date(wall),
    async wait(milliseconds, signal) {
      if (signal.aborted) return;
      await new Promise<void>((resolve) => {
        const leave = (): void => {
          waiters = waiters.filter((other) => other !== waiter);
          signal.removeEventListener('abort', leave);
          resolve();
        };
        const waiter = { until: passed + milliseconds, resolve: leave };
        waiters.push(waiter);
        signal.addEventListener('abort', leave);
      });
    },
    async pass(milliseconds) {
      const end = passed + milliseconds;
      for (;;) {
        // Whoever was woken up has to get to its next wait.
        await setImmediate();
        const [first] = waiters.sort((one, other) => one.until - other.until);
        const now = Math.min(first?.until ?? end, end);
        wall += now - passed;
        passed = now;
        if (first === undefined || first.until > end) return;
        first.resolve();
      }
    },
    passUntil: (time) => clock.pass(new Date(time).getTime() - wall),
    waiting: () => waiters.length,
    set(time) {
      wall = new Date(time).getTime();
    },
  };
  return clock;
}
