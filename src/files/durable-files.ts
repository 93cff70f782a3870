import { randomInt } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { chmod, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { hasErrorCode, onDisk } from './storage-error.ts';

export const PRIVATE_FILE_MODE = 0o600;
export const PRIVATE_DIRECTORY_MODE = 0o700;
export const PUBLIC_FILE_MODE = 0o644;
export const PUBLIC_DIRECTORY_MODE = 0o755;

/** Makes a directory and the parents that are missing, all with this mode; what is there already keeps the mode that somebody gave it. */
export async function ensureDirectory(path: string, mode: number): Promise<void> {
  // Node's own recursive mkdir never ends where a directory exists and takes no entries, as below /proc.
  await onDisk(path, async () => {
    try {
      await makeDirectory(path, mode);
    } catch (error) {
      if (!hasErrorCode(error, 'ENOENT') || dirname(path) === path) throw error;
      await ensureDirectory(dirname(path), mode);
      await makeDirectory(path, mode);
    }
  });
}

async function makeDirectory(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path);
    // The mode of mkdir is cut by the umask.
    await chmod(path, mode);
  } catch (error) {
    if (!hasErrorCode(error, 'EEXIST')) throw error;
  }
}

/** Creates an empty file that must not exist yet, private from its first moment. */
export async function createPrivateFile(path: string): Promise<void> {
  await onDisk(path, async () => {
    const file = await open(path, 'wx', PRIVATE_FILE_MODE);
    await file.close();
  });
}

/** Puts a whole text in place atomically and durably: a reader sees the old file or the new one, also after a power cut. */
export async function writeDurably(path: string, text: string, mode: number): Promise<void> {
  const draft = `${path}.${randomInt(2 ** 32)}`;
  await onDisk(path, async () => {
    try {
      const file = await open(draft, 'wx', mode);
      try {
        await file.writeFile(text);
        // The mode of open is cut by the umask.
        await file.chmod(mode);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(draft, path);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
    await syncDirectory(dirname(path));
  });
}

/** What a killed `writeDurably` of this path may have left beside it: the name and a number. */
export function isAtomicLeftover(fileName: string, path: string): boolean {
  const prefix = `${basename(path)}.`;
  return fileName.startsWith(prefix) && /^\d+$/.test(fileName.slice(prefix.length));
}

/** Makes a finished file durable, then gives it its final name; the directory still has to be synced. */
export async function publishFile(partial: string, final: string): Promise<void> {
  await syncFile(partial);
  await onDisk(final, () => rename(partial, final));
}

/** Makes what a file holds durable. */
export async function syncFile(path: string): Promise<void> {
  await onDisk(path, async () => {
    const file = await open(path, 'r+');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  });
}

/** Makes the names in a directory durable; file systems that cannot do so (EINVAL) are left to their own promise. */
export async function syncDirectory(path: string): Promise<void> {
  await onDisk(path, async () => {
    const directory = await open(path, 'r');
    try {
      await directory.sync();
    } catch (error) {
      if (!hasErrorCode(error, 'EINVAL', 'ENOTSUP')) throw error;
    } finally {
      await directory.close();
    }
  });
}

/** What lies in a directory; nothing where there is no such directory. */
export async function listDirectory(path: string): Promise<Dirent[]> {
  return onDisk(path, async () => {
    try {
      return await readdir(path, { withFileTypes: true });
    } catch (error) {
      if (hasErrorCode(error, 'ENOENT')) return [];
      throw error;
    }
  });
}

/** Removes files; those that are gone already are fine. */
export async function removeFiles(paths: readonly string[]): Promise<void> {
  for (const path of paths) await onDisk(path, () => rm(path, { force: true }));
}
