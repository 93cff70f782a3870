import type { BackupContext } from '../backup/context.ts';
import type { RunStage } from '../backup/stages.ts';
import type { Store } from '../storage/store.ts';
import { checkDump, fetchDump, type ObtainedDump } from './obtain-dump.ts';
import type { RunSource } from './run-source.ts';

type Stages = RunStage<'fetch' | 'checksum'>;

/** Fetches a dump that is not here, as a stage of its own. */
export async function fetchInStage(
  context: BackupContext,
  source: RunSource,
  store: Store | undefined,
  stage: Stages,
): Promise<ObtainedDump> {
  const { signal } = context;
  const fetch = (onBytes: (done: number) => void): Promise<ObtainedDump> =>
    fetchDump(context, source, { store, signal, onBytes });
  return source.place === 'local' ? fetch(() => {}) : withBytes(source, stage, 'fetch', fetch);
}

/** Reads the whole dump before anything is done with it; one that was fetched and is not what it must be is removed. */
export async function checkInStage(
  { signal }: BackupContext,
  source: RunSource,
  dump: ObtainedDump,
  stage: Stages,
): Promise<void> {
  await withBytes(source, stage, 'checksum', (onBytes) => checkDump(dump, source, { signal, onBytes }));
}

function withBytes<T>(
  source: RunSource,
  stage: Stages,
  name: 'fetch' | 'checksum',
  action: (onBytes: (done: number) => void) => Promise<T>,
): Promise<T> {
  let bytesDone = 0;
  return stage(
    name,
    () =>
      action((done) => {
        bytesDone = done;
      }),
    () => ({ bytesDone, yardstickBytes: source.dump.sizeBytes }),
  );
}
