import type { TargetContext } from '../backup/context.ts';
import { failedOutcome, notifierFor } from '../backup/target-notifier.ts';
import type { Surroundings } from '../program.ts';
import { isGood } from '../schedule/freshness.ts';
import { repairTarget } from '../schedule/repair-target.ts';
import { schedule } from '../schedule/schedule.ts';
import { refuseDatabase, runTogether, type Scope } from './run-on-targets.ts';

/** `pg-backup schedule` */
export async function runSchedule(surroundings: Surroundings, scope: Scope): Promise<number> {
  refuseDatabase(scope, surroundings.language);
  return runTogether(surroundings, scope, (contexts) => scheduleTargets(contexts, surroundings));
}

/** Runs the scheduler for the targets until the signal aborts. */
export function scheduleTargets(
  contexts: readonly TargetContext[],
  surroundings: Surroundings,
): Promise<void> {
  return schedule(contexts, {
    environment: surroundings.environment,
    output: surroundings.stderr,
    signal: surroundings.signal,
    repair: repairTarget,
    async onStale(context, verdicts) {
      const { PG_HOST: host, PG_PORT: port } = context.settings;
      const overdue = verdicts.flatMap(({ state, database, reason }) =>
        isGood(state) ? [] : [{ database: database ?? '*', host, port, text: reason }],
      );
      return notifierFor(context).tellStale(overdue);
    },
    async onJobFailed(context, kind, failure) {
      const { PG_DATABASE = '*' } = context.settings;
      await notifierFor(context).tell(kind, [failedOutcome(context, PG_DATABASE, failure)]);
    },
  });
}
