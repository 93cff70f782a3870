import type { Clock } from './clock.ts';
import type { Lane } from './lane.ts';

/** A clock that was set, and a machine that slept, are noticed after so long at the latest. */
const LONGEST_SLEEP_MILLISECONDS = 30_000;

/**
 * Begins what is due until `signal` aborts, then waits for what is under way; true where a job was broken off by it. Nothing that a job
 * does ends this.
 */
export async function runScheduler(
  lanes: readonly Lane[],
  {
    clock,
    signal,
    watch,
  }: { readonly clock: Clock; readonly signal: AbortSignal; readonly watch: () => void },
): Promise<boolean> {
  while (!signal.aborted) {
    for (const lane of lanes) lane.look();
    watch();
    const rests = lanes.map((lane) => lane.restMilliseconds());
    await clock.wait(Math.min(LONGEST_SLEEP_MILLISECONDS, ...rests), signal);
  }
  const interrupted = await Promise.all(lanes.map((lane) => lane.ended()));
  return interrupted.includes(true);
}
