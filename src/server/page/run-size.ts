import type { IndexedRun } from '../run-index/run-index.ts';

/** Of the dump, in bytes; null for a run that left none, which reports say as 0. */
export function sizeOf({ record, report }: IndexedRun): number | null {
  return record?.sizeBytes ?? (report?.sizeBytes || null);
}
