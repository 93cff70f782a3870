import type { Session } from './session.ts';

/** 'pgbs' as a number; PostgreSQL keeps advisory locks apart by database (manual, 13.3.5). */
const LOCK_CLASS = 0x70676273;
const LOCK_OBJECT = 1;

/** Gives the lock back. @throws PgBackupError CONNECTION_LOST, and then the server frees it. */
export async function unlock(session: Session): Promise<void> {
  await session.query(`SELECT pg_advisory_unlock(${LOCK_CLASS}, ${LOCK_OBJECT}) AS was_ours`);
}

/**
 * Takes the one lock of the connected database for as long as the session lives; the server frees it when the session's process is killed
 * or its machine is gone (a dead peer is noticed after a minute). Returns who holds it otherwise, for people.
 */
export async function tryLock(session: Session): Promise<{ readonly holder: string } | undefined> {
  await session.query(`
    SELECT set_config(name, setting, false)
      FROM (VALUES ('statement_timeout', '0'), ('idle_session_timeout', '0'), ('lock_timeout', '0'), ('search_path', 'pg_catalog'),
                   ('tcp_keepalives_idle', '30'), ('tcp_keepalives_interval', '10'), ('tcp_keepalives_count', '3'))
           AS wanted (name, setting)
     WHERE name IN (SELECT s.name FROM pg_settings s)`);
  const [row] = await session.query(`SELECT pg_try_advisory_lock(${LOCK_CLASS}, ${LOCK_OBJECT}) AS locked`);
  if (row?.['locked'] === true) return undefined;
  const [holder] = await session.query(`
    SELECT l.pid, a.application_name AS name, host(a.client_addr) AS address,
           to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since
      FROM pg_locks l LEFT JOIN pg_stat_activity a USING (pid)
     WHERE l.locktype = 'advisory' AND l.classid = ${LOCK_CLASS} AND l.objid = ${LOCK_OBJECT} AND l.granted
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`);
  if (!holder) return { holder: 'it ended just now' };
  const parts = [
    holder['name'] ? `"${holder['name']}"` : 'a session',
    holder['address'] ? `from ${holder['address']}` : '',
    `since ${holder['since'] ?? '?'}`,
    `(server process ${holder['pid']})`,
  ];
  return { holder: parts.filter((part) => part !== '').join(' ') };
}
