import { PgBackupError } from '../errors.ts';
import type { Artifact } from '../report/record.ts';
import { describeDifferences, isSame, visibleDifferences } from './copy-check.ts';
import { type OpenFile, withOpenFile } from './file-range.ts';
import {
  beginUpload,
  giveUpUpload,
  type MultipartUpload,
  openUpload,
  type Uploading,
} from './multipart-upload.ts';
import { isNoSuchUpload, OssFailure } from './oss-errors.ts';
import { objectUrl } from './oss-target.ts';
import { LARGEST_FILE_BYTES, partsOf } from './part-plan.ts';
import { sendParts } from './send-parts.ts';
import type { PutOptions, StoredObject } from './store.ts';

export interface PutInPartsOptions extends PutOptions {
  /** What there is under that name; the sha256 of one that this machine's own uploads made is known. */
  readonly stat: () => Promise<StoredObject | undefined>;
  /** OSS is known to hold every part of the file as it is: none need be read and compared. */
  readonly isSent: boolean;
}

/**
 * Begins or resumes the upload of a finished file, sends what OSS does not hold yet, completes it and compares the CRC-64. A refusal gives the
 * upload up; an interruption or an outage leaves it to be resumed.
 * @throws OssFailure, or PgBackupError REMOTE_MISMATCH, UPLOAD_FAILED, DISK_FULL, STORAGE_FAILED
 */
export async function putInParts(
  uploading: Uploading,
  path: string,
  artifact: Artifact,
  options: PutInPartsOptions,
): Promise<void> {
  const { client, states } = uploading;
  const { signal } = options;
  const { name, sha256 } = artifact;
  const url = objectUrl(client.target, name);
  refuseTooLarge(artifact, url);
  await withOpenFile(path, async (file) => {
    const begun = await states.read(url);
    // What was announced for another content cannot be resumed with this one.
    const isResumable = begun && (begun.sha256 ?? sha256) === sha256;
    const begin = (overwrite: boolean) => beginUpload(uploading, name, { sha256, overwrite }, signal);
    const upload = isResumable ? openUpload(uploading, begun) : await begin(options.overwrite);
    try {
      const isSent = options.isSent && isResumable === true;
      return await finish(uploading, upload, file, artifact, { ...options, isSent });
    } catch (error) {
      if (!isNoSuchUpload(error)) throw error;
    }
    // Completed by an attempt whose answer was lost, or aborted by a lifecycle rule of the bucket.
    const present = await options.stat();
    if (present && isSame(present, artifact)) return await states.remove(url);
    const overwrite = options.overwrite || present?.sha256 === sha256;
    await finish(uploading, await begin(overwrite), file, artifact, { ...options, overwrite, isSent: false });
  });
}

async function finish(
  uploading: Uploading,
  upload: MultipartUpload,
  file: OpenFile,
  artifact: Artifact,
  { overwrite, signal, onBytes, stat, isSent }: PutInPartsOptions,
): Promise<void> {
  const { url } = upload.state;
  let sentBytes = 0;
  try {
    const parts = [...partsOf(artifact.sizeBytes)];
    await sendParts(
      file,
      () => (isSent ? [] : parts),
      () => upload,
      {
        signal,
        onPart: ({ sizeBytes }) => {
          sentBytes += sizeBytes;
          onBytes?.(sentBytes);
        },
      },
    );
    if (isSent) onBytes?.(artifact.sizeBytes);
    const crc64 = await upload.complete(artifact.sha256, parts.length, overwrite, signal);
    const answered = visibleDifferences({ sizeBytes: artifact.sizeBytes, crc64 }, artifact);
    // As long as the upload is remembered, an object without its sha256 is known to be ours: it must not be forgotten on the word of the completion.
    const present = answered.length === 0 ? await stat() : undefined;
    const differences = present ? visibleDifferences(present, artifact) : answered;
    if (differences.length > 0) {
      throw new PgBackupError('REMOTE_MISMATCH', { object: url, detail: describeDifferences(differences) });
    }
  } catch (error) {
    const isRefused = error instanceof OssFailure && error.isRefusal && !isNoSuchUpload(error);
    // What cannot be given up now is remembered.
    if (isRefused) await giveUpUpload(uploading, upload.state, signal).catch(() => {});
    throw error;
  }
  await uploading.states.remove(url);
}

function refuseTooLarge({ sizeBytes }: Artifact, object: string): void {
  if (sizeBytes <= LARGEST_FILE_BYTES) return;
  const detail = {
    en: `an object of OSS has 48.8 TB at most, the file has ${sizeBytes} bytes`,
    zh: `OSS 对象最大 48.8 TB，而文件有 ${sizeBytes} 字节`,
  };
  throw new PgBackupError('UPLOAD_FAILED', { object, detail, remedy: '' });
}
