import { setTimeout as wait } from 'node:timers/promises';
import { describeError, mayPass, PgBackupError } from '../errors.ts';
import { layoutOf } from '../files/layout.ts';
import { writeSkip } from '../report/skip-record.ts';
import type { BackupContext } from './context.ts';
import { withinMinutes } from './deadline.ts';
import { type BackedUp, backup } from './run.ts';

const FIRST_WAIT_MILLISECONDS = 60_000;

/**
 * Backs one database up within its deadline, again after 1, 2, 4, … minutes while the fault can pass and BACKUP_RETRIES lets it; each attempt is a
 * run with its own report. Returns what the last one came to; only an interruption of the wait and what is a bug is thrown.
 */
export async function backUpDatabase(
  context: BackupContext,
  waitFor = (milliseconds: number): Promise<unknown> =>
    wait(milliseconds, undefined, { signal: context.signal }),
): Promise<BackedUp> {
  const { BACKUP_RETRIES: retries = 0, BACKUP_TIMEOUT_MINUTES: minutes } = context.settings;
  for (let retry = 1; ; retry += 1) {
    const result = await withinMinutes(minutes, context.signal, (signal) => backup({ ...context, signal }));
    await noteIfBusy(context, result);
    if (!result.failure || retry > retries || !mayPass(result.failure) || context.signal.aborted)
      return result;
    const waitMilliseconds = FIRST_WAIT_MILLISECONDS * 2 ** (retry - 1);
    const { code, message } = describeError(result.failure, context.language);
    context.log('warn', 'TRYING_AGAIN', {
      code,
      message,
      minutes: waitMilliseconds / 60_000,
      retry,
      retries,
    });
    await waitFor(waitMilliseconds).catch((error) => {
      context.signal.throwIfAborted();
      throw error;
    });
  }
}

/** The other runner's report tells of the backup; that this one did nothing has to be found somewhere, too. */
async function noteIfBusy(context: BackupContext, { failure }: BackedUp): Promise<void> {
  if (!(failure instanceof PgBackupError) || failure.code !== 'BUSY') return;
  const { settings, target, hostname, clock } = context;
  await writeSkip(layoutOf(settings.BACKUP_BASE_DIR), {
    ...{ version: 1, kind: 'backup', database: settings.PG_DATABASE, hostname, reason: 'busy' },
    ...(target === undefined ? {} : { target }),
    skippedAt: clock().toISOString(),
    detail: String(failure.parameters['holder']),
  });
}
