import type { ErrorCode } from '../error-table.ts';
import { PgBackupError } from '../errors.ts';
import { cutBetweenWords } from '../scrub.ts';
import type { Target } from './connection.ts';
import { quoteIdentifier } from './identifier.ts';

/** Messages of libpq and the server (English by LC_ALL=C, the server's as far as it speaks English), the first match counts. */
const PATTERNS: readonly (readonly [RegExp, ErrorCode])[] = [
  // Of a database that was dropped on the primary, the server tells its own SQLSTATE (PostgreSQL sources, postgres.c).
  [/due to conflict with recovery|: {2}57P04: /, 'REPLAY_CONFLICT'],
  [
    /server closed the connection unexpectedly|terminating connection|connection to server was lost/,
    'CONNECTION_LOST',
  ],
  [/could not receive data from server|no connection to the server|SSL SYSCALL error/, 'CONNECTION_LOST'],
  [
    /password authentication failed|no password supplied|authentication failed|FATAL: {2}28(?:P01|000):/,
    'AUTHENTICATION_FAILED',
  ],
  [
    /FATAL:.*(no pg_hba\.conf entry|role ".*" does not exist|role ".*" is not permitted to log in)/,
    'AUTHENTICATION_FAILED',
  ],
  [/FATAL:.*database ".*" does not exist|FATAL: {2}3D000:/, 'DATABASE_MISSING'],
  [
    /connection to server .* failed|could not translate host name|could not connect to server/,
    'CONNECTION_FAILED',
  ],
];

/** The error that the output of a PostgreSQL client tells of, or undefined where it tells none of the known ones. */
export function recogniseFailure(output: string, target: Target): PgBackupError | undefined {
  const { host, port, user, database } = target;
  if (/permission denied for database/.test(output)) {
    const remedy = `GRANT CONNECT ON DATABASE ${quoteIdentifier(database)} TO ${quoteIdentifier(user)};`;
    return new PgBackupError('PERMISSION_DENIED', { user, database, objects: 'CONNECT', remedy });
  }
  const code = PATTERNS.find(([pattern]) => pattern.test(output))?.[1];
  return code && new PgBackupError(code, { host, port, user, database, detail: lastLines(output) });
}

/** That replay on a standby server cancelled what was at work. */
export function replayConflict(detail: string, { host, port }: Target): PgBackupError {
  return new PgBackupError('REPLAY_CONFLICT', { host, port, detail });
}

/** True where a program said that the disk or a quota is full; the server's own disk is another one. */
export function saysDiskFull(output: string): boolean {
  return output
    .split('\n')
    .some(
      (line) =>
        /No space left on device|Disk quota exceeded/.test(line) && !/(ERROR|FATAL|PANIC):/.test(line),
    );
}

/** libpq's guess that stands below what the server said itself, and the place in the server's sources. */
const BOILERPLATE =
  /^(This probably means the server terminated|before or while processing the request|LOCATION: {2})/;

const MAXIMUM_CHARACTERS = 1000;

/** The last lines of a program's output as one line: what a report can hold. */
export function lastLines(output: string): string {
  const lines = output
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !BOILERPLATE.test(line));
  const said = lines.slice(-4).join(' | ');
  return cutBetweenWords(said, MAXIMUM_CHARACTERS, 'end');
}
