import { type ChildProcess, spawn } from 'node:child_process';

const isRoot = process.getuid?.() === 0;

/** The user and group id that servers run as when we are root, because they refuse to be root; else undefined. */
export const serverUserId = isRoot ? 65534 : undefined;

/**
 * Starts a server program as an unprivileged user, with a clean environment. It is ended when this process dies.
 * Root's working copy may lie below directories that others cannot enter, so the one right to pass them is kept.
 */
export function asServerUser(
  program: string,
  arguments_: string[],
  environment: Readonly<Record<string, string>> = {},
): ChildProcess {
  const unprivileged = [
    `--reuid=${serverUserId}`,
    `--regid=${serverUserId}`,
    '--clear-groups',
    '--inh-caps=+dac_override',
    '--ambient-caps=+dac_override',
    // Otherwise access(2), which the server uses to find itself, would ignore that right.
    '--securebits=+no_setuid_fixup',
  ];
  // SIGQUIT is PostgreSQL's immediate shutdown.
  const flags = ['--pdeathsig=QUIT', ...(isRoot ? unprivileged : [])];
  return spawn('setpriv', [...flags, program, ...arguments_], {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
