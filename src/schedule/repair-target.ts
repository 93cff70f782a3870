import type { TargetContext } from '../backup/context.ts';
import { clearAbandoned } from '../backup/pending-uploads.ts';
import { repairAndTell } from '../backup/repair-and-tell.ts';
import { withStore } from '../backup/with-store.ts';
import { removeAbandonedServers } from '../restore/abandoned-servers.ts';

/**
 * What is mended when the scheduler starts: killed runs are reported and their partial files go, and so do the servers of dead drills and uploads
 * that nobody waits for.
 */
export async function repairTarget(context: TargetContext): Promise<void> {
  await repairAndTell(context);
  await removeAbandonedServers(context);
  await withStore(context, async (store) => store && clearAbandoned(context, store));
}
