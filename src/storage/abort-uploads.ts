import type { OssClient } from './oss-client.ts';

const TIME_LIMIT_MILLISECONDS = 30_000;

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
  const options = { signal, retries: 1, deadlineMilliseconds: TIME_LIMIT_MILLISECONDS };
  try {
    // One page is enough: a failed run leaves a few, and hardly a neighbour shares the prefix.
    const query = { prefix: key, 'max-uploads': 1000 };
    const { uploads } = await client.call((sdk) => sdk.listUploads(query), options);
    for (const { name, uploadId } of uploads) {
      if (name !== key || uploadId === keptUploadId) continue;
      await client.call((sdk) => sdk.abortMultipartUpload(name, uploadId), options);
    }
  } catch {
    signal.throwIfAborted();
  }
}
