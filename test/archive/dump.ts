import { execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { parseToc, type Toc } from '../../src/archive/toc.ts';
import { clientDirectories } from '../harness/parts.ts';
import type { PostgresServer } from '../harness/postgres-server.ts';

const MAXIMUM_OUTPUT_BYTES = 64 * 1024 * 1024;

/** What a program of that client's major prints. */
export async function runClient(
  major: number,
  program: 'pg_dump' | 'pg_restore',
  server: PostgresServer | undefined,
  ...args: string[]
): Promise<Buffer> {
  const { stdout } = await promisify(execFile)(clientProgram(major, program), args, {
    env: clientEnvironment(server),
    maxBuffer: MAXIMUM_OUTPUT_BYTES,
    encoding: 'buffer',
  });
  return stdout;
}

/** The custom-format archive that pg_dump writes to a pipe. */
export async function dumpToPipe(
  major: number,
  server: PostgresServer,
  database: string,
  ...args: string[]
): Promise<Buffer> {
  const pgDump = spawn(
    clientProgram(major, 'pg_dump'),
    ['--format=custom', ...args, `--dbname=${database}`],
    {
      env: clientEnvironment(server),
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  return buffer(pgDump.stdout);
}

/** The uncompressed archive of a new database whose table of contents takes several of the pieces that archives come in. */
export async function dumpWithLongHead(major: number, server: PostgresServer): Promise<Buffer> {
  const database = `long head of ${major}`;
  await server.createDatabase(database);
  await server.psql(
    `SELECT format('CREATE TABLE t%s (a int, b text DEFAULT %L)', i, repeat('x', 500)) FROM generate_series(1, 400) i \\gexec
    CREATE TABLE bulk AS SELECT i, md5(i::text) AS text FROM generate_series(1, 50000) AS i`,
    { database },
  );
  return dumpToPipe(major, server, database, '--compress=0');
}

/** The table of contents of an archive that is complete. */
export function tocOfFile(path: string): Toc {
  const toc = parseToc(readFileSync(path));
  if (!toc) throw new Error(`${path} ends before its table of contents does`);
  return toc;
}

export function clientProgram(major: number, program: string): string {
  return join(clientDirectories().get(major) ?? '', program);
}

export function clientEnvironment(server: PostgresServer | undefined): Record<string, string> {
  if (!server) return { LC_ALL: 'C' };
  const { host, port, user, password } = server;
  return {
    LC_ALL: 'C',
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGPASSWORD: password,
    // Otherwise a database's own setting changes how times are written.
    PGTZ: 'UTC',
  };
}
