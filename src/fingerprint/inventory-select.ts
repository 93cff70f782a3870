/** OIDs below are those of initdb (PostgreSQL sources, transam.h: FirstNormalObjectId). */
export const FIRST_OID_OF_USERS = 16384;

const OURS = `oid >= ${FIRST_OID_OF_USERS}`;

/** The column with the schema's OID, of the catalogs that have one; a part of a table lies where its table does. */
export const SCHEMA_COLUMNS: Readonly<Record<string, string>> = {
  pg_class: 'relnamespace',
  pg_type: 'typnamespace',
  pg_proc: 'pronamespace',
  pg_operator: 'oprnamespace',
  pg_opclass: 'opcnamespace',
  pg_opfamily: 'opfnamespace',
  pg_collation: 'collnamespace',
  pg_conversion: 'connamespace',
  pg_constraint: 'connamespace',
  pg_statistic_ext: 'stxnamespace',
  pg_ts_parser: 'prsnamespace',
  pg_ts_template: 'tmplnamespace',
  pg_ts_dict: 'dictnamespace',
  pg_ts_config: 'cfgnamespace',
  pg_default_acl: 'defaclnamespace',
  pg_publication_namespace: 'pnnspid',
};

/** SQL expressions over a row of the catalog. */
export interface CatalogQuery {
  readonly owner?: string;
  readonly acl?: string;
  /** The OID of the table that it is a part of, and goes with. */
  readonly table?: string;
  /** All that defines it, as a list: a row's text keeps its parts apart. */
  readonly definition?: string;
  /** Which rows of it, of those that initdb did not make. */
  readonly where?: string;
  readonly withThoseOfInitdb?: true;
}

/** A query for the objects of one catalog, in the columns that every such query has. */
export function select(catalog: string, query: CatalogQuery): string {
  const { owner = 'NULL', acl = 'NULL', table = '0', definition = '', where } = query;
  const conditions = [...(query.withThoseOfInitdb ? [] : [OURS]), ...(where ? [`(${where})`] : [])];
  return `
    SELECT '${catalog}'::regclass AS catalog, oid AS id, ${table}::oid AS table_id, ${SCHEMA_COLUMNS[catalog] ?? '0'}::oid AS schema_id,
           ${owner}::oid AS owner, ${acl}::aclitem[] AS acl, ROW(${definition})::text AS definition
      FROM ${catalog} WHERE ${conditions.join(' AND ') || 'true'}`;
}
