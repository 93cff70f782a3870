import type { Session } from './session.ts';

/** 'pgbw' as a number: the class of the advisory locks below, which any session of the server can see (PostgreSQL manual, 13.3.5 and 54.12). */
const LOCK_CLASS = 0x70676277;
/** Held by the session of a run for as long as it wants replay to pause. */
const WANTED = 1;
/** Held by a guard: replay has paused because of it. */
const PAUSED = 2;
/** Held by a guard: replay had paused before. */
const FOUND_PAUSED = 3;

const PAUSE_SECONDS = 60;
const LOOK_SECONDS = 0.5;

export type ReplayState = 'paused' | 'found paused' | 'not yet';

/** What a session needs for it. Nothing is denied that is not asked here: `pg_get_wal_replay_pause_state` is open to everybody. */
export async function mayPause(
  session: Session,
): Promise<{ readonly mayCallFunctions: boolean; readonly mayWriteStatement: boolean }> {
  const [row] = await session.query(`
    SELECT has_function_privilege('pg_wal_replay_pause()', 'EXECUTE') AND has_function_privilege('pg_wal_replay_resume()', 'EXECUTE') AS may_call,
           EXISTS (SELECT FROM pg_language WHERE lanname = 'plpgsql' AND has_language_privilege(oid, 'USAGE')) AS may_write`);
  return { mayCallFunctions: row?.['may_call'] === true, mayWriteStatement: row?.['may_write'] === true };
}

/** Says that the session wants replay to pause, until `wantNoPause` or its end; undefined where somebody's lock keeps it from saying so. */
export async function wantPause(session: Session): Promise<{ readonly processId: number } | undefined> {
  const [row] = await session.query(
    `SELECT pg_backend_pid() AS pid, pg_try_advisory_lock_shared(${LOCK_CLASS}, ${WANTED}) AS said`,
  );
  return row?.['said'] === true ? { processId: Number(row['pid']) } : undefined;
}

/** The guard sees it within a second. */
export async function wantNoPause(session: Session): Promise<void> {
  await session.query(`SELECT pg_advisory_unlock_shared(${LOCK_CLASS}, ${WANTED})`);
}

/** How far the guard that is that server process has come. */
export async function replayState(session: Session, guardProcessId: number): Promise<ReplayState> {
  const rows = await session.query(`
    SELECT objid::int AS said FROM pg_locks
     WHERE ${IS_OURS} AND pid = ${guardProcessId} AND objid IN (${PAUSED}, ${FOUND_PAUSED})`);
  const said = rows.map((row) => row['said']);
  if (said.includes(PAUSED)) return 'paused';
  return said.includes(FOUND_PAUSED) ? 'found paused' : 'not yet';
}

/**
 * Pauses replay for as long as the session that is that server process wants it, and then resumes it: by one statement, so that the server carries it
 * out to its end whatever becomes of us. Resolves with its end.
 * @throws QueryFailed, or PgBackupError where the connection was lost, after which the server may have to be told to resume
 */
export async function guardPause(guard: Session, wantingProcessId: number): Promise<void> {
  await guard.query(`
    SELECT set_config(name, setting, false)
      FROM (VALUES ('statement_timeout', '0'), ('lock_timeout', '0'), ('idle_session_timeout', '0'), ('transaction_timeout', '0'),
                   ('client_connection_check_interval', '0'), ('client_min_messages', 'error'), ('search_path', 'pg_catalog'))
           AS wanted (name, setting)
     WHERE name IN (SELECT s.name FROM pg_settings s)`);
  await guard.execute(guardStatement(wantingProcessId));
}

/** For a guard that is gone before its time. */
export async function resumeReplay(session: Session): Promise<void> {
  await session.query(
    'SELECT CASE WHEN pg_is_in_recovery() THEN pg_wal_replay_resume()::text END AS resumed',
  );
}

const IS_OURS = `locktype = 'advisory' AND classid = ${LOCK_CLASS} AND objsubid = 2 AND granted`;

/**
 * Nothing in it writes to the client between pause and resume: a backend that finds its client gone would end on the spot. Replay that has
 * paused because of us goes on once no other run wants it to pause either; a run counts only where it could have paused by itself. Replay that
 * somebody else has paused is left to him, and is paused by us should it go on too early. What has paused because of us and goes on all the
 * same was meant by whoever did it.
 */
function guardStatement(wantingProcessId: number): string {
  const isWanted = (by: string): string =>
    `EXISTS (SELECT FROM pg_locks l WHERE ${IS_OURS} AND objid = ${WANTED} AND ${by})`;
  const byOthers = `pid <> ${wantingProcessId} AND EXISTS (
    SELECT FROM pg_stat_activity a WHERE a.pid = l.pid AND has_function_privilege(a.usesysid, 'pg_wal_replay_pause()', 'EXECUTE'))`;
  const look = `PERFORM pg_sleep(${LOOK_SECONDS}); PERFORM pg_stat_clear_snapshot();`;
  const resume = 'IF is_ours AND pg_is_in_recovery() THEN PERFORM pg_wal_replay_resume(); END IF;';
  return `DO $guard$
DECLARE
  is_ours boolean := false;
  is_said boolean := false;
  deadline timestamptz;
BEGIN
  WHILE pg_is_in_recovery() AND ${isWanted(`pid = ${wantingProcessId}`)} LOOP
    IF NOT pg_is_wal_replay_paused() THEN
      IF is_ours THEN
        is_ours := false;
        EXIT;
      END IF;
      is_ours := true;
      is_said := false;
      PERFORM pg_wal_replay_pause();
    END IF;
    IF NOT is_said THEN
      deadline := clock_timestamp() + interval '${PAUSE_SECONDS} s';
      WHILE pg_is_in_recovery() AND pg_get_wal_replay_pause_state() <> 'paused' LOOP
        IF clock_timestamp() > deadline THEN
          RAISE EXCEPTION 'it has not paused within ${PAUSE_SECONDS} s';
        END IF;
        PERFORM pg_sleep(0.05);
      END LOOP;
      PERFORM pg_try_advisory_lock_shared(${LOCK_CLASS}, CASE WHEN is_ours THEN ${PAUSED} ELSE ${FOUND_PAUSED} END);
      is_said := true;
    END IF;
    ${look}
  END LOOP;
  WHILE is_ours AND pg_is_in_recovery() AND ${isWanted(byOthers)} LOOP
    ${look}
  END LOOP;
  ${resume}
EXCEPTION WHEN query_canceled OR OTHERS THEN
  ${resume}
  RAISE;
END $guard$`;
}
