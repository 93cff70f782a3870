import { SCHEMA_COLUMNS } from './inventory-select.ts';

/** The column that holds the name of whatever is named in definitions or identities. */
const NAMES: Readonly<Record<string, string>> = {
  pg_namespace: 'nspname',
  pg_class: 'relname',
  pg_type: 'typname',
  pg_proc: 'proname',
  pg_operator: 'oprname',
  pg_opclass: 'opcname',
  pg_opfamily: 'opfname',
  pg_collation: 'collname',
  pg_conversion: 'conname',
  pg_constraint: 'conname',
  pg_statistic_ext: 'stxname',
  pg_ts_parser: 'prsname',
  pg_ts_template: 'tmplname',
  pg_ts_dict: 'dictname',
  pg_ts_config: 'cfgname',
  pg_trigger: 'tgname',
  pg_policy: 'polname',
  pg_rewrite: 'rulename',
  pg_language: 'lanname',
  pg_extension: 'extname',
  pg_foreign_server: 'srvname',
  pg_foreign_data_wrapper: 'fdwname',
  pg_event_trigger: 'evtname',
  pg_publication: 'pubname',
};

/** Those that lie in the schema of their table. */
const TABLES: Readonly<Record<string, string>> = {
  pg_trigger: 'tgrelid',
  pg_policy: 'polrelid',
  pg_rewrite: 'ev_class',
};

/**
 * Whether anything got another name or schema, or is gone, since the snapshot. Definitions and identities are written with the names of the
 * present, whatever the snapshot shows. A row that somebody has changed or removed since carries who did (PostgreSQL manual, 5.6: xmax).
 */
export function renamedQuery(): string {
  return `SELECT EXISTS (${[...Object.keys(NAMES).map(renamedIn), RENAMED_COLUMNS, RENAMED_LABELS].join(' UNION ALL ')}) AS is_renamed`;
}

function renamedIn(catalog: string): string {
  const column = SCHEMA_COLUMNS[catalog];
  const table = TABLES[catalog];
  const schema = table ? `(SELECT relnamespace FROM pg_class WHERE oid = ${table})` : column;
  const ofSnapshot = `c.${NAMES[catalog]}`;
  return `
    SELECT FROM ${catalog} c ${schema ? `JOIN pg_namespace n ON n.oid = ${schema} AND n.nspname !~ '^pg_'` : ''},
      LATERAL pg_identify_object('${catalog}'::regclass, c.oid, 0) i,
      LATERAL pg_identify_object_as_address('${catalog}'::regclass, c.oid, 0) a
     WHERE ${IS_CHANGED} AND (${column ? 'coalesce(i.schema, quote_ident(n.nspname)) = quote_ident(n.nspname) AND' : ''}
       ${catalog === 'pg_type' ? `i.name = quote_ident(${ofSnapshot})` : `a.object_names[cardinality(a.object_names)] = ${ofSnapshot}`}) IS NOT TRUE`;
}

/** An older xmax is that of somebody who gave up again. */
const IS_CHANGED = 'c.xmax <> 0 AND age(c.xmax) <= age(pg_snapshot_xmin(pg_current_snapshot())::xid)';

const RENAMED_COLUMNS = `
    SELECT FROM pg_attribute c JOIN pg_class t ON t.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace AND nspname !~ '^pg_',
      LATERAL pg_identify_object_as_address('pg_class'::regclass, attrelid, attnum) a
     WHERE ${IS_CHANGED} AND attnum > 0 AND NOT attisdropped AND (a.object_names[3] = attname) IS NOT TRUE`;

const RENAMED_LABELS = `
    SELECT FROM pg_enum c JOIN pg_type t ON t.oid = enumtypid JOIN pg_namespace n ON n.oid = typnamespace AND nspname !~ '^pg_'
     WHERE ${IS_CHANGED}`;
