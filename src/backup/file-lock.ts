import { once } from 'node:events';
import { findCommand, pathDirectories, startCommand } from '../exec.ts';

const STANDARD_DIRECTORIES = ['/usr/bin', '/bin'];

export interface FileLock {
  release(): Promise<void>;
}

/**
 * Takes the flock(2) of a file without waiting; undefined where somebody holds it. The kernel frees it when this process ends in any way:
 * it is held by a flock(1) that lives as long as the pipe from us does. The directory must exist; the file is made if needed.
 * @throws PgBackupError COMMAND_MISSING where there is no flock.
 */
export async function tryFileLock(
  path: string,
  searchPath: string | undefined,
): Promise<FileLock | undefined> {
  const flock = findCommand(
    'flock',
    [...STANDARD_DIRECTORIES, ...pathDirectories(searchPath)],
    'apt-get install util-linux',
  );
  const holder = startCommand({
    file: flock,
    args: ['--nonblock', '--no-fork', path, 'cat'],
    environment: { PATH: STANDARD_DIRECTORIES.join(':'), LC_ALL: 'C' },
  });
  holder.stdin.on('error', () => {});
  holder.stdin.write('held\n');
  // cat runs only once the lock is ours, and then answers.
  const isHeld = await Promise.race([
    once(holder.stdout, 'data').then(() => true),
    holder.ended.then(() => false),
  ]);
  if (!isHeld) return undefined;
  return {
    async release() {
      holder.stdin.end();
      await holder.ended;
    },
  };
}
