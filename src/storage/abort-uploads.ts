import type { AliOss, CallOptions, OssClient } from './oss-client.ts';
import { isNoSuchUpload, OssFailure } from './oss-errors.ts';

const TIME_LIMIT_MILLISECONDS = 30_000;
const PAGE_SIZE = 1000;

/** A multipart upload that was begun and neither completed nor given up. */
export interface ListedUpload {
  readonly key: string;
  readonly uploadId: string;
}

/**
 * Gives up every multipart upload of one key but `keptUploadId`, whose parts OSS would keep and charge for. Best effort: without the right to list
 * (oss:ListMultipartUploads) or to abort them they stay until the bucket's lifecycle ends them. Rejects with the reason of `signal` only.
 */
export async function abortUploadsOf(
  client: OssClient,
  key: string,
  keptUploadId: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const upload of listUploads(client, key, signal)) {
      if (upload.key !== key || upload.uploadId === keptUploadId) continue;
      await abortUpload(client, upload, bestEffort(signal)).catch((error: unknown) => {
        // That one may stay; the others may go all the same.
        if (!(error instanceof OssFailure && error.isRefusal)) throw error;
      });
    }
  } catch {
    signal.throwIfAborted();
  }
}

/** The multipart uploads whose keys begin with `prefix`, page after page. @throws OssFailure, or the reason of `signal` */
export async function* listUploads(
  client: OssClient,
  prefix: string,
  signal: AbortSignal,
): AsyncGenerator<ListedUpload> {
  let after: ListedUpload | undefined;
  do {
    const page = await readPage(client, prefix, after, signal);
    yield* page.uploads.map(({ name, uploadId }) => ({ key: name, uploadId }));
    after = page.isTruncated ? { key: page.nextKeyMarker, uploadId: page.nextUploadIdMarker } : undefined;
  } while (after !== undefined);
}

/** Gives up one multipart upload; one that OSS does not know (any more) counts as given up. @throws OssFailure, or the reason of the signal */
export async function abortUpload(
  client: OssClient,
  { key, uploadId }: ListedUpload,
  options: CallOptions,
): Promise<void> {
  try {
    await client.call((sdk) => sdk.abortMultipartUpload(key, uploadId), options);
  } catch (error) {
    if (!isNoSuchUpload(error)) throw error;
  }
}

async function readPage(
  client: OssClient,
  prefix: string,
  after: ListedUpload | undefined,
  signal: AbortSignal,
): Promise<Awaited<ReturnType<AliOss['listUploads']>>> {
  const query = {
    'max-uploads': PAGE_SIZE,
    // A parameter without a value is signed in another way than it is sent.
    ...(prefix === '' ? {} : { prefix }),
    ...(after === undefined ? {} : { 'key-marker': after.key, 'upload-id-marker': after.uploadId }),
  };
  return client.call((sdk) => sdk.listUploads(query), bestEffort(signal));
}

/** For requests that a run can do without. */
export function bestEffort(signal: AbortSignal): CallOptions {
  return { signal, retries: 1, deadlineMilliseconds: TIME_LIMIT_MILLISECONDS };
}
