import prettyBytes from 'pretty-bytes';
import { describeError } from '../errors.ts';
import type { RemoteObject } from '../report/record.ts';
import type { Following, FollowOutcome, Store } from '../storage/store.ts';
import { confirmArtifacts, type LocalArtifact, sendArtifacts } from '../storage/upload.ts';
import type { BackupContext } from './context.ts';
import type { RunStage } from './stages.ts';

/**
 * Sends the files of a run, the dump last: where it is in the store, what belongs to it is there too. What goes along with the dump may still be under
 * way. Returns what the store itself then says of them.
 * @throws PgBackupError UPLOAD_FAILED, OBJECT_EXISTS, CONFIRM_FAILED, REMOTE_MISMATCH
 */
export async function uploadRun(
  context: BackupContext,
  files: readonly LocalArtifact[],
  store: Store,
  stage: RunStage,
  following?: Following,
): Promise<readonly RemoteObject[]> {
  const { signal, clock } = context;
  const artifacts = files.map(({ artifact }) => artifact);
  const yardstickBytes = artifacts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let bytesDone: number | undefined;
  const onBytes = (sent: number): void => {
    bytesDone = sent;
  };
  await stage(
    'upload',
    async () => {
      const outcome = await following?.ended;
      if (outcome?.isWaitedOut) throw outcome.failure;
      if (outcome) tellOutcome(context, outcome);
      await sendArtifacts(store, files.toReversed(), { signal, onBytes });
    },
    () => ({ bytesDone: bytesDone ?? following?.sentBytes() ?? 0, yardstickBytes }),
  );
  return stage('confirm', () => confirmArtifacts(store, artifacts, clock, signal));
}

function tellOutcome({ log, language }: BackupContext, { sentBytes, failure }: FollowOutcome): void {
  if (failure !== undefined) {
    log('warn', 'ALONG_FAILED', { message: describeError(failure, language).message });
  } else if (sentBytes > 0) {
    log('info', 'SENT_ALONG', { size: prettyBytes(sentBytes) });
  }
}
