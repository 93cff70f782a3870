import { readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { PgBackupError } from '../errors.ts';
import { findCommand, isExecutable, pathDirectories, runCommand } from '../exec.ts';
import { howToGet } from '../how-to-get.ts';

/** One installed PostgreSQL client: a directory in which all of its programs lie side by side. */
export interface Client {
  readonly major: number;
  /** As the program says it, for example `17.10`. */
  readonly version: string;
  readonly directory: string;
  readonly pgDump: string;
  readonly pgDumpall: string;
  readonly pgRestore: string;
  readonly psql: string;
}

export const DEBIAN_ROOT = '/usr/lib/postgresql';

/**
 * Finds the installed clients, newest first: in `configuredDirectory` alone if given, else below /usr/lib/postgresql and on PATH.
 * @throws PgBackupError COMMAND_MISSING when there is none that is complete.
 */
export async function findClients(
  configuredDirectory: string | undefined,
  path: string | undefined,
): Promise<Client[]> {
  const directories = configuredDirectory ? [configuredDirectory] : candidateDirectories(path);
  const withPgDump = directories.filter((directory) => isExecutable(join(directory, 'pg_dump')));
  if (withPgDump.length === 0)
    findCommand(
      'pg_dump',
      configuredDirectory ? directories : [DEBIAN_ROOT, ...directories],
      howToGet().client(),
    );
  const clients: Client[] = [];
  let incomplete: unknown;
  for (const directory of withPgDump) {
    try {
      clients.push(await inspectClient(directory, path));
    } catch (error) {
      incomplete = error;
    }
  }
  if (clients.length === 0) throw incomplete;
  return clients.sort((a, b) => b.major - a.major);
}

/**
 * The client for a server: its own major if there, else the smallest newer one.
 * @throws PgBackupError CLIENT_TOO_OLD naming both versions.
 */
export function chooseClient(
  clients: readonly Client[],
  server: { readonly major: number; readonly version: string },
): Client {
  const able = clients.filter((client) => client.major >= server.major).sort((a, b) => a.major - b.major);
  const [best] = able;
  if (best) return best;
  throw new PgBackupError('CLIENT_TOO_OLD', {
    serverVersion: server.version,
    clientVersion: clients[0]?.version ?? '-',
    remedy: howToGet().client(server.major),
  });
}

/** Where PostgreSQL programs may lie: below /usr/lib/postgresql and on PATH. */
export function candidateDirectories(path: string | undefined): string[] {
  const debian = existingMajors().map((major) => join(DEBIAN_ROOT, major, 'bin'));
  // Debian's /usr/bin/pg_dump is a wrapper that chooses a version by rules of its own.
  const onPath = pathDirectories(path).filter((directory) => !isDebianWrapper(join(directory, 'pg_dump')));
  return [...new Set([...debian, ...onPath])];
}

function existingMajors(): string[] {
  try {
    return readdirSync(DEBIAN_ROOT);
  } catch {
    return [];
  }
}

function isDebianWrapper(file: string): boolean {
  try {
    return realpathSync(file).endsWith('/pg_wrapper');
  } catch {
    return false;
  }
}

async function inspectClient(directory: string, path: string | undefined): Promise<Client> {
  const find = (name: string): string => findCommand(name, [directory], howToGet().client());
  const pgDump = find('pg_dump');
  const others = { pgDumpall: find('pg_dumpall'), pgRestore: find('pg_restore'), psql: find('psql') };
  const said = await programVersion(pgDump, path);
  if (said === undefined) {
    throw new PgBackupError('COMMAND_MISSING', {
      ...{ command: 'pg_dump', places: directory },
      remedy: howToGet().client(),
    });
  }
  return { ...said, directory, pgDump, ...others };
}

/** The version that a PostgreSQL program says it has, for example `17.10`; undefined where it says none. */
export async function programVersion(
  file: string,
  path: string | undefined,
): Promise<{ readonly major: number; readonly version: string } | undefined> {
  const { stdout } = await runCommand({
    file,
    args: ['--version'],
    environment: { LC_ALL: 'C', PATH: path ?? '' },
  });
  const version = /\(PostgreSQL\) (\d+\S*)/.exec(stdout)?.[1];
  return version === undefined ? undefined : { major: Number.parseInt(version, 10), version };
}
