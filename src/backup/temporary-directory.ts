import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeError } from '../errors.ts';
import { onDisk } from '../files/storage-error.ts';
import type { TargetContext } from './context.ts';
import { type FileLock, tryFileLock } from './file-lock.ts';

/** Not that of runs: their directories are found by their marks, and may have a living run without a lock in them. */
const PREFIX = 'pg-backup-command-';
/** With the six characters of mkdtemp(3). */
const NAME = /^pg-backup-command-[A-Za-z0-9]{6}$/;
const LOCK = 'lock';
/** Between a directory and its lock lie milliseconds, unless the machine sleeps. */
const PATIENCE_MILLISECONDS = 15 * 60_000;
const ATTEMPTS = 5;

/**
 * A private directory for keys and what else must not be seen, removed when `action` ends in any way; what a kill -9 left of others is
 * removed first.
 */
export async function withTemporaryDirectory<T>(
  context: TargetContext,
  action: (directory: string) => Promise<T>,
): Promise<T> {
  await removeAbandonedDirectories(context);
  const { directory, lock } = await makeDirectory(context.environment['PATH']);
  try {
    return await action(directory);
  } finally {
    try {
      await removeTree(directory);
    } finally {
      await lock.release();
    }
  }
}

/** Removes the temporary directories of commands whose process is gone. What cannot be removed now is logged. */
export async function removeAbandonedDirectories(context: TargetContext): Promise<void> {
  const names = await readdir(tmpdir()).catch(() => []);
  for (const name of names.filter((candidate) => NAME.test(candidate))) {
    context.signal.throwIfAborted();
    try {
      await removeIfAbandoned(join(tmpdir(), name), context.environment['PATH']);
    } catch (error) {
      context.log('warn', 'REPAIR_FAILED', { detail: describeError(error, context.language).message });
    }
  }
}

/** Whether it is a directory, and no link to one, that this user alone can look into: others may write to /tmp as well. */
export async function isOwnDirectory(path: string): Promise<boolean> {
  const facts = await lstat(path).catch(() => undefined);
  return facts?.isDirectory() === true && facts.uid === process.getuid?.() && (facts.mode & 0o077) === 0;
}

async function makeDirectory(
  searchPath: string | undefined,
): Promise<{ readonly directory: string; readonly lock: FileLock }> {
  for (let attempt = 1; ; attempt += 1) {
    const directory = await onDisk(tmpdir(), () => mkdtemp(join(tmpdir(), PREFIX)));
    const lock = await tryFileLock(join(directory, LOCK), searchPath).catch(async (error) => {
      await removeTree(directory);
      throw error;
    });
    if (lock) return { directory, lock };
    // Another process saw the lock file before it was locked, and removes what it takes for abandoned.
    if (attempt === ATTEMPTS) throw new Error(`${directory} is held by another process`);
  }
}

async function removeIfAbandoned(directory: string, searchPath: string | undefined): Promise<void> {
  if (!(await isOwnDirectory(directory))) return;
  const lockFacts = await lstat(join(directory, LOCK)).catch(() => undefined);
  if (!lockFacts?.isFile()) {
    const facts = await lstat(directory).catch(() => undefined);
    const isAbandoned = facts !== undefined && Date.now() - facts.mtime.getTime() > PATIENCE_MILLISECONDS;
    if (isAbandoned) await removeTree(directory);
    return;
  }
  const lock = await tryFileLock(join(directory, LOCK), searchPath);
  if (!lock) return;
  try {
    await removeTree(directory);
  } finally {
    await lock.release();
  }
}

/** Again where another process that looks for the lock has just made it anew. */
async function removeTree(directory: string): Promise<void> {
  await onDisk(directory, () => rm(directory, { recursive: true, force: true, maxRetries: 3 }));
}
