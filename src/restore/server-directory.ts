import { randomUUID } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, realpath, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PgBackupError } from '../errors.ts';
import { runCommand } from '../exec.ts';
import { PRIVATE_DIRECTORY_MODE } from '../files/durable-files.ts';
import { onDisk } from '../files/storage-error.ts';
import { lastLines } from '../postgres/failures.ts';
import { scratchFailed } from './server-failure.ts';

export const SERVER_PORT = 5432;

const PREFIX = 'pg-backup-drill-';
/** With the six characters of mkdtemp(3). */
const NAME = /^pg-backup-drill-[A-Za-z0-9]{6}$/;
/** User and group `nobody`, in whatever way a system calls it. */
const NOBODY = 65534;
/** Of sun_path in unix(7), without the final zero. */
const LONGEST_SOCKET_PATH_BYTES = 107;
/** Others may pass through it, and see only what they know the name of. */
const PASSABLE_DIRECTORY_MODE = 0o711;

/** The places of one server in the directory of its drill. */
export interface ServerPlaces {
  /** Belongs to the server's user, with all below it; the way to it is ours. */
  readonly home: string;
  readonly data: string;
  readonly socketDirectory: string;
}

export function isServerDirectoryName(name: string): boolean {
  return NAME.test(name);
}

/** Whoever holds its lock lives, and keeps the directory. */
export function lockFile(directory: string): string {
  return join(directory, 'lock');
}

/** Whom servers run as: they refuse to be root. Undefined where that is our own user. */
export function serverUserId(): number | undefined {
  return process.getuid?.() === 0 ? NOBODY : undefined;
}

/**
 * Makes the directory of one drill, in which only this user can write; its path is free of links, as the kernel tells it.
 * @throws PgBackupError DISK_FULL, SCRATCH_FAILED
 */
export async function makeDrillDirectory(parentDirectory: string): Promise<string> {
  try {
    return await onDisk(join(parentDirectory, PREFIX), async () =>
      mkdtemp(join(await realpath(parentDirectory), PREFIX)),
    );
  } catch (error) {
    if (!(error instanceof PgBackupError && error.code === 'STORAGE_FAILED')) throw error;
    throw scratchFailed(String(error.parameters['detail']));
  }
}

/** Makes what lies in it. The socket has no place there where its path would be too long, or libpq would take it for two hosts. */
export async function makeServerPlaces(directory: string): Promise<ServerPlaces> {
  const home = join(directory, 'server');
  const socketPath = join(home, `.s.PGSQL.${SERVER_PORT}`);
  const isUsable = Buffer.byteLength(socketPath) <= LONGEST_SOCKET_PATH_BYTES && !socketPath.includes(',');
  const socketDirectory = isUsable ? home : join('/tmp', `pg-backup-socket-${randomUUID()}`);
  await onDisk(directory, async () => {
    await makePrivate(home);
    if (!isUsable) {
      // The link comes first: it is how the keeper finds what it has to remove.
      await symlink(socketDirectory, join(directory, 'socket'));
      await makePrivate(socketDirectory);
    }
    if (serverUserId() !== undefined) await chmod(directory, PASSABLE_DIRECTORY_MODE);
  });
  return { home, data: join(home, 'data'), socketDirectory };
}

async function makePrivate(path: string): Promise<void> {
  await mkdir(path, PRIVATE_DIRECTORY_MODE);
  const userId = serverUserId();
  if (userId !== undefined) await chown(path, userId, userId);
}

/** Prints the first of the directories that cannot be entered. */
const ENTER_ALL = 'for directory; do cd -- "$directory" || { echo "$directory"; exit 1; }; done';

/**
 * Checks that the server's user gets to its files and to its programs, by going there.
 * @throws PgBackupError SCRATCH_FAILED that names the directory where it cannot pass
 */
export async function checkReach(directory: string, setting: string): Promise<void> {
  const result = await runCommand({
    file: '/bin/sh',
    args: ['-c', ENTER_ALL, 'sh', ...ancestors(realpathSync(directory)).reverse()],
    environment: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    workingDirectory: '/',
    userId: serverUserId(),
  });
  if (result.exitCode === 0) return;
  const obstacle = result.stdout.trimEnd();
  if (obstacle === '') throw scratchFailed(lastLines(result.stderr));
  const userId = serverUserId() ?? process.getuid?.();
  throw scratchFailed(
    {
      en: `its user (uid ${userId}) cannot enter ${obstacle}`,
      zh: `其运行账号（uid ${userId}）无法进入 ${obstacle}`,
    },
    {
      en: `Set ${setting} to a place below directories that others may enter, or allow it: chmod o+x '${obstacle}'`,
      zh: `请将 ${setting} 设为其他账号可进入的目录下的位置，或放行：chmod o+x '${obstacle}'`,
    },
  );
}

/** The directory and all above it. */
function ancestors(directory: string): string[] {
  const parent = dirname(directory);
  return parent === directory ? [directory] : [directory, ...ancestors(parent)];
}
