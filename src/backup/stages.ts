import type { ProgressFigures } from '../progress.ts';
import type { Stage, StageRecord } from '../report/record.ts';
import type { BackupContext } from './context.ts';

/** Runs `action` as the named stage: timed, shown, and not begun after an interruption. */
export type RunStage<Name extends string = Stage> = <T>(
  name: Name,
  action: () => Promise<T>,
  figures?: () => ProgressFigures,
) => Promise<T>;

/** By the clock that nobody sets. */
const beginnings = new WeakMap<object, number>();

/**
 * Returns the way to run stages, one after the other or at the same time; each is added to `records`, which are in the order of their beginnings,
 * when it ends, in whatever way. `brokenOff` aborts with the failure of another one: those that it ends are not told.
 */
export function createStages<Name extends string = Stage>(
  context: Pick<BackupContext, 'signal' | 'clock' | 'progress' | 'log'>,
  records: StageRecord<Name>[],
  brokenOff?: AbortSignal,
): RunStage<Name> {
  return async (name, action, figures) => {
    const startedAt = context.clock();
    const startedMilliseconds = performance.now();
    const stopShowing = context.progress.start(name, figures);
    let outcome: StageRecord['outcome'] | 'broken off' = 'failed';
    try {
      context.signal.throwIfAborted();
      const result = await action();
      outcome = 'done';
      return result;
    } catch (error) {
      // What an interrupted action threw tells less than the interruption.
      context.signal.throwIfAborted();
      if (brokenOff?.aborted) outcome = 'broken off';
      brokenOff?.throwIfAborted();
      throw error;
    } finally {
      stopShowing();
      const durationSeconds = Math.round(performance.now() - startedMilliseconds) / 1000;
      const parameters = { stage: name, seconds: durationSeconds };
      if (outcome === 'done') context.log('info', 'STAGE_DONE', parameters);
      if (outcome === 'failed') context.log('error', 'STAGE_FAILED', parameters);
      if (outcome !== 'broken off') {
        const record = { name, startedAt: startedAt.toISOString(), durationSeconds, outcome };
        beginnings.set(record, startedMilliseconds);
        const beginning = (other: object): number => beginnings.get(other) ?? 0;
        const next = records.findIndex((other) => beginning(other) > startedMilliseconds);
        records.splice(next === -1 ? records.length : next, 0, record);
      }
    }
  };
}
