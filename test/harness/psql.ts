import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { clientDirectories } from './parts.ts';

export type PsqlOptions = { database?: string; user?: string; password?: string };

type Connection = { host: string; port: number; user: string; password: string };

/** Runs SQL as a script, each statement on its own. Returns unaligned rows; throws what psql printed on error. */
export async function runPsql(
  connection: Connection,
  sql: string,
  options: PsqlOptions = {},
): Promise<string> {
  const binDirectory = [...clientDirectories().values()].at(-1);
  if (!binDirectory) throw new Error('psql is missing; get it with: sudo apt-get install postgresql-client');

  const flags = [
    '--no-psqlrc',
    '--quiet',
    '--no-align',
    '--tuples-only',
    '--set=ON_ERROR_STOP=1',
    '--file=-',
  ];
  const psql = spawn(join(binDirectory, 'psql'), flags, {
    env: {
      PATH: process.env['PATH'],
      PGHOST: connection.host,
      PGPORT: String(connection.port),
      PGUSER: options.user ?? connection.user,
      PGPASSWORD: options.password ?? connection.password,
      // As a flag, a name with `=` in it would be taken for a connection string.
      PGDATABASE: options.database ?? 'postgres',
      PGCLIENTENCODING: 'UTF8',
    },
  });
  // A psql that stops at an error no longer reads its input.
  psql.stdin.on('error', () => {});
  psql.stdin.end(sql);
  const [rows, errors, [exitCode]] = await Promise.all([
    text(psql.stdout),
    text(psql.stderr),
    once(psql, 'close'),
  ]);
  if (exitCode !== 0) throw new Error(`psql ended with ${exitCode}: ${errors.trim()}`);
  return rows.replace(/\n$/, '');
}
