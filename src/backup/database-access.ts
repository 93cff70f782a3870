import { PgBackupError } from '../errors.ts';
import { tryLock } from '../postgres/advisory-lock.ts';
import { connectionString, type Target } from '../postgres/connection.ts';
import { openSession, type Session } from '../postgres/session.ts';

/** The way of a run to its database: one session that holds the lock, and what child programs need to connect likewise. */
export interface DatabaseAccess {
  readonly target: Target;
  readonly session: Session;
  readonly connectionString: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Takes what a PostgreSQL client says on stderr. */
  onToolLine(tool: string, line: string): void;
}

export interface DatabaseAccessOptions {
  readonly target: Target;
  readonly psql: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly hostname: string;
  readonly onToolLine: (tool: string, line: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Connects and becomes the one runner of the database.
 * @throws PgBackupError BUSY that names the other runner, or why there is no connection.
 */
export async function openDatabaseAccess(options: DatabaseAccessOptions): Promise<DatabaseAccess> {
  const { target, psql, environment, onToolLine, signal } = options;
  const applicationName = `pg-backup on ${options.hostname}`;
  const session = openSession({ psql, target, environment, applicationName, signal });
  const busy = await tryLock(session);
  if (busy) {
    await session.close();
    throw new PgBackupError('BUSY', { database: target.database, holder: busy.holder });
  }
  return {
    target,
    session,
    connectionString: connectionString(target, applicationName),
    environment,
    onToolLine,
  };
}
