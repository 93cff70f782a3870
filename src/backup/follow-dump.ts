import { basename } from 'node:path';
import { openOnceBegun } from '../files/growing-file.ts';
import type { Following } from '../storage/store.ts';
import { fileSizeBytes } from './dump.ts';
import type { MakeFilesOptions } from './make-files.ts';
import type { Reading } from './measure-counted.ts';
import { type Counted, readBack } from './read-back.ts';
import { createStages } from './stages.ts';
import type { Team } from './work-together.ts';

/** What goes along with the dump file while that is being written. */
export interface DumpFollowers {
  /** To be called before each attempt at the dump; what followed the one before is given up. */
  begin(): Promise<void>;
  /** To be called once the dump is complete. What is read back; undefined where it cannot be. */
  end(): Reading | undefined;
}

interface StartedReading extends Reading {
  readonly whole: AbortController;
  readonly dropped: AbortController;
}

/** Reads the dump back, and uploads it, while it is being written; tells the head of one in the clear as soon as that is read. */
export function followDump(
  options: MakeFilesOptions,
  team: Team,
  onHead: (head: Buffer) => void,
): DumpFollowers {
  const { context, run, store, encryption } = options;
  const { partialDump, dump } = run.files;
  let reading: StartedReading | undefined;
  let following: Following | undefined;
  // Nothing of an encrypted dump is written twice; of another one, as long as it is not known, perhaps all.
  const unknownBytes = encryption ? 0 : Number.POSITIVE_INFINITY;
  let rewrittenBytes = unknownBytes;
  const onHeadRead = (head: Buffer): void => {
    rewrittenBytes = head.length;
    onHead(head);
  };
  return {
    async begin() {
      reading?.dropped.abort();
      await following?.abort();
      rewrittenBytes = unknownBytes;
      reading = encryption?.canDecrypt === false ? undefined : startReading(options, team, onHeadRead);
      following = store?.follow?.(partialDump, basename(dump), context.signal);
      options.onFollowing(following);
    },
    end() {
      following?.finish(rewrittenBytes);
      reading?.whole.abort();
      return reading;
    },
  };
}

function startReading(
  { context, run, access, client, store, encryption, findings }: MakeFilesOptions,
  team: Team,
  onHead: (head: Buffer) => void,
): StartedReading {
  const path = run.files.partialDump;
  const [whole, dropped] = [new AbortController(), new AbortController()];
  const brokenOff = AbortSignal.any([team.failed, dropped.signal]);
  const stage = createStages(context, findings.stages, brokenOff);
  const until = { whole: whole.signal, signal: AbortSignal.any([context.signal, brokenOff]) };
  const { promise: headBytes, resolve } = Promise.withResolvers<number | undefined>();
  // What is encrypted is only appended to.
  if (encryption) resolve(0);
  let bytesDone = 0;
  const read = async (): Promise<Counted | undefined> => {
    await using file = await openOnceBegun(path, until).catch((error: unknown) => {
      until.signal.throwIfAborted();
      // The wait for it is no part of the stage; its failure is.
      return stage('verify', () => Promise.reject(error));
    });
    return await stage(
      'verify',
      () =>
        readBack(client, path, file, {
          ...{ ...until, environment: access.environment, encryption, also: store?.checksum },
          onHead(head) {
            resolve(head.length);
            onHead(head);
          },
          onBytes: (done) => {
            bytesDone = done;
          },
        }),
      () => ({ bytesDone, yardstickBytes: fileSizeBytes(path) }),
    );
  };
  const counted = read();
  const giveUpHead = (): void => resolve(undefined);
  counted.then(giveUpHead, giveUpHead);
  team.add(
    counted.catch((error: unknown) => {
      if (!dropped.signal.aborted) throw error;
    }),
  );
  return { whole, dropped, headBytes, counted };
}
