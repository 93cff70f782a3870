import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkDumpOptions } from '../config/dump-options.ts';
import { ensureDirectory, PRIVATE_DIRECTORY_MODE, PUBLIC_DIRECTORY_MODE } from '../files/durable-files.ts';
import { filesOfRun, type Layout, layoutOf, type RunFiles } from '../files/layout.ts';
import { onDisk } from '../files/storage-error.ts';
import type { BackupContext } from './context.ts';
import { fileSizeBytes } from './dump.ts';
import { writePassfile } from './passfile.ts';
import { runName } from './run-name.ts';
import { tellProgress } from './run-progress.ts';
import { type Journal, markRunning, type RunningMark, readBootId } from './running.ts';
import { oweReports } from './unsent-reports.ts';

const TEMPORARY_PREFIX = 'pg-backup-';
/** With the six characters of mkdtemp(3). */
export const TEMPORARY_NAME = /^pg-backup-[A-Za-z0-9]{6}$/;

/** A run that has its name and its mark. */
export interface OpenRun {
  /** As it was given, with a progress that is told beside the mark too. */
  readonly context: BackupContext;
  readonly journal: Journal;
  readonly files: RunFiles;
  readonly layout: Layout;
  /** The run's own passfile, where a password was configured. */
  readonly passfile: string | undefined;
  /** Takes away the temporary directory with its secrets, and the mark unless it has to stay for a repair. */
  close(options: { readonly keepMark: boolean }): Promise<void>;
}

/** Makes the directories below the base; only the reports and records are for other users. */
export async function ensureLayout(layout: Layout): Promise<void> {
  await ensureDirectory(layout.base, PUBLIC_DIRECTORY_MODE);
  await ensureDirectory(layout.data, PRIVATE_DIRECTORY_MODE);
  await ensureDirectory(layout.reports, PUBLIC_DIRECTORY_MODE);
  await ensureDirectory(layout.records, PUBLIC_DIRECTORY_MODE);
}

/** Gives the run a name that nothing has yet, marks it as under way and makes its private temporary directory. */
export async function openRun(context: BackupContext): Promise<OpenRun> {
  const layout = layoutOf(context.settings.BACKUP_BASE_DIR);
  await ensureLayout(layout);
  const temporaryDirectory = await onDisk(tmpdir(), () => mkdtemp(join(tmpdir(), TEMPORARY_PREFIX)));
  try {
    const { journal, mark } = await markUnderFreeName(context, layout, temporaryDirectory);
    const passfile = await writePassfile(context.settings.PGPASSWORD, temporaryDirectory).catch(
      async (error) => {
        await mark.abandon();
        throw error;
      },
    );
    await oweReports(context, journal.run, ['records', 'reports']);
    const progress = tellProgress(context.progress, layout, journal.run, context.clock);
    return {
      context: { ...context, progress },
      journal,
      files: filesOfRun(layout, journal.run, journal.encryption),
      layout,
      passfile,
      async close({ keepMark }) {
        await rm(temporaryDirectory, { recursive: true, force: true });
        await progress.settled();
        await (keepMark ? mark.abandon() : mark.remove());
      },
    };
  } catch (error) {
    await rm(temporaryDirectory, { recursive: true, force: true });
    throw error;
  }
}

async function markUnderFreeName(
  context: BackupContext,
  layout: Layout,
  temporaryDirectory: string,
): Promise<{ journal: Journal; mark: RunningMark }> {
  const { settings, hostname } = context;
  for (;;) {
    context.signal.throwIfAborted();
    const startedAt = context.clock();
    const run = runName({ database: settings.PG_DATABASE, startedAt, host: hostname });
    const journal: Journal = {
      run,
      database: settings.PG_DATABASE,
      host: settings.PG_HOST,
      port: settings.PG_PORT,
      runner: { hostname, version: context.version },
      startedAt: startedAt.toISOString(),
      mode: settings.BACKUP_MODE,
      tool: settings.BACKUP_UPLOAD_TOOL,
      compression: settings.BACKUP_COMPRESS,
      encryption: settings.BACKUP_ENCRYPTION,
      leftOut: checkDumpOptions(settings.PG_DUMP_EXTRA_OPTS ?? []).leavesOut,
      bootId: readBootId(),
      temporaryDirectory,
    };
    const mark = isNameTaken(layout, journal)
      ? false
      : await markRunning(layout, journal, context.environment['PATH']);
    if (mark) return { journal, mark };
    await untilNextSecond(context.clock());
  }
}

/** Names are unique to the second: a run may end within one. */
function isNameTaken(layout: Layout, { run, encryption }: Journal): boolean {
  const files = filesOfRun(layout, run, encryption);
  return [files.dump, files.record, files.report].some((file) => fileSizeBytes(file) > 0);
}

function untilNextSecond(now: Date): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1000 - now.getMilliseconds()));
}
