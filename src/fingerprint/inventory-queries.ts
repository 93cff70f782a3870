import type { InventoryParts } from './inventory-parts.ts';
import { select } from './inventory-select.ts';
import { partsOfTables, relationQuery } from './inventory-tables.ts';
import { typesAndRoutines } from './inventory-types.ts';

const WITH_FILTERS = 15;
const WITH_ORIGIN = 16;
const WITH_FAILOVER = 17;
const WITH_GENERATED_COLUMNS = 18;

/**
 * One query for each kind of object but views: catalog, id, what it goes with, owner, acl, and a text that holds all that defines it
 * (PostgreSQL manual, chapter 53).
 */
export function inventoryQueries(major: number, parts: InventoryParts): string[] {
  return [
    SCHEMAS,
    relationQuery(major, parts, `relkind IN ('r', 'p', 'f', 'S')`),
    ...partsOfTables(parts),
    ...typesAndRoutines(major),
    ...OTHERS,
    ...(parts.grants ? [DEFAULT_GRANTS] : []),
    ...(parts.publications ? publications(major) : []),
    ...(parts.subscriptions ? [subscriptions(major)] : []),
  ];
}

/** The OIDs of all views. */
export const VIEW_IDS = `SELECT oid::text AS id FROM pg_class WHERE relkind IN ('v', 'm') AND relpersistence <> 't' ORDER BY oid`;

/** Like the others, for some views only: pg_get_viewdef() locks whatever they read. */
export function viewQuery(major: number, parts: InventoryParts, ids: readonly string[]): string {
  return relationQuery(major, parts, `oid IN (${ids.join(', ')})`);
}

const SCHEMAS = select('pg_namespace', {
  owner: 'nspowner',
  acl: `coalesce(nspacl, acldefault('n', nspowner))`,
  // The schema public is of initdb's making, but what was changed in it is in a dump.
  where: `nspname !~ '^pg_' AND nspname <> 'information_schema'`,
  withThoseOfInitdb: true,
});

const OPTION_NAMES = `(SELECT string_agg(split_part(o, '=', 1), ' ' ORDER BY o COLLATE "C")`;

const OTHERS = [
  // After pg_upgrade or DROP EXTENSION even plpgsql is not initdb's any more.
  select('pg_extension', { definition: 'extversion, extnamespace::regnamespace', withThoseOfInitdb: true }),
  // Options may be secrets, and even the hash of a short one could be guessed.
  select('pg_foreign_data_wrapper', {
    owner: 'fdwowner',
    acl: `coalesce(fdwacl, acldefault('F', fdwowner))`,
    definition: `nullif(fdwhandler, 0)::regproc, nullif(fdwvalidator, 0)::regproc, ${OPTION_NAMES} FROM unnest(fdwoptions) o)`,
  }),
  select('pg_foreign_server', {
    owner: 'srvowner',
    acl: `coalesce(srvacl, acldefault('S', srvowner))`,
    definition: `(SELECT fdwname FROM pg_foreign_data_wrapper f WHERE f.oid = srvfdw), srvtype, srvversion,
      ${OPTION_NAMES} FROM unnest(srvoptions) o)`,
  }),
  `SELECT 'pg_user_mapping'::regclass AS catalog, umid AS id, 0::oid AS table_id, 0::oid AS schema_id, NULL::oid AS owner, NULL::aclitem[] AS acl,
          ''::text AS definition
     FROM pg_user_mappings`,
  select('pg_event_trigger', {
    owner: 'evtowner',
    definition: 'evtevent, evtfoid::regproc, evtenabled, evttags',
  }),
  select('pg_ts_parser', { definition: 'prsstart, prstoken, prsend, prsheadline, prslextype' }),
  select('pg_ts_template', { definition: 'tmplinit, tmpllexize' }),
  select('pg_ts_dict', {
    owner: 'dictowner',
    definition: `dictinitoption, (SELECT ROW(tmplnamespace::regnamespace, tmplname)::text FROM pg_ts_template WHERE pg_ts_template.oid = dicttemplate)`,
  }),
  select('pg_ts_config', {
    owner: 'cfgowner',
    definition: `(SELECT ROW(prsnamespace::regnamespace, prsname)::text FROM pg_ts_parser WHERE pg_ts_parser.oid = cfgparser),
      (SELECT string_agg(concat_ws(' ', maptokentype, mapseqno, mapdict::regdictionary), E'\\n' ORDER BY maptokentype, mapseqno)
         FROM pg_ts_config_map WHERE mapcfg = pg_ts_config.oid)`,
  }),
];

const DEFAULT_GRANTS = select('pg_default_acl', {
  owner: 'defaclrole',
  acl: 'defaclacl',
});

function publications(major: number): string[] {
  const columns = `(SELECT string_agg(quote_ident(attname), ', ' ORDER BY attname) FROM pg_attribute WHERE attrelid = prrelid AND attnum = ANY (prattrs))`;
  return [
    select('pg_publication', {
      owner: 'pubowner',
      definition: `puballtables, pubinsert, pubupdate, pubdelete, pubtruncate, pubviaroot, ${major < WITH_GENERATED_COLUMNS ? `''` : 'pubgencols'}`,
    }),
    select('pg_publication_rel', {
      table: 'prrelid',
      definition: major < WITH_FILTERS ? `''` : `pg_get_expr(prqual, prrelid), ${columns}`,
    }),
    ...(major < WITH_FILTERS ? [] : [select('pg_publication_namespace', {})]),
  ];
}

/** Without the connection string, which holds a password, and without whether it is enabled: pg_dump leaves them all disabled. */
function subscriptions(major: number): string {
  const definition = [
    'subslotname, subsynccommit, subpublications, subbinary, substream',
    // Whether it is wanted; how far it has come is no matter.
    ...(major < WITH_FILTERS ? [] : [`subtwophasestate <> 'd', subdisableonerr`]),
    ...(major < WITH_ORIGIN ? [] : ['subpasswordrequired, subrunasowner, suborigin']),
    ...(major < WITH_FAILOVER ? [] : ['subfailover']),
  ].join(', ');
  return `
    SELECT 'pg_subscription'::regclass AS catalog, oid AS id, 0::oid AS table_id, 0::oid AS schema_id, subowner AS owner, NULL::aclitem[] AS acl,
           ROW(${definition})::text AS definition
      FROM pg_subscription WHERE subdbid = (SELECT d.oid FROM pg_database d WHERE datname = current_database())`;
}
