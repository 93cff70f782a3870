import { parseArtifactName } from '../files/layout.ts';
import { abortUpload, bestEffort, listUploads } from './abort-uploads.ts';
import { giveUpUpload, type Uploading } from './multipart-upload.ts';
import { objectKey, objectUrl } from './oss-target.ts';
import type { UploadFates } from './store.ts';

/**
 * Gives up uploads of names that nobody waits for: those that are remembered here, whichever tool is in use now, and what a killed ossutil left in
 * the bucket of runs that are known here. Returns what stays, for people: names for which that failed, and remembered uploads to another bucket or
 * prefix, each with the file that remembers it, which can be removed. Never rejects.
 */
export async function clearAbandonedUploads(
  uploading: Pick<Uploading, 'client' | 'states'>,
  fates: UploadFates,
  signal: AbortSignal,
): Promise<string[]> {
  const remembered = await clearRemembered(uploading, fates, signal);
  const listed = await clearListed(uploading, fates, signal);
  return [...new Set([...remembered, ...listed])];
}

async function clearRemembered(
  { client, states }: Pick<Uploading, 'client' | 'states'>,
  { isWaiting }: UploadFates,
  signal: AbortSignal,
): Promise<string[]> {
  await states.clearDrafts().catch(() => {});
  const left: string[] = [];
  for (const state of await states.list().catch(() => [])) {
    const { name, url } = state;
    if (isWaiting(name)) continue;
    // These keys may have no right there, and whoever still uses that place clears it.
    if (url !== objectUrl(client.target, name)) left.push(`${url} (${states.pathOf(url)})`);
    else await giveUpUpload({ client, states }, state, signal).catch(() => left.push(name));
  }
  return left;
}

/** Best effort: without the right to list (oss:ListMultipartUploads) they stay until the bucket's lifecycle ends them. */
async function clearListed(
  { client }: Pick<Uploading, 'client'>,
  { isWaiting, isKnown }: UploadFates,
  signal: AbortSignal,
): Promise<string[]> {
  const left: string[] = [];
  const prefix = objectKey(client.target, '');
  try {
    for await (const upload of listUploads(client, prefix, signal)) {
      const name = upload.key.slice(prefix.length);
      // A run may begin or end meanwhile, so each is asked about in its own moment.
      const isArtifact = !name.includes('/') && parseArtifactName(name) !== undefined;
      if (!isArtifact || !isKnown(name) || isWaiting(name)) continue;
      await abortUpload(client, upload, bestEffort(signal)).catch(() => left.push(name));
    }
  } catch {
    // What cannot be listed now is listed the next time.
  }
  return left;
}
