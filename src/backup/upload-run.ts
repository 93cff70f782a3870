import prettyBytes from 'pretty-bytes';
import { describeError } from '../errors.ts';
import type { RemoteObject } from '../report/record.ts';
import type { Following, Store } from '../storage/store.ts';
import { confirmArtifacts, type LocalArtifact, sendArtifacts } from '../storage/upload.ts';
import type { BackupContext } from './context.ts';
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
 * Sends the files of a run, the dump last: where it is in the store, what belongs to it is there too. Returns what the store itself then says
 * of them.
 * @throws PgBackupError UPLOAD_FAILED, OBJECT_EXISTS, CONFIRM_FAILED, REMOTE_MISMATCH
 */
export async function uploadRun(
  { signal, clock }: BackupContext,
  files: readonly LocalArtifact[],
  store: Store,
  stage: RunStage,
): Promise<readonly RemoteObject[]> {
  const artifacts = files.map(({ artifact }) => artifact);
  const yardstickBytes = artifacts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let bytesDone = 0;
  const onBytes = (sent: number): void => {
    bytesDone = sent;
  };
  await stage(
    'upload',
    () => sendArtifacts(store, files.toReversed(), { signal, onBytes }),
    () => ({ bytesDone, yardstickBytes }),
  );
  return stage('confirm', () => confirmArtifacts(store, artifacts, clock, signal));
}
