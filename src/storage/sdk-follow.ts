import { growingParts, openWhenThere } from './follow-file.ts';
import { beginUpload, giveUpUpload, type MultipartUpload, type Uploading } from './multipart-upload.ts';
import { OssFailure } from './oss-errors.ts';
import { objectUrl } from './oss-target.ts';
import { FIRST_PART_BYTES, type Part, partsOf } from './part-plan.ts';
import { sendParts } from './send-parts.ts';
import type { Following, FollowOutcome } from './store.ts';

const ABORT_MILLISECONDS = 20_000;

/**
 * Sends the parts of a file that is still being written, its head last; the upload begins with the first of them. `onSent` is told the size of the
 * file once OSS holds every part of it as it is.
 */
export function followFile(
  uploading: Uploading,
  path: string,
  name: string,
  { signal, onSent }: { readonly signal: AbortSignal; readonly onSent: (sizeBytes: number) => void },
): Following {
  const whole = new AbortController();
  const cutting = new AbortController();
  const cut = AbortSignal.any([signal, cutting.signal]);
  let upload: Promise<MultipartUpload> | undefined;
  let rewrittenBytes = 0;
  let sentBytes = 0;
  let sentBefore = 0;

  const uploadOf = (): Promise<MultipartUpload> => {
    upload ??= beginUpload(uploading, name, { overwrite: false }, cut);
    return upload;
  };
  const onPart = ({ sizeBytes }: Part): void => {
    sentBytes += sizeBytes;
    if (!whole.signal.aborted) sentBefore = sentBytes;
  };
  const send = async (): Promise<void> => {
    const file = await openWhenThere(path, AbortSignal.any([whole.signal, cut]));
    if (!file) return;
    await using handle = file.handle;
    const options = { signal: cut, onPart };
    await sendParts(file, (stop) => growingParts(file, { whole: whole.signal, stop }), uploadOf, options);
    const { size } = await handle.stat();
    if (!whole.signal.aborted || size <= FIRST_PART_BYTES) return;
    // Not before the parts that were under way have arrived: the later one counts.
    const rewritten = [...partsOf(size)].filter(({ offset }) => offset > 0 && offset < rewrittenBytes);
    await sendParts(file, () => rewritten, uploadOf, { signal: cut, onPart: () => {} });
    onSent(size);
  };
  const ended: Promise<FollowOutcome> = send().then(
    () => ({ sentBytes: sentBefore }),
    (failure: unknown) => {
      if (cut.aborted) return { sentBytes: sentBefore };
      const isWaitedOut = whole.signal.aborted && failure instanceof OssFailure && !failure.isRefusal;
      return { sentBytes: sentBefore, failure, ...(isWaitedOut ? { isWaitedOut } : {}) };
    },
  );

  return {
    ended,
    sentBytes: () => sentBytes,
    finish(bytes) {
      rewrittenBytes = bytes;
      whole.abort();
    },
    async abort() {
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
