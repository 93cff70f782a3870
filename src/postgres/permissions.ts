import type { Session } from './session.ts';

export type RightKind = 'schema' | 'table' | 'sequence' | 'rows' | 'large object';

export interface MissingRight {
  readonly kind: RightKind;
  /** Schema-qualified and quoted as SQL needs it. */
  readonly object: string;
  /** The statement that gives the right. */
  readonly remedy: string;
}

/**
 * What the connected user lacks to dump every object of the database, each with the statement that mends it. Nothing that pg_dump gets along without:
 * it locks tables and partitioned tables, copies the rows of tables, and reads sequences and large objects; all else it takes from the catalogs.
 */
export async function missingRights(session: Session): Promise<MissingRight[]> {
  const rows = await session.query(`
    WITH needed AS (
      SELECT c.oid, relkind, nspname, relname, n.oid AS namespace
        FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
       WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND relkind IN ('r', 'p', 'S')
         AND NOT EXISTS (SELECT FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
                          WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
                            AND d.refclassid = 'pg_extension'::regclass AND c.oid <> ALL (coalesce(e.extconfig, '{}'))))
    SELECT DISTINCT 'schema' AS kind, format('schema %I', nspname) AS object,
           format('GRANT USAGE ON SCHEMA %I TO %I;', nspname, current_user) AS remedy
      FROM needed
     WHERE NOT has_schema_privilege(namespace, 'USAGE')
       -- From 18 on pg_dump reads sequences by their numbers.
       AND (relkind <> 'S' OR current_setting('server_version_num')::int < 180000)
    UNION ALL
    SELECT CASE relkind WHEN 'S' THEN 'sequence' ELSE 'table' END,
           format('%s %I.%I', CASE relkind WHEN 'S' THEN 'sequence' ELSE 'table' END, nspname, relname),
           format('GRANT SELECT ON %s%I.%I TO %I;', CASE relkind WHEN 'S' THEN 'SEQUENCE ' ELSE '' END, nspname, relname, current_user)
      FROM needed
     WHERE NOT has_table_privilege(oid, 'SELECT')
    UNION ALL
    SELECT 'rows', format('table %I.%I (row-level security)', nspname, relname), format('ALTER ROLE %I BYPASSRLS;', current_user)
      FROM needed
     WHERE relkind = 'r' AND row_security_active(oid)
    UNION ALL
    SELECT 'large object', format('large object %s', m.oid), format('GRANT SELECT ON LARGE OBJECT %s TO %I;', m.oid, current_user)
      FROM pg_largeobject_metadata m
     WHERE NOT ${IS_SUPERUSER}
       AND NOT current_setting('lo_compat_privileges')::boolean
       AND NOT pg_has_role(m.lomowner, 'USAGE')
       AND NOT EXISTS (SELECT FROM aclexplode(m.lomacl) a
                        WHERE a.privilege_type = 'SELECT' AND (a.grantee = 0 OR pg_has_role(a.grantee, 'USAGE')))`);
  return rows.map((row) => ({
    kind: String(row['kind']) as RightKind,
    object: String(row['object']),
    remedy: String(row['remedy']),
  }));
}

/** What a dump leaves out without an error, because the connected user is no superuser. */
export interface SilentOmissions {
  readonly subscriptions: readonly string[];
  /** `user on server`: these are dumped, but without their options, such as a password. */
  readonly userMappings: readonly string[];
}

/** Asks what of the connected database only a superuser's dump has. */
export async function silentOmissions(session: Session): Promise<SilentOmissions> {
  const rows = await session.query(`
    SELECT 'subscription' AS kind, format('%I', subname) AS object
      FROM pg_subscription
     WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND NOT ${IS_SUPERUSER}
    UNION ALL
    SELECT 'mapping', format('%s on %I', CASE m.umuser WHEN 0 THEN 'public' ELSE format('%I', m.usename) END, m.srvname)
      FROM pg_user_mappings m JOIN pg_foreign_server s ON s.oid = m.srvid
     WHERE NOT ${IS_SUPERUSER}
       AND NOT (m.umuser <> 0 AND m.usename = current_user
                AND (pg_has_role(s.srvowner, 'USAGE') OR has_server_privilege(s.oid, 'USAGE')))
       AND NOT (m.umuser = 0 AND pg_has_role(s.srvowner, 'USAGE'))`);
  const named = (kind: string): string[] =>
    rows.filter((row) => row['kind'] === kind).map((row) => String(row['object']));
  return { subscriptions: named('subscription'), userMappings: named('mapping') };
}

const IS_SUPERUSER = '(SELECT rolsuper FROM pg_roles WHERE rolname = current_user)';
