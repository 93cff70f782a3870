import { growingParts, openWhenThere } from './follow-file.ts';
import { beginUpload, giveUpUpload, type MultipartUpload, type Uploading } from './multipart-upload.ts';
import { objectUrl } from './oss-target.ts';
import { sendParts } from './send-parts.ts';
import type { Following, FollowOutcome } from './store.ts';

/** A part that is nearly sent shall arrive, but nobody waits for a store that does not answer. */
const STOP_MILLISECONDS = 30_000;
const ABORT_MILLISECONDS = 20_000;

/**
 * Sends the full parts of a file that is still being written, but for its head; the upload begins with the first of them. A fault ends that, and
 * `stop` tells of it.
 */
export function followFile(uploading: Uploading, path: string, name: string, signal: AbortSignal): Following {
  const stopping = new AbortController();
  const cutting = new AbortController();
  const cut = AbortSignal.any([signal, cutting.signal]);
  let upload: Promise<MultipartUpload> | undefined;
  let sentBytes = 0;

  const send = async (): Promise<void> => {
    const file = await openWhenThere(path, AbortSignal.any([stopping.signal, cut]));
    if (!file) return;
    await using _handle = file.handle;
    await sendParts(
      file,
      (failed) => growingParts(file, AbortSignal.any([stopping.signal, failed])),
      () => {
        upload ??= beginUpload(uploading, name, { overwrite: false }, cut);
        return upload;
      },
      {
        signal: cut,
        onPart: (part) => {
          sentBytes += part.sizeBytes;
        },
      },
    );
  };
  const ended: Promise<FollowOutcome> = send().then(
    () => ({ sentBytes }),
    (failure: unknown) => (cut.aborted ? { sentBytes } : { sentBytes, failure }),
  );

  return {
    async stop() {
      stopping.abort();
      const timer = setTimeout(() => cutting.abort(), STOP_MILLISECONDS);
      const outcome = await ended;
      clearTimeout(timer);
      return outcome;
    },
    async abort() {
      stopping.abort();
      cutting.abort();
      await ended;
      const url = objectUrl(uploading.client.target, name);
      // An interruption that ends the run shall not keep its parts from being given up.
      const limit = AbortSignal.timeout(ABORT_MILLISECONDS);
      try {
        const state = await uploading.states.read(url);
        if (state) await giveUpUpload(uploading, state, limit);
      } catch {
        // It is remembered, and cleared with the abandoned ones.
      }
    },
  };
}
