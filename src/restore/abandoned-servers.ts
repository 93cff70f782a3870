import type { Stats } from 'node:fs';
import { lstat, realpath, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { TargetContext } from '../backup/context.ts';
import { tryFileLock } from '../backup/file-lock.ts';
import { describeError } from '../errors.ts';
import { listDirectory } from '../files/durable-files.ts';
import { isServerDirectoryName, lockFile } from './server-directory.ts';
import { removeUnlessKept } from './server-keeper.ts';

/** A lock may not show on a network file system, but the time that a living drill writes does. */
const SILENCE_MILLISECONDS = 15 * 60_000;
/** Between a lock file and its lock lie milliseconds. */
const LOCKING_MILLISECONDS = 10_000;
/** Three times as long as a living drill takes to write its time again. */
const TOUCHED_MILLISECONDS = 6_000;

/** File systems whose locks all containers of a machine see, and which no other machine writes to (statfs(2)): ext, XFS, Btrfs, F2FS, ZFS, tmpfs, overlayfs. */
const LOCAL_FILE_SYSTEMS = [0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0x2fc12fc1, 0x01021994, 0x794c7630];

/** Where drills keep their throw-away servers. */
export function drillParentDirectory({ settings }: Pick<TargetContext, 'settings'>): string {
  return settings.DRILL_DIRECTORY ?? tmpdir();
}

/**
 * Ends and removes the throw-away servers of drills whose process and keeper are gone, as they are when a machine or a container was stopped. A
 * directory that a living drill holds is left alone. Each is logged, also what cannot be removed now; never rejects for that.
 */
export async function removeAbandonedServers(context: TargetContext): Promise<void> {
  const { environment, log, language, signal } = context;
  // As the kernel tells it of a process; where there is none, nothing is listed.
  const given = drillParentDirectory(context);
  const parent = await realpath(given).catch(() => given);
  for (const name of await namesIn(parent)) {
    signal.throwIfAborted();
    const directory = join(parent, name);
    try {
      if (!(await isAbandoned(context, directory))) continue;
      if (await removeUnlessKept(directory, environment['PATH']))
        log('warn', 'SERVER_REMOVED', { directory });
    } catch (error) {
      signal.throwIfAborted();
      log('warn', 'CLEARING_FAILED', { detail: describeError(error, language).message });
    }
  }
}

/** None where it is not for us to look. */
async function namesIn(parent: string): Promise<string[]> {
  const entries = await listDirectory(parent).catch(() => []);
  return entries.map(({ name }) => name).filter(isServerDirectoryName);
}

/** Whether it is a directory, and no link to one, that only this user can write to, and that no living drill has. */
async function isAbandoned({ environment, signal }: TargetContext, directory: string): Promise<boolean> {
  const before = await ownDirectory(directory);
  if (!before) return false;
  if (ageOf(before) > SILENCE_MILLISECONDS) return true;
  const lock = await lstat(lockFile(directory)).catch(() => undefined);
  if (!lock?.isFile() || ageOf(lock) < LOCKING_MILLISECONDS || !(await isLocal(directory))) return false;
  const held = await tryFileLock(lockFile(directory), environment['PATH']);
  if (!held) return false;
  await held.release();
  // A drill whose keeper alone was killed goes on to write its time.
  const rest = TOUCHED_MILLISECONDS - ageOf(before);
  // A timer may go off a millisecond early.
  if (rest > 0) await setTimeout(rest + 1, undefined, { signal });
  const after = await ownDirectory(directory);
  return after !== undefined && ageOf(after) >= TOUCHED_MILLISECONDS;
}

async function ownDirectory(path: string): Promise<Stats | undefined> {
  const facts = await lstat(path).catch(() => undefined);
  const isOurs =
    facts?.isDirectory() === true && facts.uid === process.getuid?.() && (facts.mode & 0o022) === 0;
  return isOurs ? facts : undefined;
}

async function isLocal(directory: string): Promise<boolean> {
  const facts = await statfs(directory).catch(() => undefined);
  return facts !== undefined && LOCAL_FILE_SYSTEMS.includes(facts.type);
}

/** In milliseconds, since it was written. */
function ageOf({ mtime }: Stats): number {
  return Date.now() - mtime.getTime();
}
