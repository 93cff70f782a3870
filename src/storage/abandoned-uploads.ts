import { giveUpUpload, type Uploading } from './multipart-upload.ts';
import { objectUrl } from './oss-target.ts';

/**
 * Gives up the remembered uploads of names that `isWaiting` does not know, whichever tool is in use now. Returns what stays, for people: names
 * for which that failed, and uploads to another bucket or prefix, each with the file that remembers it, which can be removed. Never rejects.
 */
export async function clearAbandonedUploads(
  { client, states }: Pick<Uploading, 'client' | 'states'>,
  isWaiting: (name: string) => boolean,
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
