import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { execa } from 'execa';
import { PgBackupError } from './errors.ts';
import { killGroup } from './kill-group.ts';
import type { Text } from './language.ts';

const KEPT_CHARACTERS = 64 * 1024;

export interface Command {
  /** An absolute path. */
  readonly file: string;
  readonly args: readonly string[];
  /** The child's whole environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Between SIGTERM and SIGKILL once `signal` aborts; 5 where it is not given. */
  readonly graceSeconds?: number | undefined;
  readonly workingDirectory?: string | undefined;
  /** User and group to become, without any way back to more rights (no_new_privs); only root can. */
  readonly userId?: number | undefined;
  /** What the child gets when this process dies; KILL unless it would leave something behind then. `null`: it lives on. */
  readonly deathSignal?: 'KILL' | 'QUIT' | null;
  /** Called for each line that the child writes to stderr. */
  readonly onErrorLine?: (line: string) => void;
}

export interface CommandResult {
  readonly exitCode: number | undefined;
  /** The signal that ended the child. */
  readonly signal: string | undefined;
  /** The last 64 KiB of each. */
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCommand {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Never rejects: an end of any kind is a result. */
  readonly ended: Promise<CommandResult>;
}

/**
 * Starts a program without a shell, in a process group of its own that ends with `signal`, and dies with this process even after
 * kill -9 (prctl(2), PR_SET_PDEATHSIG, through setpriv(1)).
 */
export function startCommand(command: Command): RunningCommand {
  return start(command, 'pipe');
}

/** Runs a program to its end with no standard input. */
export async function runCommand(command: Command): Promise<CommandResult> {
  return start(command, 'ignore').ended;
}

/**
 * The absolute path of a program in one of the directories.
 * @throws PgBackupError COMMAND_MISSING with `remedy`.
 */
export function findCommand(name: string, directories: readonly string[], remedy: Text | string): string {
  for (const directory of directories) {
    const path = join(directory, name);
    if (isExecutable(path)) return path;
  }
  throw new PgBackupError('COMMAND_MISSING', {
    command: name,
    places: directories.join(', ') || 'PATH',
    remedy,
  });
}

/** The absolute directories of a PATH. */
export function pathDirectories(path: string | undefined): string[] {
  return (path ?? '').split(delimiter).filter((directory) => directory.startsWith('/'));
}

/** One clause that says how a program ended: `exit code 1`, `killed by SIGKILL`. */
export function describeOutcome(result: CommandResult): string {
  return result.signal === undefined ? `exit code ${result.exitCode ?? '?'}` : `killed by ${result.signal}`;
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    // A directory has the same right, by another meaning.
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

const SETPRIV = '/usr/bin/setpriv';

/** What stands before a command line so that it runs as `Command.userId`, for scripts that start programs themselves. */
export function asUser(userId: number | undefined): string[] {
  return userId === undefined ? [] : [SETPRIV, ...userFlags(userId), '--'];
}

function userFlags(userId: number): string[] {
  return [`--reuid=${userId}`, `--regid=${userId}`, '--clear-groups', '--no-new-privs'];
}

/** A change of the user would forget the signal again, so one setpriv does both. */
function commandLine({ file, userId, deathSignal = 'KILL' }: Command): string[] {
  const flags = [
    ...(deathSignal === null ? [] : ['--pdeathsig', deathSignal]),
    ...(userId === undefined ? [] : userFlags(userId)),
  ];
  // Where it is missing, somebody who asked for another user must not stay root.
  const isNeeded = userId !== undefined || (flags.length > 0 && isExecutable(SETPRIV));
  return isNeeded ? [SETPRIV, ...flags, '--', file] : [file];
}

function start(command: Command, stdin: 'pipe' | 'ignore'): RunningCommand {
  const [file = command.file, ...before] = commandLine(command);
  const child = execa(file, [...before, ...command.args], {
    env: command.environment,
    extendEnv: false,
    detached: true,
    reject: false,
    stdin,
    buffer: false,
    stripFinalNewline: false,
    ...(command.workingDirectory === undefined ? {} : { cwd: command.workingDirectory }),
  });
  let stdout = '';
  // Of a command that is talked to, the caller reads the answers.
  if (stdin === 'ignore') {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout = (stdout + text).slice(-KEPT_CHARACTERS);
    });
  }
  let stderr = '';
  let openLine = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-KEPT_CHARACTERS);
    const lines = (openLine + text).split('\n');
    openLine = (lines.pop() ?? '').slice(-KEPT_CHARACTERS);
    for (const line of lines) command.onErrorLine?.(line);
  });
  const stopKilling = killGroup(child, command.signal, command.graceSeconds);
  const ended = (async (): Promise<CommandResult> => {
    const result = await child;
    stopKilling();
    if (openLine !== '') command.onErrorLine?.(openLine);
    return {
      exitCode: result.exitCode,
      signal: result.signal,
      stdout,
      stderr: stderr || (result.exitCode === undefined ? (result.originalMessage ?? '') : ''),
    };
  })();
  // With stdin ignored there is no stream; callers of runCommand never see it.
  return { stdin: child.stdin as Writable, stdout: child.stdout as Readable, ended };
}
