import type { Layout } from '../files/layout.ts';
import { readDrillRecords } from '../report/directory.ts';

/** How long a restore of a dump of that size will take, by the newest drill of the same database; undefined where none restored anything. */
export async function expectedRestoreSeconds(
  layout: Layout,
  database: string,
  sizeBytes: number,
): Promise<number | undefined> {
  const { entries } = await readDrillRecords(layout.drills);
  const [newest] = [...entries.values()]
    .filter(
      (drill) => drill.database === database && drill.recoverySeconds !== undefined && drill.sizeBytes > 0,
    )
    .sort((a, b) => b.startedAt.localeCompare(a.startedAt));
  if (newest?.recoverySeconds === undefined) return undefined;
  return (newest.recoverySeconds * sizeBytes) / newest.sizeBytes;
}
