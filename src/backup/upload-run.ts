import prettyBytes from 'pretty-bytes';
import { describeError } from '../errors.ts';
import { artifactFiles, type RunFiles } from '../files/layout.ts';
import type { Artifact, RemoteObject } from '../report/record.ts';
import type { Following, Store } from '../storage/store.ts';
import { confirmArtifacts, sendArtifacts } from '../storage/upload.ts';
import type { BackupContext } from './context.ts';
import { inUploadOrder } from './pending-uploads.ts';
import type { RunStage } from './stages.ts';

/** Ends the upload that went along with the dump, if there was one, and says how far it came. */
export async function stopFollowing(context: BackupContext, following: Following | undefined): Promise<void> {
  const outcome = await following?.stop();
  if (outcome?.failure !== undefined) {
    const { message } = describeError(outcome.failure, context.language);
    context.log('warn', 'ALONG_FAILED', { message });
  } else if (outcome && outcome.sentBytes > 0) {
    context.log('info', 'SENT_ALONG', { size: prettyBytes(outcome.sentBytes) });
  }
}

/**
 * Sends the files of a run, the dump last, and returns what the store itself then says of them.
 * @throws PgBackupError UPLOAD_FAILED, OBJECT_EXISTS, CONFIRM_FAILED, REMOTE_MISMATCH
 */
export async function uploadRun(
  context: BackupContext,
  files: RunFiles,
  artifacts: readonly Artifact[],
  store: Store,
  stage: RunStage,
): Promise<readonly RemoteObject[]> {
  const { signal, clock, log } = context;
  const paths = artifactFiles(files);
  const local = artifacts.map((artifact, index) => ({ path: paths[index] ?? '', artifact }));
  const yardstickBytes = artifacts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let bytesDone = 0;
  const onBytes = (sent: number): void => {
    bytesDone = sent;
  };
  await stage(
    'upload',
    () => sendArtifacts(store, inUploadOrder(local), { signal, onBytes }),
    () => ({ bytesDone, yardstickBytes }),
  );
  const remote = await stage('confirm', () => confirmArtifacts(store, artifacts, clock, signal));
  for (const { url, sizeBytes, crc64, md5 } of remote) {
    const checksum = crc64 ? `CRC-64 ${crc64}` : md5 ? `MD5 ${md5}` : 'sha256';
    log('info', 'OBJECT_CONFIRMED', { object: url, size: prettyBytes(sizeBytes), checksum });
  }
  return remote;
}
