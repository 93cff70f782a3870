import { PgBackupError } from '../errors.ts';
import { type CommandResult, describeOutcome } from '../exec.ts';
import { diskFull } from '../files/storage-error.ts';
import type { Text } from '../language.ts';
import { lastLines } from '../postgres/failures.ts';

const ANOTHER_SERVER: Text = {
  en: 'Try another DRILL_DIRECTORY or DRILL_PG_BIN_DIR, or set DRILL_PG_HOST to a server that drills may use.',
  zh: '请更换 DRILL_DIRECTORY 或 DRILL_PG_BIN_DIR，或用 DRILL_PG_HOST 指定可供演练使用的服务器。',
};

/** What initdb says after the reason. */
const AFTERWORDS = /^(child process (exited|was terminated)|initdb: removing )/;
/** The limits of the kernel on shared memory and semaphores are told with the words of a full disk. */
const SAYS_DISK_FULL = /^(?!.*(shared memory|semaphore)).*(No space left on device|Disk quota exceeded)/m;

export function scratchFailed(detail: string | Text, remedy: string | Text = ANOTHER_SERVER): PgBackupError {
  return new PgBackupError('SCRATCH_FAILED', { detail, remedy });
}

/** Why a program of the scratch server ended: DISK_FULL for the directory of the drill, or SCRATCH_FAILED with its last lines. */
export function serverEnded(program: string, result: CommandResult, directory: string): PgBackupError {
  if (SAYS_DISK_FULL.test(result.stderr)) return diskFull(directory);
  const lines = result.stderr.split('\n').filter((line) => !AFTERWORDS.test(line));
  const said = lastLines(lines.join('\n'));
  return scratchFailed(`${program}: ${describeOutcome(result)}${said && `: ${said}`}`);
}
