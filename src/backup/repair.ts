import { readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname } from 'node:path';
import { describeError, PgBackupError } from '../errors.ts';
import { isAtomicLeftover, removeFiles } from '../files/durable-files.ts';
import { filesOfRun, type Layout, layoutOf, type RunFiles } from '../files/layout.ts';
import { hasErrorCode } from '../files/storage-error.ts';
import { readRecords, readReports } from '../report/directory.ts';
import type { Artifact } from '../report/record.ts';
import { measureFile } from './checksum.ts';
import type { BackupContext } from './context.ts';
import { fileSizeBytes } from './dump.ts';
import { TEMPORARY_PREFIX } from './open-run.ts';
import { noFindings, publishOutcome } from './outcome.ts';
import { claimDeadRun, type DeadRun, markedRuns, readBootId, removeAbandonedDrafts } from './running.ts';

/**
 * Clears what killed runs left and reports each of them as FAILED exactly once. Complete files are kept: they were read back before they
 * got their names. A run that cannot be repaired now is logged and left for the next start.
 */
export async function repairKilledRuns(context: BackupContext): Promise<void> {
  const layout = layoutOf(context.settings.BACKUP_BASE_DIR);
  const bootId = readBootId();
  await removeAbandonedDrafts(layout);
  for (const run of await markedRuns(layout)) {
    const dead = await claimDeadRun(layout, run, context.environment['PATH'], bootId);
    if (!dead) continue;
    try {
      await repairRun(context, layout, dead);
      await dead.remove();
    } catch (error) {
      await dead.leave();
      context.log('warn', 'REPAIR_FAILED', { detail: describeError(error, context.language).message });
    }
  }
}

async function repairRun(context: BackupContext, layout: Layout, dead: DeadRun): Promise<void> {
  const { journal } = dead;
  const files = filesOfRun(layout, journal.run);
  await removeFiles([files.partialDump, files.partialChecksum, files.partialGlobals]);
  await removeAtomicLeftovers(files);
  await removeTemporaryDirectory(journal.temporaryDirectory);

  const report = (await readReports(layout.reports)).entries.get(journal.run);
  if (report) {
    // Killed between its report and the removal of what mode oss does not keep.
    const record = (await readRecords(layout.records)).entries.get(journal.run);
    if (record?.mode === 'oss' && !record.awaitsUpload)
      await removeFiles([files.dump, files.checksum, files.globals]);
    return;
  }
  const artifacts = await completeArtifacts(files, journal.mode !== 'local');
  if (artifacts.length === 0) await removeFiles([files.checksum, files.globals]);
  const remains = artifacts.length > 0 ? REMAINS.complete : REMAINS.nothing;
  const error = describeError(
    new PgBackupError('KILLED', { remains: remains[context.language] }),
    context.language,
  );
  await publishOutcome(
    journal,
    files,
    {
      ...noFindings(),
      artifacts,
      proof: artifacts.length > 0 ? 'read' : 'none',
      globals: artifacts.some(({ name }) => name === basename(files.globals)) ? 'with passwords' : 'none',
    },
    {
      status: 'FAILED',
      finishedAt: dead.lastSignOfLife,
      keepsLocalFiles: artifacts.length > 0,
      error: { ...error, stage: artifacts.length > 0 ? 'upload' : 'dump' },
    },
  );
  context.log('warn', 'REPAIRED', { run: journal.run, remains: remains[context.language] });
}

const REMAINS = {
  complete: { en: 'its files are complete and were kept', zh: '其文件完整，已保留' },
  nothing: { en: 'its unfinished files were removed', zh: '未完成的文件已清除' },
} as const;

/** The dump gets its final name last: where it has it, all files of the run are complete. */
async function completeArtifacts(files: RunFiles, withCrc64: boolean): Promise<Artifact[]> {
  const present = [files.dump, files.checksum, files.globals].filter((file) => fileSizeBytes(file) > 0);
  if (present[0] !== files.dump) return [];
  const artifacts: Artifact[] = [];
  for (const file of present) artifacts.push(await measureFile(file, file, { withCrc64 }));
  return artifacts;
}

async function removeAtomicLeftovers(files: RunFiles): Promise<void> {
  for (const path of [files.report, files.record]) {
    const directory = dirname(path);
    const names = await readdir(directory).catch(() => []);
    await removeFiles(
      names.filter((name) => isAtomicLeftover(name, path)).map((name) => `${directory}/${name}`),
    );
  }
}

/** Only what this program could have made on this machine: the path comes from a file. */
async function removeTemporaryDirectory(directory: string): Promise<void> {
  if (dirname(directory) !== tmpdir() || !basename(directory).startsWith(TEMPORARY_PREFIX)) return;
  try {
    await rm(directory, { recursive: true, force: true });
  } catch (error) {
    if (!hasErrorCode(error, 'EACCES', 'EPERM')) throw error;
  }
}
