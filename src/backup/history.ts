import { join } from 'node:path';
import { listDirectory } from '../files/durable-files.ts';
import { type Layout, parseArtifactName } from '../files/layout.ts';
import { fileSizeBytes } from './dump.ts';
import { isAccountedFor, type KnownRun, type KnownRuns, readKnownRuns } from './known-runs.ts';
import type { RetentionRun } from './retention.ts';

/** A run that has files here, as its report and record tell of it. */
export interface PastRun extends KnownRun, RetentionRun {
  readonly files: readonly string[];
  /** Of the dump. */
  readonly sizeBytes: number;
}

export interface History {
  readonly runs: readonly PastRun[];
  readonly known: KnownRuns;
  /** What lies below `data/` and belongs to no run that is known here; hidden files are not looked at. */
  readonly foreign: readonly string[];
}

/** The runs of one database that have files below `data/`. Files of no reported run are not ours and never appear in a run. */
export async function readHistory(layout: Layout, database: string): Promise<History> {
  // The files first: a run that ends meanwhile is then known with its files, never files without their run.
  const entries = await listDirectory(layout.data);
  const known = await readKnownRuns(layout);
  const filesByRun = new Map<string, string[]>();
  const foreign: string[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const run = parseArtifactName(entry.name)?.run;
    if (run === undefined || !entry.isFile() || !isAccountedFor(entry.name, known)) foreign.push(entry.name);
    else filesByRun.set(run, [...(filesByRun.get(run) ?? []), join(layout.data, entry.name)]);
  }
  const runs = [...filesByRun].flatMap(([name, files]): PastRun[] => {
    const run = known.byName.get(name);
    if (run?.database !== database) return [];
    const dump = join(layout.data, run.artifactNames[0] ?? '');
    const sizeBytes = files.includes(dump) ? fileSizeBytes(dump) : 0;
    const isWhole = sizeBytes > 0 && sizeBytes === (recordedSizeBytes(run) ?? sizeBytes);
    return [{ ...run, isGood: isWhole && run.isProven, files, sizeBytes }];
  });
  return { runs, known, foreign };
}

/** Of the dump; the old script did not always know it. */
function recordedSizeBytes({ artifactNames, record, report }: KnownRun): number | undefined {
  const recorded = record?.artifacts.find(({ name }) => name === artifactNames[0]);
  return recorded?.sizeBytes ?? (report?.local?.sizeBytes || undefined);
}
