import { join } from 'node:path';
import { describeError, PgBackupError } from '../errors.ts';
import { removeFiles } from '../files/durable-files.ts';
import { artifactFiles, filesOfRun, type Layout } from '../files/layout.ts';
import { writeRecord } from '../report/directory.ts';
import type { RunRecord } from '../report/record.ts';
import type { Store } from '../storage/store.ts';
import { confirmArtifacts, type LocalArtifact, sendArtifacts } from '../storage/upload.ts';
import { measureFile } from './checksum.ts';
import type { BackupContext } from './context.ts';
import { readHistory } from './history.ts';
import type { RunStage } from './stages.ts';

/**
 * Sends the earlier runs of this database whose upload failed, oldest first. One that fails again is logged and stays; only an
 * interruption is thrown. The reports of those runs stay as they were; their records tell of the upload.
 */
export async function sendPendingUploads(
  context: BackupContext,
  layout: Layout,
  store: Store,
  stage: RunStage,
): Promise<void> {
  const { runs } = await readHistory(layout, context.settings.PG_DATABASE);
  for (const { name, record, isRunning } of runs) {
    // Killed between the confirmation and the removal of what mode oss does not keep.
    if (record?.mode === 'oss' && !record.awaitsUpload && record.remote.length > 0 && !isRunning) {
      await removeFiles(artifactFiles(filesOfRun(layout, name)));
    }
  }
  const waiting = runs.filter((run) => run.awaitsUpload && !run.isRunning);
  for (const { name, record } of waiting.toSorted((a, b) => a.startedAt.getTime() - b.startedAt.getTime())) {
    if (!record) continue;
    try {
      await stage('upload', () => sendRun(context, layout, store, record));
      context.log('info', 'PENDING_UPLOADED', { run: name });
    } catch (error) {
      context.signal.throwIfAborted();
      context.log('warn', 'PENDING_FAILED', {
        run: name,
        message: describeError(error, context.language).message,
      });
    }
  }
}

async function sendRun(
  context: BackupContext,
  layout: Layout,
  store: Store,
  record: RunRecord,
): Promise<void> {
  const { signal, clock } = context;
  const files: LocalArtifact[] = [];
  for (const artifact of record.artifacts) {
    const path = join(layout.data, artifact.name);
    // Another tool than at the time of the backup may count another checksum.
    const measured = await measureFile(path, artifact.name, { also: store.checksum, signal });
    if (measured.sha256 !== artifact.sha256) {
      throw new PgBackupError('ARCHIVE_DAMAGED', {
        outcome: 'sha256',
        detail: `${path} has changed since the backup`,
      });
    }
    files.push({ path, artifact: { ...artifact, ...measured } });
  }
  await sendArtifacts(store, inUploadOrder(files), signal);
  const artifacts = files.map(({ artifact }) => artifact);
  const remote = await confirmArtifacts(store, artifacts, clock, signal);
  const paths = filesOfRun(layout, record.run);
  await writeRecord(paths.record, { ...record, artifacts, remote, proof: 'stored', awaitsUpload: false });
  if (record.mode === 'oss') await removeFiles(artifactFiles(paths));
}

/** The dump last: where it is in the bucket, what belongs to it is there too. */
export function inUploadOrder(files: readonly LocalArtifact[]): LocalArtifact[] {
  return files.toReversed();
}
