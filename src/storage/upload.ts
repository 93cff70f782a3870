import { PgBackupError } from '../errors.ts';
import type { Artifact, RemoteObject } from '../report/record.ts';
import type { PutOptions, Store, StoredObject } from './store.ts';

export interface LocalArtifact {
  readonly path: string;
  readonly artifact: Artifact;
}

/**
 * Sends the artifacts that the store does not hold yet, in the given order.
 * @throws PgBackupError UPLOAD_FAILED, or OBJECT_EXISTS for an object of that name with another content that is not ours.
 */
export async function sendArtifacts(
  store: Store,
  files: readonly LocalArtifact[],
  signal: AbortSignal,
): Promise<void> {
  for (const { path, artifact } of files) {
    const present = await statBeforeUpload(store, artifact.name, signal);
    if (present && differences(present, artifact).length === 0) continue;
    // What a cut upload of this very file left may be replaced; anything else is somebody's.
    if (present && present.sha256 !== artifact.sha256) {
      throw new PgBackupError('OBJECT_EXISTS', { object: store.url(artifact.name) });
    }
    await put(store, { path, artifact }, { overwrite: present !== undefined, signal });
  }
}

/**
 * Compares each artifact with what the store itself says it holds.
 * @throws PgBackupError REMOTE_MISMATCH for a missing object, another size or another CRC-64.
 */
export async function confirmArtifacts(
  store: Store,
  artifacts: readonly Artifact[],
  clock: () => Date,
  signal: AbortSignal,
): Promise<RemoteObject[]> {
  const confirmed: RemoteObject[] = [];
  for (const artifact of artifacts) {
    const present = await store.stat(artifact.name, signal);
    const detail = present ? differences(present, artifact).join('; ') : 'there is no such object';
    if (!present || detail !== '') {
      throw new PgBackupError('REMOTE_MISMATCH', { object: store.url(artifact.name), detail });
    }
    confirmed.push({
      url: store.url(artifact.name),
      sizeBytes: present.sizeBytes,
      crc64: present.crc64 ?? '',
      confirmedAt: clock().toISOString(),
    });
  }
  return confirmed;
}

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
    if (String(error.parameters['detail']).startsWith('AccessDenied')) return undefined;
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
    if (!present || differences(present, artifact).length > 0) throw error;
  }
}

function differences(present: StoredObject, artifact: Artifact): string[] {
  const found: string[] = [];
  if (present.sizeBytes !== artifact.sizeBytes) {
    found.push(`${present.sizeBytes} bytes instead of ${artifact.sizeBytes}`);
  }
  // Two checksums that nobody counted are not equal.
  if (artifact.crc64 === undefined || present.crc64 !== artifact.crc64) {
    found.push(`CRC-64 ${present.crc64 ?? 'unknown'} instead of ${artifact.crc64 ?? 'unknown'}`);
  }
  return found;
}
