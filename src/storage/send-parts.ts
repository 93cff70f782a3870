import pMap from 'p-map';
import { md5OfRange, type OpenFile } from './file-range.ts';
import type { MultipartUpload } from './multipart-upload.ts';
import { OssFailure } from './oss-errors.ts';
import type { Part } from './part-plan.ts';

const PARTS_AT_A_TIME = 3;
const DIGEST_ATTEMPTS = 3;

/**
 * Sends the parts of a file that OSS does not hold with their present content, some at a time, and tells of each one that it holds. The first
 * failure stops the others, and when this ends none is under way any more. `parts` ends once the signal that it is given is aborted.
 * @throws what the first failure was: OssFailure, PgBackupError; or the reason of `signal`
 */
export async function sendParts(
  file: OpenFile,
  parts: (signal: AbortSignal) => Iterable<Part> | AsyncIterable<Part>,
  uploadOf: () => Promise<MultipartUpload> | MultipartUpload,
  options: { readonly signal: AbortSignal; readonly onPart: (part: Part) => void },
): Promise<void> {
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  await pMap(
    parts(signal),
    async (part) => {
      if (signal.aborted) return;
      try {
        await sendPart(await uploadOf(), file, part, signal);
        options.onPart(part);
      } catch (error) {
        failed.abort(error);
      }
    },
    { concurrency: PARTS_AT_A_TIME },
  );
  signal.throwIfAborted();
}

async function sendPart(
  upload: MultipartUpload,
  file: OpenFile,
  part: Part,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const md5 = await md5OfRange(file, part, signal);
    if (upload.holds(part, md5)) return;
    try {
      return await upload.send(file, part, md5, signal);
    } catch (error) {
      // The content was damaged on its way, or rewritten after it was counted.
      const isOtherContent = error instanceof OssFailure && error.code === 'InvalidDigest';
      if (!isOtherContent || attempt === DIGEST_ATTEMPTS) throw error;
    }
  }
}
