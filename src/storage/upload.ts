import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { PgBackupError } from '../errors.ts';
import type { Artifact, RemoteObject } from '../report/record.ts';
import { checkCopy, describeDifferences, isSame, visibleDifferences } from './copy-check.ts';
import { readRange, withOpenFile } from './file-range.ts';
import type { PutOptions, Store, StoredObject } from './store.ts';

export interface LocalArtifact {
  readonly path: string;
  readonly artifact: Artifact;
}

/**
 * Sends the artifacts that the store does not hold yet, in the given order; `onBytes` is told how much of all of them is there.
 * @throws PgBackupError UPLOAD_FAILED, or OBJECT_EXISTS for an object of that name with another content that is not ours.
 */
export async function sendArtifacts(
  store: Store,
  files: readonly LocalArtifact[],
  options: { readonly signal: AbortSignal; readonly onBytes?: (sent: number) => void },
): Promise<void> {
  const { signal, onBytes } = options;
  let sentBefore = 0;
  for (const { path, artifact } of files) {
    const present = await statBeforeUpload(store, artifact.name, signal);
    if (!present || !(await isThere(store, present, artifact, signal))) {
      // What a cut upload of this very file left may be replaced; anything else is somebody's.
      if (present && !(await isCutUpload(store, present, { path, artifact }, signal))) {
        throw new PgBackupError('OBJECT_EXISTS', { object: store.url(artifact.name) });
      }
      await put(
        store,
        { path, artifact },
        {
          overwrite: present !== undefined,
          signal,
          onBytes: (sent) => onBytes?.(sentBefore + sent),
        },
      );
    }
    sentBefore += artifact.sizeBytes;
    onBytes?.(sentBefore);
  }
}

/**
 * Compares each artifact with what the store itself says it holds.
 * @throws PgBackupError REMOTE_MISMATCH for a missing object, another size or another checksum.
 */
export async function confirmArtifacts(
  store: Store,
  artifacts: readonly Artifact[],
  clock: () => Date,
  signal: AbortSignal,
): Promise<RemoteObject[]> {
  const confirmed: RemoteObject[] = [];
  for (const artifact of artifacts) {
    const object = store.url(artifact.name);
    const copy = await checkCopy(store, artifact, signal);
    if (!copy) throw new PgBackupError('REMOTE_MISMATCH', { object, detail: MISSING });
    if (copy.differences.length > 0) {
      throw new PgBackupError('REMOTE_MISMATCH', { object, detail: describeDifferences(copy.differences) });
    }
    const { sizeBytes, crc64 = '', md5 } = copy.present;
    const confirmedAt = clock().toISOString();
    confirmed.push({ url: object, sizeBytes, crc64, ...(md5 === undefined ? {} : { md5 }), confirmedAt });
  }
  return confirmed;
}

const MISSING = { en: 'there is no such object', zh: '没有该对象' };

/** What keeps us from asking before an upload would keep us from uploading: there is no copy yet that could be unconfirmed. */
async function statBeforeUpload(
  store: Store,
  name: string,
  signal: AbortSignal,
): Promise<StoredObject | undefined> {
  try {
    return await store.stat(name, signal);
  } catch (error) {
    if (!(error instanceof PgBackupError) || error.code !== 'CONFIRM_FAILED') throw error;
    // Without the right to list, a missing object may look forbidden; the store then keeps an existing one from being overwritten.
    if (error.parameters['storeCode'] === 'AccessDenied') return undefined;
    throw new PgBackupError('UPLOAD_FAILED', { ...error.parameters }, error);
  }
}

async function put(store: Store, { path, artifact }: LocalArtifact, options: PutOptions): Promise<void> {
  try {
    await store.put(path, artifact, options);
  } catch (error) {
    if (!(error instanceof PgBackupError) || error.code !== 'OBJECT_EXISTS') throw error;
    // It is our own where the answer to a first attempt was lost, and the tool made a second one.
    const present = await store.stat(artifact.name, options.signal);
    if (!present || !(await isThere(store, present, artifact, options.signal))) throw error;
  }
}

/**
 * By the sha256 that stands beside the object. Where there is none, and the remote writes in place, only an object that holds nothing but what
 * our file begins with.
 */
async function isCutUpload(
  store: Store,
  present: StoredObject,
  { path, artifact }: LocalArtifact,
  signal: AbortSignal,
): Promise<boolean> {
  if (present.sha256 !== undefined) return present.sha256 === artifact.sha256;
  const { sizeBytes } = present;
  if (!store.writesInPlace || sizeBytes >= artifact.sizeBytes) return false;
  const [there, here] = [createHash('sha256'), createHash('sha256')];
  await pipeline(await store.get(artifact.name, { signal }), there);
  await withOpenFile(path, (file) => pipeline(readRange(file, { offset: 0, sizeBytes }), here, { signal }));
  return there.digest('hex') === here.digest('hex');
}

/** Read back where no checksum tells; what has another size need not be. */
async function isThere(
  store: Store,
  present: StoredObject,
  artifact: Artifact,
  signal: AbortSignal,
): Promise<boolean> {
  if (visibleDifferences(present, artifact).length > 0) return false;
  return isSame(present, artifact) || (await checkCopy(store, artifact, signal))?.differences.length === 0;
}
