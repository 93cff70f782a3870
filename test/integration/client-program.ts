import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { clientDirectories } from '../harness/parts.ts';
import type { PostgresServer } from '../harness/postgres-server.ts';

const MAXIMUM_OUTPUT_BYTES = 64 * 1024 * 1024;

/** Runs a program of PostgreSQL's client by hand, as an administrator of the server; returns what it prints. Throws where it fails. */
export async function byHand(
  server: PostgresServer,
  program: 'createdb' | 'pg_dump' | 'pg_restore' | 'psql',
  ...args: string[]
): Promise<string> {
  const { directory } = clientFor(server.major);
  const { stdout } = await promisify(execFile)(join(directory, program), args, {
    env: {
      PGHOST: server.host,
      PGPORT: String(server.port),
      PGUSER: server.user,
      PGPASSWORD: server.password,
      // Otherwise a database's own setting changes how times are written.
      PGTZ: 'UTC',
      LC_ALL: 'C',
    },
    maxBuffer: MAXIMUM_OUTPUT_BYTES,
  });
  return stdout;
}

/** The client of that major or else the next newer one that this machine has. */
export function clientFor(serverMajor: number): { major: number; directory: string } {
  const able = [...clientDirectories()].find(([major]) => major >= serverMajor);
  if (!able) throw new Error(`there is no PostgreSQL client for a server ${serverMajor}`);
  return { major: able[0], directory: able[1] };
}
