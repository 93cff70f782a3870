import { readdir, readFile, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { describeError, PgBackupError } from '../errors.ts';
import { isAtomicLeftover, removeFiles } from '../files/durable-files.ts';
import {
  artifactFiles,
  filesOfRun,
  type Layout,
  layoutOf,
  partialFiles,
  type RunFiles,
} from '../files/layout.ts';
import type { Text } from '../language.ts';
import { readRecord, readReport } from '../report/directory.ts';
import { type Artifact, isOnlyRemote, type RunRecord } from '../report/record.ts';
import type { StoreChecksum } from '../storage/store.ts';
import { checksumLine, measureFile } from './checksum.ts';
import type { TargetContext } from './context.ts';
import { fileSizeBytes } from './dump.ts';
import { TEMPORARY_NAME } from './open-run.ts';
import { noFindings, publishOutcome } from './outcome.ts';
import {
  claimDeadRun,
  type DeadRun,
  type Journal,
  markedRuns,
  readBootId,
  removeAbandonedDrafts,
} from './running.ts';
import { isOwnDirectory, removeAbandonedDirectories } from './temporary-directory.ts';
import { oweReports, sendReports } from './unsent-reports.ts';

/**
 * Clears what killed runs left and reports each of them as FAILED exactly once. Complete files are kept: unless they are encrypted and no
 * key is here, they were read back before they got their names. A run that cannot be repaired now is logged and left for the next start. Returns
 * the records of those that were reported now.
 */
export async function repairKilledRuns(context: TargetContext): Promise<RunRecord[]> {
  const layout = layoutOf(context.settings.BACKUP_BASE_DIR);
  const bootId = readBootId();
  await removeAbandonedDrafts(layout);
  await removeAbandonedDirectories(context);
  const reported: RunRecord[] = [];
  for (const run of await markedRuns(layout)) {
    let dead: DeadRun | undefined;
    try {
      dead = await claimDeadRun(layout, run, context.environment['PATH'], bootId);
      if (!dead) continue;
      if (context.foreignSeries.has(`${dead.journal.host}:${dead.journal.port}`)) {
        // Its own target reports it, and tells whom it has to tell.
        await dead.leave();
        continue;
      }
      const record = await repairRun(context, layout, dead);
      if (record) reported.push(record);
      await dead.remove();
    } catch (error) {
      await dead?.leave();
      context.signal.throwIfAborted();
      context.log('warn', 'REPAIR_FAILED', { detail: describeError(error, context.language).message });
    }
  }
  if (reported.length > 0) await sendReports(context);
  return reported;
}

/** Returns the record, unless the run had its report. */
async function repairRun(
  context: TargetContext,
  layout: Layout,
  dead: DeadRun,
): Promise<RunRecord | undefined> {
  const { journal } = dead;
  const files = filesOfRun(layout, journal.run, journal.encryption);
  await removeFiles(partialFiles(files));
  await removeAtomicLeftovers(files);
  await removeTemporaryDirectory(journal.temporaryDirectory);

  if (await readReport(files.report)) {
    // Killed between its report and the removal of what mode oss does not keep.
    const record = await readRecord(files.record);
    if (record && isOnlyRemote(record)) await removeFiles(artifactFiles(files));
    return undefined;
  }
  const remains = await inspectRemains(files, storeChecksum(journal), context.signal);
  if (remains.state === 'nothing') await removeFiles([files.checksum, files.globals, files.fingerprint]);
  const text = REMAINS[remains.state][context.language];
  const isComplete = remains.state === 'complete';
  await oweReports(context, journal.run, ['records', 'reports']);
  const record = await publishOutcome(
    journal,
    files,
    {
      ...noFindings(),
      artifacts: remains.artifacts,
      proof: isComplete && !mayBeUnread(journal) ? 'read' : 'none',
      globals: 'unknown',
    },
    {
      status: 'FAILED',
      finishedAt: dead.lastSignOfLife,
      keepsLocalFiles: isComplete,
      error: describeError(new PgBackupError('KILLED', { remains: text }), context.language),
    },
  );
  context.log('warn', 'REPAIRED', { run: journal.run, remains: text });
  return record;
}

/** Whether the killed run had a key to read an encrypted dump back is not known. */
function mayBeUnread({ encryption = 'none' }: Journal): boolean {
  return encryption !== 'none';
}

const REMAINS = {
  complete: { en: 'its files are complete and were kept', zh: '其文件完整，已保留' },
  damaged: {
    en: 'its dump does not fit its checksum; its files were left as they are',
    zh: '其转储与校验和不符；文件保持原样',
  },
  nothing: { en: 'its unfinished files were removed', zh: '未完成的文件已清除' },
} as const satisfies Record<string, Text>;

interface Remains {
  readonly state: keyof typeof REMAINS;
  readonly artifacts: readonly Artifact[];
}

/** The dump gets its final name last: where it has it, the run had completed all files, and its own checksum tells whether they still are. */
async function inspectRemains(
  files: RunFiles,
  also: StoreChecksum | undefined,
  signal: AbortSignal,
): Promise<Remains> {
  const present = artifactFiles(files).filter((file) => fileSizeBytes(file) > 0);
  if (present[0] !== files.dump) return { state: 'nothing', artifacts: [] };
  const artifacts: Artifact[] = [];
  for (const file of present) artifacts.push(await measureFile(file, file, { also, signal }));
  const [dump] = artifacts;
  const checksum = present[1] === files.checksum ? await readFile(files.checksum, 'utf8') : '';
  const isIntact = dump !== undefined && checksum === checksumLine(dump);
  return isIntact ? { state: 'complete', artifacts } : { state: 'damaged', artifacts: [] };
}

/** What the store counts that the run would upload to. */
function storeChecksum({ mode, tool }: Journal): StoreChecksum | undefined {
  if (mode === 'local') return undefined;
  return tool === 'rclone' ? 'md5' : 'crc64';
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

/** The path comes from a file: only a directory that this program could have made, and that is ours, is removed. */
async function removeTemporaryDirectory(directory: string): Promise<void> {
  if (TEMPORARY_NAME.test(basename(directory)) && (await isOwnDirectory(directory)))
    await rm(directory, { recursive: true, force: true });
}
