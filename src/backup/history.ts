import type { Dirent } from 'node:fs';
import { join } from 'node:path';
import { listDirectory } from '../files/durable-files.ts';
import { layoutOf, parseArtifactName } from '../files/layout.ts';
import type { BackupContext } from './context.ts';
import { fileSizeBytes } from './dump.ts';
import { isAccountedFor, type KnownRun, type KnownRuns, readKnownRuns, readNamedRuns } from './known-runs.ts';
import type { RetentionRun } from './retention.ts';
import { parseRunName } from './run-name.ts';

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

/** The runs of the configured database that have files below `data/`. Files of no reported run are not ours and never appear in a run. */
export async function readHistory(context: BackupContext): Promise<History> {
  const { data } = layoutOf(context.settings.BACKUP_BASE_DIR);
  // The files first: a run that ends meanwhile is then known with its files, never files without their run.
  const entries = await listDirectory(data);
  return toHistory(context, entries, await readKnownRuns(context));
}

/** The same runs; of those that have no files any more, which are many, nothing is read. */
export async function readRunsWithFiles(context: BackupContext): Promise<readonly PastRun[]> {
  const { PG_DATABASE, BACKUP_BASE_DIR } = context.settings;
  const entries = await listDirectory(layoutOf(BACKUP_BASE_DIR).data);
  const names = entries.flatMap(({ name }) => parseArtifactName(name)?.run ?? []);
  const ours = names.filter((name) => parseRunName(name)?.database === PG_DATABASE);
  return toHistory(context, entries, await readNamedRuns(context, new Set(ours))).runs;
}

function toHistory({ settings }: BackupContext, entries: readonly Dirent[], known: KnownRuns): History {
  const { PG_DATABASE, BACKUP_BASE_DIR } = settings;
  const { data } = layoutOf(BACKUP_BASE_DIR);
  const filesByRun = new Map<string, string[]>();
  const foreign: string[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const run = parseArtifactName(entry.name)?.run;
    if (run === undefined || !entry.isFile() || !isAccountedFor(entry.name, known)) foreign.push(entry.name);
    else filesByRun.set(run, [...(filesByRun.get(run) ?? []), join(data, entry.name)]);
  }
  const runs = [...filesByRun].flatMap(([name, files]): PastRun[] => {
    const run = known.byName.get(name);
    if (run?.database !== PG_DATABASE) return [];
    const dump = join(data, run.artifactNames[0] ?? '');
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
