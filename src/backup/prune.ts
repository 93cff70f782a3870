import { PgBackupError } from '../errors.ts';
import type { Store } from '../storage/store.ts';
import type { BackupContext } from './context.ts';
import { planLocalPrune, pruneLocal } from './prune-local.ts';
import { describeLocalPlan, describeRemotePlan, headPlace } from './prune-plan.ts';
import { hasRemoteRetention, planRemotePrune, pruneRemote } from './prune-remote.ts';
import { repairKilledRuns } from './repair.ts';
import { withStore } from './with-store.ts';

/**
 * Retention after a backup: local and, where REMOTE_RETENTION_DAYS is set, in the store.
 * @throws PgBackupError RETENTION_FAILED after trying every run in both places
 */
export async function prune(context: BackupContext, store: Store | undefined): Promise<void> {
  await tryBoth(context, async () => {
    if (store) await pruneRemote(context, store);
  });
}

/**
 * Retention by hand, in the same places; killed runs are repaired first.
 * @throws PgBackupError RETENTION_FAILED, or why the store cannot be used
 */
export async function pruneNow(context: BackupContext): Promise<void> {
  await repairKilledRuns(context);
  await tryBoth(context, async () => {
    if (!hasRemoteRetention(context)) return;
    await withStore(context, async (store) => store && pruneRemote(context, store));
  });
}

/**
 * Writes what `pruneNow` would do, as lines for people.
 * @throws PgBackupError where the store cannot be used or listed, after the local lines
 */
export async function showPrune(context: BackupContext, write: (text: string) => unknown): Promise<void> {
  const { language } = context;
  const local = describeLocalPlan(await planLocalPrune(context), language);
  if (!hasRemoteRetention(context)) {
    write(local);
    return;
  }
  write(headPlace('local', language) + local);
  const remote = await withStore(context, async (store) => store && planRemotePrune(context, store));
  if (remote) write(headPlace('remote', language) + describeRemotePlan(remote, language));
}

/** A fault in one place does not keep the other from its turn. */
async function tryBoth(context: BackupContext, remote: () => Promise<unknown>): Promise<void> {
  const failures: unknown[] = [];
  for (const step of [() => pruneLocal(context), remote]) {
    context.signal.throwIfAborted();
    try {
      await step();
    } catch (error) {
      failures.push(error);
    }
  }
  context.signal.throwIfAborted();
  if (failures.length === 0) return;
  const isRetention = (error: unknown): error is PgBackupError =>
    error instanceof PgBackupError && error.code === 'RETENTION_FAILED';
  const other = failures.find((error) => !isRetention(error));
  if (other) throw other;
  const details = failures.filter(isRetention).map(({ parameters }) => String(parameters['detail']));
  throw new PgBackupError('RETENTION_FAILED', { detail: details.join('; ') });
}
