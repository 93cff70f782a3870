import { FIRST_OID_OF_USERS } from './inventory-select.ts';

/** One right of the ACL entry `a`. */
export const GRANT = `CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee) END || '=' || a.privilege_type ||
  CASE WHEN a.is_grantable THEN '*' ELSE '' END`;

/** Catalogs whose objects carry rights: their acl, and the rights that an object has as long as nobody gives any. */
const RIGHTS: Readonly<Record<string, readonly [acl: string, standard: string, where?: string]>> = {
  pg_class: [
    'relacl',
    `acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner)`,
    `relkind IN ('r', 'p', 'v', 'm', 'f', 'S')`,
  ],
  pg_proc: ['proacl', `acldefault('f', proowner)`],
  pg_type: ['typacl', `acldefault('T', typowner)`],
  pg_language: ['lanacl', `acldefault('l', lanowner)`],
  pg_namespace: [
    'nspacl',
    `acldefault('n', nspowner)`,
    `nspname = 'pg_catalog' OR nspname !~ '^(pg_|public$)'`,
  ],
  pg_foreign_data_wrapper: ['fdwacl', `acldefault('F', fdwowner)`],
  pg_foreign_server: ['srvacl', `acldefault('S', srvowner)`],
};

/**
 * What pg_dump writes of objects that initdb or an extension made: rights that differ from their first ones (PostgreSQL manual,
 * 53.27 pg_init_privs); a `-` before those that were taken away. Those of the information schema are in no dump.
 */
export function standardGrantsQuery(): string {
  const objects = Object.entries(RIGHTS).map(
    ([catalog, [acl, standard, where = 'true']]) => `
      SELECT '${catalog}'::regclass AS catalog, oid AS id, 0 AS column_number, ${acl} AS acl, ${standard} AS standard
        FROM ${catalog} WHERE ${where}`,
  );
  return `
    SELECT o.catalog::oid::text AS catalog, o.id::text AS id, '0' AS table_id, coalesce(e.refobjid, 0)::text AS extension_id,
           'grants' AS kind, i.schema, 'on ' || i.type || ' ' || i.identity AS name, NULL AS owner, '' AS definition, NULL AS comment,
           changes.grants
      FROM (${objects.join(' UNION ALL ')}
            UNION ALL
            SELECT 'pg_class'::regclass, attrelid, attnum, attacl, NULL FROM pg_attribute WHERE attnum <> 0 AND NOT attisdropped) o
      LEFT JOIN pg_init_privs p ON p.classoid = o.catalog AND p.objoid = o.id AND p.objsubid = o.column_number
      LEFT JOIN pg_depend e ON e.classid = o.catalog AND e.objid = o.id AND e.deptype = 'e',
           LATERAL pg_identify_object(o.catalog, o.id, o.column_number) i,
           LATERAL (SELECT jsonb_agg(text ORDER BY text COLLATE "C") AS grants FROM (
                     (${grantsOf('now')} EXCEPT ${grantsOf('first')})
                     UNION ALL
                     (SELECT '-' || text FROM (${grantsOf('first')} EXCEPT ${grantsOf('now')}) taken)) changed) changes
     WHERE (o.id < ${FIRST_OID_OF_USERS} OR e.refobjid IS NOT NULL) AND (o.acl IS NOT NULL OR p.initprivs IS NOT NULL)
       AND changes.grants IS NOT NULL AND 'information_schema' NOT IN (coalesce(i.schema, ''), i.identity)`;
}

function grantsOf(when: 'now' | 'first'): string {
  const acl = when === 'now' ? 'coalesce(o.acl, o.standard)' : 'coalesce(p.initprivs, o.standard)';
  return `SELECT ${GRANT} AS text FROM aclexplode(${acl}) a`;
}
