import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';

const POLL_MILLISECONDS = 20;
const PATIENCE_MILLISECONDS = 100_000;

/** Waits until `look` returns what is expected, and fails with the difference where that does not come within 100 s. */
export async function until<T>(look: () => T | Promise<T>, expected: T): Promise<void> {
  const deadline = performance.now() + PATIENCE_MILLISECONDS;
  for (;;) {
    try {
      assert.deepEqual(await look(), expected);
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await setTimeout(POLL_MILLISECONDS);
  }
}
