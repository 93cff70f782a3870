import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serverDirectory } from './parts.ts';
import { killProcessTree } from './process-tree.ts';
import { type PsqlOptions, runPsql } from './psql.ts';
import { asServerUser, serverUserId } from './server-user.ts';

export type PostgresServer = {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly major: number;
  readonly socketDirectory: string;
  /** Runs SQL as a script; the rows come back unaligned, without headers. Throws what psql printed. */
  psql(sql: string, options?: PsqlOptions): Promise<string>;
  /** Creates a database, whatever its name is. */
  createDatabase(name: string): Promise<void>;
  /** SIGKILL for the postmaster and all its backends, as when a machine loses power. */
  killNow(): Promise<void>;
  /** Ends the server at once and removes its directory. May be called again. */
  stop(): Promise<void>;
};

export type StartOptions = {
  major?: number;
  /** Where its files go, instead of a new temporary directory. */
  directory?: string;
  /** Server settings beyond the defaults, e.g. `{ max_connections: '3' }`. */
  settings?: Record<string, string>;
};

/**
 * Starts a throw-away server on a free port of 127.0.0.1: scram passwords, UTF-8, fsync off, an unprivileged
 * user even when we are root. It dies with this process. Throws when the major is not here or does not start.
 */
export async function startPostgres(options: StartOptions = {}): Promise<PostgresServer> {
  const { major = 15, settings = {} } = options;
  const binDirectory = serverDirectory(major);
  if (!binDirectory) throw new Error(`postgres ${major} is missing; get it with: bash scripts/setup test`);

  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'pg-backup-postgres-')));
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const password = randomBytes(12).toString('hex');
  const removeDirectory = () => rm(directory, { recursive: true, force: true, maxRetries: 3 });

  try {
    await initialise(binDirectory, directory, password);
    const { process, port } = await startOnFreePort(binDirectory, directory, settings);
    return serverHandle({ process, port, password, major, directory, removeDirectory });
  } catch (error) {
    await removeDirectory();
    throw error;
  }
}

function serverHandle(started: {
  process: ChildProcess;
  port: number;
  password: string;
  major: number;
  directory: string;
  removeDirectory: () => Promise<void>;
}): PostgresServer {
  const { process, port, password, major, directory, removeDirectory } = started;
  const connection = { host: '127.0.0.1', port, user: 'postgres', password };
  const hasEnded = () => process.exitCode !== null || process.signalCode !== null;
  const psql = (sql: string, options: PsqlOptions = {}) => runPsql(connection, sql, options);

  return {
    ...connection,
    major,
    socketDirectory: directory,
    psql,
    async createDatabase(name) {
      await psql(`CREATE DATABASE "${name.replaceAll('"', '""')}" TEMPLATE template0;`);
    },
    async killNow() {
      if (!hasEnded()) await killProcessTree(process);
    },
    async stop() {
      if (!hasEnded()) {
        process.kill('SIGQUIT');
        await once(process, 'exit');
      }
      await removeDirectory();
    },
  };
}

async function initialise(binDirectory: string, directory: string, password: string): Promise<void> {
  const passwordFile = join(directory, 'password');
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (serverUserId !== undefined) {
    await chown(directory, serverUserId, serverUserId);
    await chown(passwordFile, serverUserId, serverUserId);
  }
  const arguments_ = ['-D', join(directory, 'data'), '-U', 'postgres', '--pwfile', passwordFile];
  const choices = ['--auth', 'scram-sha-256', '--encoding', 'UTF8', '--locale', 'C.UTF-8', '--no-sync'];
  const initdb = asServerUser(join(binDirectory, 'initdb'), [...arguments_, ...choices]);
  const output = collectOutput(initdb);
  const [exitCode] = await once(initdb, 'close');
  if (exitCode !== 0) throw new Error(`initdb ended with ${exitCode}:\n${output()}`);
  await rm(passwordFile);
}

async function startOnFreePort(
  binDirectory: string,
  directory: string,
  settings: Record<string, string>,
): Promise<{ process: ChildProcess; port: number }> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const allSettings = {
      listen_addresses: '127.0.0.1',
      port: String(port),
      unix_socket_directories: directory,
      fsync: 'off',
      full_page_writes: 'off',
      ...settings,
    };
    const flags = Object.entries(allSettings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const process = asServerUser(join(binDirectory, 'postgres'), ['-D', join(directory, 'data'), ...flags]);
    const log = await readyOrEnded(process);
    if (log === 'ready') return { process, port };
    // Another process may have taken the port since it was found free.
    if (attempt === 5 || !log.includes('Address already in use'))
      throw new Error(`postgres did not start:\n${log}`);
  }
}

/** Resolves with 'ready', or with the log of a server that ended. */
function readyOrEnded(process: ChildProcess): Promise<string> {
  const output = collectOutput(process);
  return new Promise((resolve) => {
    process.stderr?.on('data', () => {
      if (output().includes('database system is ready to accept connections')) resolve('ready');
    });
    process.on('close', () => resolve(output()));
  });
}

/** Also keeps the pipes drained, so that a talkative server never blocks. */
function collectOutput(process: ChildProcess): () => string {
  let output = '';
  for (const stream of [process.stdout, process.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-100_000);
    });
  }
  return () => output;
}

/** A TCP port of 127.0.0.1 that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('no TCP port could be found');
  return address.port;
}
