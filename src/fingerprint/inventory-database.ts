import { GRANT } from './inventory-grants.ts';

/**
 * The database as a whole, and what is set for it: pg_dump writes that too. None of the names holds its own name, because what it is restored into
 * may have another one. In the columns that inventory.ts reads.
 */
export function databaseQueries(): string[] {
  return [DATABASE, SETTINGS];
}

const DATABASE = `
  SELECT 'pg_database'::regclass::oid::text AS catalog, oid::text AS id, '0' AS table_id, '0' AS extension_id,
         'database' AS kind, '' AS schema, 'as a whole' AS name, pg_get_userbyid(datdba) AS owner,
         hashtextextended(ROW(datconnlimit, datistemplate)::text, 0)::text AS definition,
         hashtextextended(shobj_description(oid, 'pg_database'), 0)::text AS comment,
         (SELECT jsonb_agg(g.text ORDER BY g.text COLLATE "C")
            FROM (SELECT ${GRANT} AS text FROM aclexplode(coalesce(datacl, acldefault('d', datdba))) a) g) AS grants
    FROM pg_database WHERE datname = current_database()`;

/** Those for everybody, and those of single roles in this database. */
const SETTINGS = `
  SELECT 'pg_db_role_setting'::regclass::oid::text AS catalog, '0' AS id, '0' AS table_id, '0' AS extension_id,
         CASE setrole WHEN 0 THEN 'setting' ELSE 'role setting' END AS kind, '' AS schema,
         concat_ws(' ', CASE WHEN setrole <> 0 THEN quote_ident(pg_get_userbyid(setrole)) END, split_part(entry, '=', 1)) AS name,
         NULL AS owner, hashtextextended(entry, 0)::text AS definition, NULL AS comment, NULL AS grants
    FROM pg_db_role_setting, unnest(setconfig) entry
   WHERE setdatabase = (SELECT d.oid FROM pg_database d WHERE datname = current_database())`;
