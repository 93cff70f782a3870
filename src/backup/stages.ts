import type { ProgressFigures } from '../progress.ts';
import type { Stage, StageRecord } from '../report/record.ts';
import type { BackupContext } from './context.ts';

/** Runs `action` as the named stage: timed, shown, and not begun after an interruption. */
export type RunStage<Name extends string = Stage> = <T>(
  name: Name,
  action: () => Promise<T>,
  figures?: () => ProgressFigures,
) => Promise<T>;

/** Returns the way to run stages; each is added to `records` when it ends, in whatever way. */
export function createStages<Name extends string = Stage>(
  context: Pick<BackupContext, 'signal' | 'clock' | 'progress' | 'log'>,
  records: StageRecord<Name>[],
): RunStage<Name> {
  return async (name, action, figures) => {
    const startedAt = context.clock();
    const startedMilliseconds = performance.now();
    const stopShowing = context.progress.start(name, figures);
    let outcome: StageRecord['outcome'] = 'failed';
    try {
      context.signal.throwIfAborted();
      const result = await action();
      outcome = 'done';
      return result;
    } catch (error) {
      // What an interrupted action threw tells less than the interruption.
      context.signal.throwIfAborted();
      throw error;
    } finally {
      stopShowing();
      const durationSeconds = Math.round(performance.now() - startedMilliseconds) / 1000;
      records.push({ name, startedAt: startedAt.toISOString(), durationSeconds, outcome });
      const parameters = { stage: name, seconds: durationSeconds };
      if (outcome === 'done') context.log('info', 'STAGE_DONE', parameters);
      else context.log('error', 'STAGE_FAILED', parameters);
    }
  };
}
