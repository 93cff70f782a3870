import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from '../config/load.ts';
import { type Command, type CommandResult, findCommand, pathDirectories, startCommand } from '../exec.ts';
import { PRIVATE_DIRECTORY_MODE } from '../files/durable-files.ts';
import { onDisk } from '../files/storage-error.ts';
import type { EncryptionOptions } from './encryption.ts';
import { encryptionFailed } from './failure.ts';

/** sun_path of unix(7), less the final zero and the longest name that gpg-agent puts below its home. */
const LONGEST_HOME_BYTES = 107 - '/S.gpg-agent.browser'.length;
/** Whatever a desktop may have running: nothing is asked of anybody, and nothing is started beside our own agent. */
const QUIET = ['--batch', '--no-tty', '--no-autostart', '--status-fd=2'];
const STATUS_PREFIX = '[GNUPG:] ';

/** A directory of keys and secrets for one time, with an agent only where secret keys are used. */
export interface GpgHome {
  readonly directory: string;
  /** gpg in this home; ends with `signal`, else with that of the opening. */
  command(args: readonly string[], signal?: AbortSignal): Command;
  /** gpg in the home of the user: GNUPGHOME or ~/.gnupg. */
  userCommand(args: readonly string[]): Command;
  close(): Promise<void>;
}

/** @throws PgBackupError COMMAND_MISSING, ENCRYPTION_FAILED where no agent can be started. */
export async function openGpgHome(
  options: Pick<EncryptionOptions, 'environment' | 'temporaryDirectory' | 'signal'>,
  { needsAgent }: { readonly needsAgent: boolean },
): Promise<GpgHome> {
  const { environment, temporaryDirectory, signal: openingSignal } = options;
  const places = pathDirectories(environment['PATH']);
  const gpg = findCommand('gpg', places, 'apt-get install gpg');
  const agentProgram = needsAgent ? findCommand('gpg-agent', places, 'apt-get install gpg-agent') : undefined;
  const directory = join(temporaryDirectory, 'gnupg');
  await onDisk(directory, () => mkdir(directory, { mode: PRIVATE_DIRECTORY_MODE }));
  const base = chosen(environment, ['PATH']);
  const endAgent =
    agentProgram === undefined ? undefined : await startAgent(agentProgram, directory, base, openingSignal);
  return {
    directory,
    command: (args, signal = openingSignal) => ({
      file: gpg,
      args: [`--homedir=${directory}`, ...QUIET, ...args],
      environment: base,
      signal,
    }),
    userCommand: (args) => ({
      file: gpg,
      // A home that cannot be written to is enough to read keys from.
      args: [...QUIET, '--lock-never', ...args],
      environment: chosen(environment, ['PATH', 'HOME', 'GNUPGHOME']),
      signal: openingSignal,
    }),
    async close() {
      await endAgent?.();
      await onDisk(directory, () => rm(directory, { recursive: true, force: true }));
    },
  };
}

/** What gpg reports to programs (doc/DETAILS of GnuPG): the lines that have one of the keywords, without their prefix. */
export function statusLines(result: CommandResult, ...keywords: string[]): string[] {
  return result.stderr
    .split('\n')
    .filter((line) => line.startsWith(STATUS_PREFIX))
    .map((line) => line.slice(STATUS_PREFIX.length))
    .filter((line) => keywords.includes(line.split(' ', 1)[0] ?? ''));
}

/** The last lines that gpg wrote for people, as one. */
export function said(result: CommandResult): string {
  const lines = result.stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith(STATUS_PREFIX.trim()));
  return lines.slice(-3).join(' | ').slice(0, 500);
}

/**
 * An agent by itself would leave our process group and outlive us. This one is the companion of a `cat` that reads from us: it ends with
 * it (gpg-agent(1), --daemon with a command), so also after kill -9. Returns how to end it now.
 */
async function startAgent(
  file: string,
  directory: string,
  environment: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<() => Promise<void>> {
  if (Buffer.byteLength(directory) > LONGEST_HOME_BYTES) {
    throw encryptionFailed(
      'gpg',
      {
        en: `${directory} is too long a path for the socket of gpg-agent`,
        zh: `路径 ${directory} 过长，无法容纳 gpg-agent 的套接字`,
      },
      { en: 'Set TMPDIR to a shorter path, such as /tmp.', zh: '请将 TMPDIR 设为较短的路径，例如 /tmp。' },
    );
  }
  const ending = new AbortController();
  const agent = startCommand({
    file,
    args: [`--homedir=${directory}`, '--daemon', '--no-detach', '--disable-scdaemon', '--', '/bin/cat'],
    environment,
    signal: AbortSignal.any([ending.signal, signal]),
  });
  agent.stdin.on('error', () => {});
  // The socket is there before the companion starts, so its answer says that all is ready.
  agent.stdin.write('\n');
  const end = async (): Promise<void> => {
    ending.abort();
    agent.stdout.destroy();
    await agent.ended;
  };
  const failed = await Promise.race([once(agent.stdout, 'data').then(() => undefined), agent.ended]);
  if (!failed) return end;
  throw encryptionFailed(
    'gpg',
    { en: `gpg-agent does not start: ${said(failed)}`, zh: `gpg-agent 无法启动：${said(failed)}` },
    { en: 'Check TMPDIR and the installation of gpg-agent.', zh: '请检查 TMPDIR 与 gpg-agent 的安装。' },
  );
}

function chosen(environment: Environment, names: readonly string[]): Record<string, string> {
  const given = names.flatMap((name) => {
    const value = environment[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { LC_ALL: 'C', ...Object.fromEntries(given) };
}
