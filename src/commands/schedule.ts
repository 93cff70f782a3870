import type { TargetContext } from './backup/context.ts';
import { failedOutcome, notifierFor } from './backup/target-notifier.ts';
import { PgBackupError } from './errors.ts';
import type { Surroundings } from './program.ts';
import { isGood } from './schedule/freshness.ts';
import { repairTarget } from './schedule/repair-target.ts';
import { schedule } from './schedule/schedule.ts';

/** Runs the scheduler for the targets until the signal aborts. */
export function runSchedule(contexts: readonly TargetContext[], surroundings: Surroundings): Promise<void> {
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

/**
 * Where the report server listens.
 * @throws PgBackupError USAGE for a port that is none
 */
export function listenOptions(
  [context]: readonly TargetContext[],
  given: { readonly host?: string | undefined; readonly port?: number | undefined },
): { host: string; port: number } {
  const host = given.host ?? context?.settings.REPORT_HOST ?? '';
  const port = given.port ?? context?.settings.REPORT_PORT ?? 0;
  if (Number.isInteger(port) && port >= 1 && port <= 65535) return { host, port };
  throw new PgBackupError('USAGE', { detail: WRONG_PORT });
}

const WRONG_PORT = { en: '--port takes a whole number from 1 to 65535', zh: '--port 应为 1 至 65535 的整数' };
