import { quoteLiteral } from './identifier.ts';
import type { Session } from './session.ts';

/** A lock that a client program waits for, and who keeps it waiting, for people. */
export interface LockWait {
  /** Such as `table public.item`, quoted as SQL needs it. */
  readonly object: string;
  readonly holder: string;
}

const NAMED_HOLDERS = 3;

/** The lock that a program waits for that has connected with this session's user and application name; undefined where it waits for none. */
export async function findLockWait(session: Session): Promise<LockWait | undefined> {
  const rows = await session.query(`
    SELECT ${OBJECT} AS object, ${HOLDER} AS holder
      FROM pg_stat_activity us JOIN pg_locks l ON l.pid = us.pid AND NOT l.granted
           ${NAMES_OF_OBJECT}
           CROSS JOIN LATERAL unnest(pg_blocking_pids(us.pid)) AS h (pid)
           ${FACTS_OF_HOLDER}
     WHERE us.pid <> pg_backend_pid() AND us.wait_event_type = 'Lock' AND us.datname = current_database()
       AND us.usename = session_user AND us.application_name = current_setting('application_name')
     ORDER BY a.xact_start`);
  return describe(rows);
}

/** Who holds a lock that keeps everybody out of a table, among those that the text of a LOCK statement names. */
export async function findHolderOf(session: Session, statement: string): Promise<LockWait | undefined> {
  const rows = await session.query(`
    SELECT ${OBJECT} AS object, ${HOLDER} AS holder
      FROM pg_locks l
           ${NAMES_OF_OBJECT}
           CROSS JOIN LATERAL (SELECT l.pid) AS h (pid)
           ${FACTS_OF_HOLDER}
     WHERE l.granted AND l.mode = 'AccessExclusiveLock'
       AND strpos(${quoteLiteral(statement)}, format('%I.%I', n.nspname, c.relname)) > 0
     ORDER BY a.xact_start`);
  return describe(rows);
}

function describe(rows: readonly Readonly<Record<string, unknown>>[]): LockWait | undefined {
  const [first] = rows;
  if (!first) return undefined;
  const object = String(first['object']);
  const holders = [
    ...new Set(rows.filter((row) => row['object'] === object).map((row) => String(row['holder']))),
  ];
  const more = holders.length > NAMED_HOLDERS ? ` (+${holders.length - NAMED_HOLDERS})` : '';
  return { object, holder: holders.slice(0, NAMED_HOLDERS).join(', ') + more };
}

const NAMES_OF_OBJECT = `
  LEFT JOIN pg_class c ON l.locktype = 'relation' AND c.oid = l.relation
        AND l.database IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
  LEFT JOIN pg_namespace n ON n.oid = c.relnamespace`;

const OBJECT = `CASE WHEN c.oid IS NOT NULL
  THEN format('%s %I.%I', CASE c.relkind WHEN 'S' THEN 'sequence' WHEN 'i' THEN 'index' ELSE 'table' END, n.nspname, c.relname)
  ELSE concat_ws(' ', l.locktype, l.relation, l.transactionid) END`;

/** Of a session of another user only its process, its user and its application are shown to everybody; its statement is never told. */
const FACTS_OF_HOLDER = `
  LEFT JOIN pg_stat_activity a ON a.pid = h.pid
  LEFT JOIN pg_prepared_xacts p ON h.pid = 0 AND p.database = current_database()`;

const HOLDER = `CASE WHEN h.pid = 0 THEN format('the prepared transaction %L of %s since %s', p.gid, p.owner, ${utc('p.prepared')})
  ELSE concat_ws(' ',
    coalesce('"' || nullif(a.application_name, '') || '"', nullif(a.backend_type, 'client backend'), 'a session'),
    'of ' || a.usename, 'from ' || host(a.client_addr), 'since ' || ${utc('a.xact_start')},
    '(server process ' || h.pid || coalesce(', ' || nullif(a.state, 'active'), '') || coalesce(
      ', which itself waits for ' || nullif(array_to_string(pg_blocking_pids(a.pid), ', '), ''), '') || ')') END`;

function utc(time: string): string {
  return `to_char(${time} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;
}
