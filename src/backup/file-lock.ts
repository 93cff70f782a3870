import { once } from 'node:events';
import { PgBackupError } from '../errors.ts';
import { type CommandResult, describeOutcome, findCommand, pathDirectories, startCommand } from '../exec.ts';
import { lastLines } from '../postgres/failures.ts';

const STANDARD_DIRECTORIES = ['/usr/bin', '/bin'];

/** Told apart from flock's own faults, which are 1 and 64 to 78 (sysexits.h). */
const CONFLICT = 100;

export interface FileLock {
  release(): Promise<void>;
}

/**
 * Takes the flock(2) of a file without waiting; undefined where somebody holds it, or its directory is gone. The kernel frees it when this process ends in any way:
 * it is held by a flock(1) that lives as long as the pipe from us does. The directory must exist; the file is made if needed.
 * @throws PgBackupError COMMAND_MISSING where there is no flock, STORAGE_FAILED where the file system has no locks.
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
    args: ['--nonblock', '--conflict-exit-code', String(CONFLICT), '--no-fork', path, 'cat'],
    environment: { PATH: STANDARD_DIRECTORIES.join(':'), LC_ALL: 'C' },
  });
  holder.stdin.on('error', () => {});
  holder.stdin.write('held\n');
  // cat runs only once the lock is ours, and then answers.
  const refusal = await Promise.race([once(holder.stdout, 'data').then(() => undefined), holder.ended]);
  if (refusal?.exitCode === CONFLICT || /No such file or directory/.test(refusal?.stderr ?? ''))
    return undefined;
  if (refusal) throw lockFailed(path, refusal);
  return {
    async release() {
      holder.stdin.end();
      await holder.ended;
    },
  };
}

function lockFailed(path: string, result: CommandResult): PgBackupError {
  const detail = lastLines(result.stderr) || describeOutcome(result);
  return new PgBackupError('STORAGE_FAILED', { path, detail, remedy: 'mount -o local_lock=flock' });
}
