import type { Session } from './session.ts';

/** What the server says about sessions that replay has cancelled. */
export interface ReplayConflicts {
  /** In the connected database, of all kinds, since the server counts; undefined on a server that replays nothing. */
  readonly count: number | undefined;
  /** False where its errors have to be understood without words. */
  readonly isEnglish: boolean;
}

/** Every user may ask for it (PostgreSQL manual, 27.2.18, pg_stat_database_conflicts). */
export async function countReplayConflicts(session: Session): Promise<ReplayConflicts> {
  // Every column, also those that servers to come will have.
  const [row] = await session.query(`
    SELECT CASE WHEN pg_is_in_recovery() THEN (
             SELECT sum(value::bigint) FROM pg_stat_database_conflicts c, jsonb_each_text(to_jsonb(c)) AS facts (name, value)
              WHERE c.datname = current_database() AND name LIKE 'confl\\_%') END::text AS count,
           current_setting('lc_messages') AS language`);
  const { count, language } = row ?? {};
  return {
    count: typeof count === 'string' ? Number(count) : undefined,
    isEnglish: /^($|C$|C\.|POSIX|en)/i.test(String(language)),
  };
}
