import { PgBackupError } from '../errors.ts';
import { tryLock, unlock } from '../postgres/advisory-lock.ts';
import { connectionString, type Target } from '../postgres/connection.ts';
import { openSession, type Session } from '../postgres/session.ts';

/** Also keeps firewalls from forgetting a connection that is idle while pg_dump works. */
const HEARTBEAT_MILLISECONDS = 5_000;

/** The way of a run to its database: one session that holds the lock, and what child programs need to connect likewise. */
export interface DatabaseAccess {
  readonly target: Target;
  readonly session: Session;
  readonly connectionString: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Aborts with the run, or when the session and its lock are lost: another runner may be at work then. */
  readonly signal: AbortSignal;
  /** Takes what a PostgreSQL client says on stderr. */
  onToolLine(tool: string, line: string): void;
  close(): Promise<void>;
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
  const heartbeat = setInterval(() => {
    session.query('SELECT 1').catch(() => clearInterval(heartbeat));
  }, HEARTBEAT_MILLISECONDS);
  heartbeat.unref();
  return {
    target,
    session,
    connectionString: connectionString(target, applicationName),
    environment,
    signal: AbortSignal.any([signal, session.lost]),
    onToolLine,
    async close() {
      clearInterval(heartbeat);
      // The server frees it, too, but some time after psql has ended, and would refuse a runner that is quick to follow.
      unlock(session).catch(() => {});
      await session.close();
    },
  };
}
