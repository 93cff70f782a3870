import { once } from 'node:events';
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
import { lastLines } from '../postgres/failures.ts';
import { lockFile, serverUserId } from './server-directory.ts';
import { scratchFailed, serverEnded } from './server-failure.ts';

const STANDARD_DIRECTORIES = ['/usr/bin', '/bin'];
/** Told apart from the keeper's own failure and from flock's faults, which are 64 to 78 (sysexits.h). */
const CONFLICT = 100;

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
 * Ends and removes what a drill left in its directory; false where a living one holds that.
 * @throws PgBackupError SCRATCH_FAILED where something stays
 */
export async function removeUnlessKept(directory: string, searchPath: string | undefined): Promise<boolean> {
  const result = await runCommand(keeperCommand(directory, searchPath));
  if (result.exitCode !== 0 && result.exitCode !== CONFLICT) throw notRemoved(directory, result);
  return result.exitCode === 0;
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
      ...['--nonblock', '--conflict-exit-code', String(CONFLICT), '--no-fork', lockFile(directory)],
      ...['/bin/sh', '-c', KEEP, 'sh', directory, END_SERVER, ...asUser(serverUserId())],
    ],
    environment: { PATH: STANDARD_DIRECTORIES.join(':'), LC_ALL: 'C' },
    workingDirectory: '/',
    deathSignal: null,
  };
}

function notRemoved(directory: string, result: CommandResult): PgBackupError {
  const why = lastLines(result.stderr) || describeOutcome(result);
  return scratchFailed(
    { en: `${directory} cannot be removed: ${why}`, zh: `无法删除 ${directory}：${why}` },
    `rm -rf '${directory}'`,
  );
}
