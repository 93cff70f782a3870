import { PgBackupError } from '../errors.ts';
import type { Artifact } from '../report/record.ts';
import { clearAbandonedUploads } from './abandoned-uploads.ts';
import { describeDifferences, visibleDifferences } from './copy-check.ts';
import { contentOfRange, withOpenFile } from './file-range.ts';
import { patience, TOKEN_HEADER, type Uploading } from './multipart-upload.ts';
import type { OssClient } from './oss-client.ts';
import { OssFailure, uploadError } from './oss-errors.ts';
import { type Headers, headObject, ossObjects, toStoredObject } from './oss-objects.ts';
import { objectKey, objectUrl, uploadHeaders } from './oss-target.ts';
import { FIRST_PART_BYTES } from './part-plan.ts';
import { putInParts } from './put-in-parts.ts';
import { followFile } from './sdk-follow.ts';
import type { PutOptions, Store, StoredObject } from './store.ts';
import { openUploadStates } from './upload-state.ts';

/** With the client's backoff, some ten minutes. */
const RETRIES = 30;
/** For 8 MiB at 64 KiB/s. */
const SMALL_TIMEOUT_MILLISECONDS = 128_000;

export interface SdkStoreOptions {
  readonly client: OssClient;
  /** Where uploads that were begun are remembered. */
  readonly uploadsDirectory: string;
  /** How often a request of an upload is tried again: for some ten minutes. */
  readonly retries?: number;
}

/** A store that uploads through ali-oss: large files in parts, also while they are still being written, and resumed where they stopped. */
export function openSdkStore(options: SdkStoreOptions): Store {
  const { client, retries = RETRIES } = options;
  const states = openUploadStates(options.uploadsDirectory);
  const uploading: Uploading = { client, states, retries };
  const objects = ossObjects(client);
  /** The sizes of files that this process has sent to their last part while they were written. */
  const sentAlong = new Map<string, number>();

  const stat = async (name: string, signal: AbortSignal): Promise<StoredObject | undefined> => {
    const headers = await headObject(client, name, { signal });
    const present = headers && toStoredObject(headers);
    if (!present || present.sha256 !== undefined) return present;
    // The sha256 was not known yet when an upload along with a dump began; what has its token was meant to be that file.
    const state = await states.read(objects.url(name));
    return state && headers[TOKEN_HEADER] === state.token ? { ...present, sha256: state.sha256 } : present;
  };

  return {
    ...objects,
    checksum: 'crc64',
    stat,
    async put(file, artifact, putOptions) {
      const { signal } = putOptions;
      try {
        if (artifact.sizeBytes > FIRST_PART_BYTES) {
          const ask = () => stat(artifact.name, signal);
          const isSent = sentAlong.get(artifact.name) === artifact.sizeBytes;
          // Another attempt compares what is there.
          sentAlong.delete(artifact.name);
          await putInParts(uploading, file, artifact, { ...putOptions, isSent, stat: ask });
        } else {
          await putAtOnce(uploading, file, artifact, putOptions);
        }
      } catch (error) {
        signal.throwIfAborted();
        throw asUploadError(objects.url(artifact.name), error);
      }
    },
    follow(file, name, signal) {
      const onSent = (sizeBytes: number): void => {
        sentAlong.set(name, sizeBytes);
      };
      const following = followFile(uploading, file, name, { signal, onSent });
      return {
        ...following,
        ended: following.ended.then(({ failure, ...outcome }) =>
          failure === undefined
            ? outcome
            : { ...outcome, failure: asUploadError(objects.url(name), failure) },
        ),
      };
    },
    clearAbandoned: (fates, signal) => clearAbandonedUploads({ client, states }, fates, signal),
  };
}

/** Sends a small file with one PutObject. */
async function putAtOnce(
  { client, retries }: Uploading,
  path: string,
  artifact: Artifact,
  { overwrite, signal, onBytes }: PutOptions,
): Promise<void> {
  const { name, sizeBytes, sha256 } = artifact;
  const content = await withOpenFile(path, (file) => contentOfRange(file, { offset: 0, sizeBytes }));
  const { res } = await client.call(
    // The SDK adds the Content-MD5 of a buffer by itself.
    (sdk) =>
      sdk.put(objectKey(client.target, name), content, {
        headers: uploadHeaders(client.target, { sha256, overwrite }),
      }),
    { ...patience(retries, SMALL_TIMEOUT_MILLISECONDS), signal },
  );
  const crc64 = (res.headers as Headers)['x-oss-hash-crc64ecma'];
  const differences = visibleDifferences({ sizeBytes, crc64 }, artifact);
  if (differences.length > 0) {
    const object = objectUrl(client.target, name);
    throw new PgBackupError('REMOTE_MISMATCH', { object, detail: describeDifferences(differences) });
  }
  onBytes?.(sizeBytes);
}

function asUploadError(object: string, error: unknown): unknown {
  return error instanceof OssFailure ? uploadError(object, error) : error;
}
