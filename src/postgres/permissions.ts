import type { Session } from './session.ts';

export interface MissingRight {
  /** Schema-qualified and quoted as SQL needs it. */
  readonly object: string;
  /** The statement that gives the right. */
  readonly remedy: string;
}

/** What the connected user lacks to dump every object of the database, each with the statement that mends it. */
export async function missingRights(session: Session): Promise<MissingRight[]> {
  const rows = await session.query(`
    SELECT format('schema %I', nspname) AS object,
           format('GRANT USAGE ON SCHEMA %I TO %I;', nspname, current_user) AS remedy
      FROM pg_namespace
     WHERE ${NOT_SYSTEM} AND NOT has_schema_privilege(oid, 'USAGE')
    UNION ALL
    SELECT format('%s %I.%I', CASE relkind WHEN 'S' THEN 'sequence' ELSE 'table' END, nspname, relname),
           format('GRANT SELECT ON %s%I.%I TO %I;', CASE relkind WHEN 'S' THEN 'SEQUENCE ' ELSE '' END, nspname, relname, current_user)
      FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
     WHERE ${NOT_SYSTEM} AND relkind IN ('r', 'p', 'S', 'm') AND NOT has_table_privilege(pg_class.oid, 'SELECT')
    UNION ALL
    SELECT format('table %I.%I (row-level security)', nspname, relname), format('ALTER ROLE %I BYPASSRLS;', current_user)
      FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
     WHERE ${NOT_SYSTEM} AND relkind IN ('r', 'p') AND row_security_active(pg_class.oid)
    UNION ALL
    SELECT format('large object %s', m.oid), format('GRANT SELECT ON LARGE OBJECT %s TO %I;', m.oid, current_user)
      FROM pg_largeobject_metadata m
     WHERE NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
       AND NOT pg_has_role(m.lomowner, 'USAGE')
       AND NOT EXISTS (SELECT FROM aclexplode(m.lomacl) a
                        WHERE a.privilege_type = 'SELECT' AND (a.grantee = 0 OR pg_has_role(a.grantee, 'USAGE')))`);
  return rows.map((row) => ({ object: String(row['object']), remedy: String(row['remedy']) }));
}

const NOT_SYSTEM = `nspname !~ '^pg_' AND nspname <> 'information_schema'`;
