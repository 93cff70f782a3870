import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describeError, PgBackupError } from '../errors.ts';
import { ensureDirectory, PRIVATE_DIRECTORY_MODE, removeFiles } from '../files/durable-files.ts';
import { filesOfRun, type Layout, layoutOf, parseArtifactName } from '../files/layout.ts';
import { readRecord, writeRecord } from '../report/directory.ts';
import { isOnlyRemote, type RecordSummary } from '../report/record.ts';
import type { Store } from '../storage/store.ts';
import type { LocalArtifact } from '../storage/upload.ts';
import { measureFile } from './checksum.ts';
import type { BackupContext, TargetContext } from './context.ts';
import { fileSizeBytes } from './dump.ts';
import { tryFileLock } from './file-lock.ts';
import { type KnownRun, type KnownRuns, readAllKnownRuns, readKnownRuns } from './known-runs.ts';
import { encodeDatabaseName } from './run-name.ts';
import type { RunStage } from './stages.ts';
import { oweReports } from './unsent-reports.ts';
import { uploadRun } from './upload-run.ts';

/** As `sendWaitingRuns`, for a run that is over: whatever goes wrong is logged, and only an interruption is thrown. */
export async function sendPendingUploads(
  context: BackupContext,
  layout: Layout,
  store: Store,
  stage: RunStage,
): Promise<void> {
  try {
    await sendWaitingRuns(context, layout, store, stage);
  } catch (error) {
    context.signal.throwIfAborted();
    // A full disk, for one: retention comes next, and may help.
    context.log('warn', 'OUTBOX_FAILED', { message: describeError(error, context.language).message });
  }
}

/**
 * Sends the earlier runs of this database whose upload failed, oldest first, and returns the names of those that still wait. One that
 * fails again is logged and stays. The reports of those runs stay as they were; their records tell of the upload. Where another process
 * is at it, everything is left to that one.
 * @throws PgBackupError where the files or the lock below BACKUP_BASE_DIR cannot be used
 */
export async function sendWaitingRuns(
  context: BackupContext,
  layout: Layout,
  store: Store,
  stage: RunStage,
): Promise<string[]> {
  const { settings, environment, log } = context;
  await ensureDirectory(layout.uploads, PRIVATE_DIRECTORY_MODE);
  const lockFile = join(layout.uploads, `${encodeDatabaseName(settings.PG_DATABASE)}.lock`);
  const lock = await tryFileLock(lockFile, environment['PATH']);
  if (!lock) {
    log('info', 'UPLOADS_ELSEWHERE');
    return waitingRuns(await readKnownRuns(context), layout, settings.PG_DATABASE).map(({ name }) => name);
  }
  try {
    // Only now: what waited before the lock was ours may have been sent.
    const known = await readKnownRuns(context);
    await clearConfirmed(known, layout, settings.PG_DATABASE);
    const remaining: string[] = [];
    for (const run of waitingRuns(known, layout, settings.PG_DATABASE)) {
      if (!(await trySending(context, layout, store, run, stage))) remaining.push(run.name);
    }
    await clearAbandoned(context, store, known);
    return remaining;
  } finally {
    await lock.release();
  }
}

/** Gives up the uploads of runs that nobody waits for, and logs for which that failed. */
export async function clearAbandoned(
  context: TargetContext,
  store: Store,
  before?: KnownRuns,
): Promise<void> {
  const layout = layoutOf(context.settings.BACKUP_BASE_DIR);
  const known = before ?? (await readAllKnownRuns(context));
  const fates = {
    isWaiting: (name: string) => isWaiting(name, known, layout),
    isKnown: (name: string) => isOfKnownRun(name, known),
  };
  const abandoned = await store.clearAbandoned?.(fates, context.signal);
  if (!abandoned?.length) return;
  context.log('warn', 'ABANDONED_REMAIN', { count: abandoned.length, names: abandoned.join(', ') });
}

/** The runs of a database whose files wait here for their upload, oldest first; also those whose files are gone. */
function waitingRuns(known: KnownRuns, layout: Layout, database: string): KnownRun[] {
  return (
    [...known.byName.values()]
      .filter((run) => run.database === database && run.awaitsUpload && !run.isRunning)
      // Without a record that can be read, only its files can tell that it may wait.
      .filter((run) => run.record || fileSizeBytes(join(layout.data, run.artifactNames[0] ?? '')) > 0)
      .toSorted((a, b) => a.startedAt.getTime() - b.startedAt.getTime())
  );
}

/** What a run that was killed between the confirmation and the removal left, where mode oss does not keep it. */
async function clearConfirmed(known: KnownRuns, layout: Layout, database: string): Promise<void> {
  for (const { record, isRunning, artifactNames, ...run } of known.byName.values()) {
    if (run.database !== database || isRunning || !record) continue;
    if (isOnlyRemote(record)) await removeFiles(pathsOf(layout, artifactNames));
  }
}

async function trySending(
  context: BackupContext,
  layout: Layout,
  store: Store,
  run: KnownRun,
  stage: RunStage,
): Promise<boolean> {
  try {
    await sendRun(context, layout, store, run, stage);
    context.log('info', 'PENDING_UPLOADED', { run: run.name });
    return true;
  } catch (error) {
    context.signal.throwIfAborted();
    const { code, message, hint } = describeError(error, context.language);
    if (code === 'FILES_CHANGED') context.log('warn', 'PENDING_CHANGED', { run: run.name, message, hint });
    else context.log('warn', 'PENDING_FAILED', { run: run.name, message });
    return false;
  }
}

async function sendRun(
  context: BackupContext,
  layout: Layout,
  store: Store,
  run: KnownRun,
  stage: RunStage,
): Promise<void> {
  const { signal } = context;
  const recordPath = filesOfRun(layout, run.name).record;
  const { record } = run;
  const isUsable =
    record &&
    record.artifacts.length > 0 &&
    record.artifacts.every(({ name }) => run.artifactNames.includes(name));
  if (!isUsable) throw filesChanged(recordPath, UNREADABLE, recordPath);
  const totalBytes = record.artifacts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let doneBytes = 0;
  const figures = () => ({ bytesDone: doneBytes, yardstickBytes: totalBytes });
  const onBytes = (done: number): void => {
    doneBytes = done;
  };
  const files = await stage(
    'checksum',
    () => measureAgain(layout, record, store, { signal, onBytes }),
    figures,
  );
  const remote = await uploadRun(context, files, store, stage);
  const artifacts = files.map(({ artifact }) => artifact);
  // Read again: meanwhile somebody may have accepted the run, drilled it, or given the upload up.
  const current = await readRecord(recordPath);
  if (!current) throw filesChanged(recordPath, existsSync(recordPath) ? UNREADABLE : GONE, recordPath);
  // What was never read back is not proven by a copy either.
  const proof = current.proof === 'read' ? 'stored' : current.proof;
  await oweReports(context, run.name, ['records']);
  await writeRecord(recordPath, { ...current, artifacts, remote, proof, awaitsUpload: false });
  if (current.mode === 'oss') await removeFiles(pathsOf(layout, run.artifactNames));
}

/**
 * Reads the files again, with the checksum that the store counts: another tool than at the time of the backup may count another one.
 * @throws PgBackupError FILES_CHANGED
 */
async function measureAgain(
  layout: Layout,
  record: RecordSummary,
  store: Store,
  options: { readonly signal: AbortSignal; readonly onBytes: (done: number) => void },
): Promise<LocalArtifact[]> {
  const { signal, onBytes } = options;
  const recordPath = filesOfRun(layout, record.run).record;
  const files: LocalArtifact[] = [];
  let before = 0;
  for (const artifact of record.artifacts) {
    const path = join(layout.data, artifact.name);
    if (!existsSync(path)) throw filesChanged(path, GONE, recordPath);
    const read = (done: number): void => onBytes(before + done);
    const measured = await measureFile(path, artifact.name, { also: store.checksum, signal, onBytes: read });
    if (measured.sha256 !== artifact.sha256) throw filesChanged(path, CHANGED, recordPath);
    files.push({ path, artifact: { ...artifact, ...measured } });
    before += artifact.sizeBytes;
  }
  return files;
}

/** Whether the upload of an artifact is still wanted, by any database that keeps its backups here; asked anew, as runs begin and end at any time. */
function isWaiting(artifactName: string, known: KnownRuns, layout: Layout): boolean {
  const run = parseArtifactName(artifactName)?.run;
  if (run === undefined) return true;
  // In this order: a run takes its mark away once its record is there.
  if (existsSync(join(layout.running, run))) return true;
  // Its own target gives it up.
  if (known.foreign.has(run)) return true;
  const then = known.byName.get(run);
  return then && !then.isRunning ? then.awaitsUpload : existsSync(filesOfRun(layout, run).record);
}

/** What ossutil left when it was killed is remembered nowhere, and another installation may upload to the same place. */
function isOfKnownRun(artifactName: string, known: KnownRuns): boolean {
  const run = parseArtifactName(artifactName)?.run;
  return run !== undefined && (known.byName.has(run) || known.others.has(run));
}

const GONE = { en: 'is gone', zh: '已不存在' };
const CHANGED = { en: 'has changed since the backup', zh: '自备份以来已被改动' };
const UNREADABLE = { en: 'cannot be read', zh: '无法读取' };

/** `remedy`: the record that, removed, gives the upload up. */
function filesChanged(path: string, change: typeof GONE, remedy: string): PgBackupError {
  return new PgBackupError('FILES_CHANGED', { path, change, remedy });
}

function pathsOf(layout: Layout, names: readonly string[]): string[] {
  return names.map((name) => join(layout.data, name));
}
