import type { TargetContext } from '../backup/context.ts';
import { readOwnDrills } from '../backup/own-drills.ts';

/** How long a restore of a dump of that size will take, by the newest drill of the same database; undefined where none restored anything. */
export async function expectedRestoreSeconds(
  context: TargetContext,
  database: string,
  sizeBytes: number,
): Promise<number | undefined> {
  const drills = await readOwnDrills(context, database);
  const newest = drills.find((drill) => drill.recoverySeconds !== undefined && drill.sizeBytes > 0);
  if (newest?.recoverySeconds === undefined) return undefined;
  return (newest.recoverySeconds * sizeBytes) / newest.sizeBytes;
}
