import { once } from 'node:events';
import { lstat, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { PgBackupError } from '../errors.ts';
import {
  asUser,
  type Command,
  type CommandResult,
  describeOutcome,
  findCommand,
  pathDirectories,
  runCommand,
  startCommand,
} from '../exec.ts';
import { listDirectory } from '../files/durable-files.ts';
import { lastLines } from '../postgres/failures.ts';
import { isServerDirectoryName, serverUserId } from './server-directory.ts';
import { scratchFailed, serverEnded } from './server-failure.ts';

const STANDARD_DIRECTORIES = ['/usr/bin', '/bin'];
/** Told apart from the keeper's own failure and from flock's faults, which are 64 to 78 (sysexits.h). */
const CONFLICT = 100;
/** A lock may not show on a network file system, but the time that a living drill writes does. */
const PATIENCE_MILLISECONDS = 15 * 60_000;

/**
 * `$1` is the home of a server. Ends all that works below it, and waits until it is gone. It is found by where it works, which also tells
 * of a directory that was removed meanwhile, and not by postmaster.pid: what was restored could have written another pid there. SIGQUIT is
 * PostgreSQL's immediate shutdown, which takes 5 s at most.
 */
const END_SERVER = `
# Without it nothing would be found, which must not look like nothing to end.
find /proc/self/cwd -maxdepth 0 -printf '' || exit 1
workers() {
  find /proc/[0-9]*/cwd -maxdepth 0 -printf '%h %l\\n' 2>/dev/null | while IFS= read -r line; do
    case "\${line#* }/" in
      "$1"/* | "$1 (deleted)/") pid=\${line%% *}; echo "\${pid#/proc/}" ;;
    esac
  done
}
tenths=0
while pids=$(workers "$1") && [ -n "$pids" ]; do
  signal=QUIT
  if [ "$tenths" -ge 60 ]; then signal=KILL; fi
  if [ "$tenths" -ge 300 ]; then echo "these processes do not end:" $pids >&2; exit 1; fi
  kill -s "$signal" $pids 2>/dev/null
  sleep 0.1
  tenths=$((tenths + 1))
done`;

/**
 * `$1` is the directory of one drill, `$2` the script above, the rest what runs it as the server's user: whatever a restored function
 * may have done, it can end only what belongs to that user. Waits for the end of its input first.
 */
const KEEP = `
trap '' HUP INT QUIT TERM PIPE
directory=$1 end_server=$2
shift 2
echo watching
read -r end
"$@" /bin/sh -c "$end_server" sh "$directory/server"
outcome=$?
if socket=$(readlink -- "$directory/socket"); then rm -rf -- "$socket"; fi
# What is dying may still have written.
for attempt in 1 2 3 4; do
  if rm -rf -- "$directory" 2>/dev/null; then exit "$outcome"; fi
  sleep 1
done
rm -rf -- "$directory" || exit 1
exit "$outcome"`;

/** Watches over one drill's directory for as long as this process lives. */
export interface ServerKeeper {
  /** Ends the server and removes the directory. @throws PgBackupError SCRATCH_FAILED where something stays. */
  end(): Promise<void>;
}

/**
 * Starts a process of its own that outlives us: once our end of its pipe is closed, by `end` or by a death of any kind, it ends the server
 * and removes its files.
 * @throws PgBackupError COMMAND_MISSING without flock(1), SCRATCH_FAILED
 */
export async function startKeeper(directory: string, searchPath: string | undefined): Promise<ServerKeeper> {
  const command = keeperCommand(directory, searchPath);
  const keeper = startCommand(command);
  keeper.stdin.on('error', () => {});
  const refusal = await Promise.race([once(keeper.stdout, 'data').then(() => undefined), keeper.ended]);
  if (refusal) throw serverEnded('flock', refusal, directory);
  return {
    async end() {
      keeper.stdin.end();
      const result = await keeper.ended;
      if (result.exitCode === 0) return;
      // One that was killed has a successor, and one that failed a second try.
      const second = await runCommand(command);
      if (second.exitCode !== 0) throw notRemoved(directory, second);
    },
  };
}

/**
 * Ends and removes what drills left below a directory whose keeper was killed too, as it is when a container is. Returns why the rest of
 * that stays; what a living drill holds is not meant.
 */
export async function removeAbandonedServers(
  parentDirectory: string,
  searchPath: string | undefined,
): Promise<PgBackupError[]> {
  const failures: PgBackupError[] = [];
  // As the kernel tells it of a process; where there is none, nothing is listed.
  const parent = await realpath(parentDirectory).catch(() => parentDirectory);
  for (const { name } of await listDirectory(parent)) {
    const directory = join(parent, name);
    if (!isServerDirectoryName(name) || !(await isAbandoned(directory))) continue;
    const result = await runCommand(keeperCommand(directory, searchPath));
    if (result.exitCode !== 0 && result.exitCode !== CONFLICT) failures.push(notRemoved(directory, result));
  }
  return failures;
}

/** The keeper holds the lock, so that nobody takes the directory for abandoned. */
function keeperCommand(directory: string, searchPath: string | undefined): Command {
  const flock = findCommand(
    'flock',
    [...STANDARD_DIRECTORIES, ...pathDirectories(searchPath)],
    'apt-get install util-linux',
  );
  return {
    file: flock,
    args: [
      ...['--nonblock', '--conflict-exit-code', String(CONFLICT), '--no-fork', join(directory, 'lock')],
      ...['/bin/sh', '-c', KEEP, 'sh', directory, END_SERVER, ...asUser(serverUserId())],
    ],
    environment: { PATH: STANDARD_DIRECTORIES.join(':'), LC_ALL: 'C' },
    workingDirectory: '/',
    deathSignal: null,
  };
}

/** Whether it is a directory, and no link to one, that only this user can write to, and that no drill has touched for a while. */
async function isAbandoned(directory: string): Promise<boolean> {
  const facts = await lstat(directory).catch(() => undefined);
  return (
    facts?.isDirectory() === true &&
    facts.uid === process.getuid?.() &&
    (facts.mode & 0o022) === 0 &&
    Date.now() - facts.mtime.getTime() > PATIENCE_MILLISECONDS
  );
}

function notRemoved(directory: string, result: CommandResult): PgBackupError {
  const why = lastLines(result.stderr) || describeOutcome(result);
  return scratchFailed(
    { en: `${directory} cannot be removed: ${why}`, zh: `无法删除 ${directory}：${why}` },
    `rm -rf '${directory}'`,
  );
}
