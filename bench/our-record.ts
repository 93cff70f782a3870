import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DrillRecord } from '../src/report/drill-record.ts';
import type { RunRecord } from '../src/report/record.ts';

/**
 * Seconds of each stage of the newest backup below a BACKUP_BASE_DIR. Throws an Error where it was no full run: read back, compared with its
 * copy where there is a store, and with a complete fingerprint.
 */
export function backupStages(base: string, proof: 'read' | 'stored'): Record<string, number> {
  const record = JSON.parse(newestIn(join(base, 'records'))) as RunRecord;
  const found = `${record.status}, ${record.proof}, fingerprint ${record.fingerprint?.status ?? 'absent'}`;
  if (found !== `SUCCESS, ${proof}, fingerprint complete`) throw new Error(`this was no full run: ${found}`);
  return secondsOf(record.stages);
}

/** Seconds of each phase of the newest drill. Throws an Error where it did not find everything equal. */
export function drillPhases(base: string): Record<string, number> {
  const { outcome, phases } = JSON.parse(newestIn(join(base, 'drills'))) as DrillRecord;
  if (outcome !== 'equal') throw new Error(`this drill is no proof: ${outcome}`);
  return secondsOf(phases);
}

function newestIn(directory: string): string {
  const names = readdirSync(directory).filter((name) => name.endsWith('.json'));
  return readFileSync(join(directory, names.sort().at(-1) ?? ''), 'utf8');
}

function secondsOf(stages: readonly { name: string; durationSeconds: number }[]): Record<string, number> {
  return Object.fromEntries(stages.map(({ name, durationSeconds }) => [name, durationSeconds]));
}
