import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { asServerUser } from './server-user.ts';

export interface FilesOfServer {
  /** An absolute path of `postgres`. */
  readonly program: string;
  /** Holds `data`. */
  readonly directory: string;
  readonly settings: Readonly<Record<string, string>>;
  /** Added to the server's. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Also as German servers say it. */
const READY = /ready to accept (read-only )?connections|bereit, um (lesende )?Verbindungen anzunehmen/;

/** Starts a server on the files of a cluster that is there already, and resolves once it can be connected to. It ends with the test. */
export async function startOnFiles(t: TestContext, options: FilesOfServer): Promise<void> {
  const { program, directory, settings, environment } = options;
  const all = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: directory,
    fsync: 'off',
    ...settings,
  };
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  for (;;) {
    const server = asServerUser(program, ['-D', join(directory, 'data'), ...flags], environment);
    t.after(async () => {
      if (server.exitCode !== null || server.signalCode !== null) return;
      server.kill('SIGQUIT');
      await once(server, 'exit');
    });
    const log = await readyOrEnded(server);
    if (log === 'ready') return;
    // The processes of a server that was killed take a moment to end.
    if (!/shared memory block .* is still in use/.test(log)) throw new Error(log);
  }
}

/** Resolves with 'ready', or with the log of a server that ended. */
function readyOrEnded(server: ChildProcess): Promise<string> {
  let log = '';
  return new Promise((resolve) => {
    server.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      if (READY.test(log)) resolve('ready');
    });
    server.on('close', () => resolve(log));
  });
}
