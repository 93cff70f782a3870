import type { InventoryParts } from './inventory-parts.ts';
import { select } from './inventory-select.ts';

/** Children of partitioned constraints and triggers get names of their own making, so only their parents are compared. */
const NO_CHILD = '0';
const WITH_NAMED_NOT_NULL = 18;

const PARENTS = `(SELECT string_agg(inhparent::regclass::text, ' ' ORDER BY inhseqno) FROM pg_inherits WHERE inhrelid = pg_class.oid)`;
const FOREIGN = `(SELECT ROW(srvname, ftoptions)::text FROM pg_foreign_table JOIN pg_foreign_server s ON s.oid = ftserver
  WHERE ftrelid = pg_class.oid)`;
const OWNED_BY = `(SELECT string_agg(concat_ws(' ', deptype, refobjid::regclass, attname), ' ') FROM pg_depend
  LEFT JOIN pg_attribute ON attrelid = refobjid AND attnum = refobjsubid
  WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND refclassid = 'pg_class'::regclass AND deptype IN ('a', 'i'))`;
const SEQUENCE = `(SELECT ROW(format_type(seqtypid, NULL), seqstart, seqincrement, seqmin, seqmax, seqcache, seqcycle)::text
   FROM pg_sequence WHERE seqrelid = pg_class.oid)`;
const OPTIONS = `(SELECT string_agg(o, ' ' ORDER BY o COLLATE "C") FROM unnest(reloptions) o)`;
const OPTIONS_OF_TOAST = `(SELECT string_agg(o, ' ' ORDER BY o COLLATE "C") FROM pg_class toast, unnest(toast.reloptions) o
  WHERE toast.oid = pg_class.reltoastrelid)`;

/** The minors of November 2026 count changes of a table there (`pg_attver`), anew on each server; pg_dump passes over it, too. */
const OPTIONS_OF_COLUMN = `(SELECT array_agg(o ORDER BY n) FROM unnest(attoptions) WITH ORDINALITY AS options (o, n) WHERE substr(o, 1, 10) <> 'pg_attver=')`;

/** Tables, sequences and the like; `views` apart, because what they read is locked while their text is asked for. */
export function relationQuery(major: number, parts: InventoryParts, which: string): string {
  const accessMethod = parts.accessMethods ? '(SELECT amname FROM pg_am WHERE pg_am.oid = relam)' : `''`;
  return select('pg_class', {
    owner: 'relowner',
    acl: `coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner))`,
    table: 'oid',
    definition: `relkind, relpersistence, ${parts.policies ? 'relrowsecurity' : `''`}, relforcerowsecurity, relreplident,
      ${OPTIONS}, ${OPTIONS_OF_TOAST}, CASE WHEN reloftype <> 0 THEN reloftype::regtype END, ${accessMethod},
      CASE WHEN relkind <> 'S' THEN ${columns(major, parts)} END, ${PARENTS}, pg_get_partkeydef(oid), pg_get_expr(relpartbound, oid),
      CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(oid) END, CASE WHEN relkind = 'm' THEN relispopulated END,
      CASE WHEN relkind = 'f' THEN ${FOREIGN} END, CASE WHEN relkind = 'S' THEN ROW(${SEQUENCE}, ${parts.ownersOfSequences ? OWNED_BY : `''`})::text END`,
    where: which,
  });
}

/** Of one relation, in their order. */
function columns(major: number, { compression }: InventoryParts): string {
  const notNull =
    major < WITH_NAMED_NOT_NULL
      ? 'attnotnull'
      : `(SELECT ROW(conname, convalidated, connoinherit)::text FROM pg_constraint
           WHERE conrelid = attrelid AND contype = 'n' AND conkey = ARRAY[attnum])`;
  return `(SELECT string_agg(ROW(attname, format_type(atttypid, atttypmod), attnotnull, ${notNull},
        nullif(attcollation, (SELECT typcollation FROM pg_type WHERE pg_type.oid = atttypid))::regcollation,
        attidentity, attgenerated, pg_get_expr(adbin, adrelid), attislocal, attstorage, ${compression ? 'attcompression' : `''`},
        nullif(attstattarget, -1), ${OPTIONS_OF_COLUMN}, attfdwoptions)::text, E'\\n' ORDER BY ${ORDER})
   FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
  WHERE attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped)`;
}

/** A child that its parents were given later, or whose parents got more columns, has its columns in another order in a dump. */
const ORDER = `CASE WHEN relispartition OR NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = pg_class.oid) THEN attnum END, attname`;

const TABLE_OF_INDEX = '(SELECT indrelid FROM pg_index WHERE indexrelid = pg_class.oid)';

/** What exists only together with its table. */
export function partsOfTables({ policies }: InventoryParts): string[] {
  return [
    select('pg_class', {
      table: TABLE_OF_INDEX,
      definition: `pg_get_indexdef(oid), ${PARENTS},
        (SELECT ROW(indisvalid, indisclustered, indisreplident)::text FROM pg_index WHERE indexrelid = pg_class.oid),
        (SELECT string_agg(attnum || ' ' || attstattarget, ' ' ORDER BY attnum) FROM pg_attribute
          WHERE attrelid = pg_class.oid AND attstattarget >= 0)`,
      // Like pg_dump, which passes over what a CREATE INDEX CONCURRENTLY that failed has left.
      where: `relkind IN ('i', 'I') AND EXISTS (SELECT FROM pg_index JOIN pg_class t ON t.oid = indrelid
        WHERE indexrelid = pg_class.oid AND indisready AND (indisvalid OR t.relkind = 'p'))`,
    }),
    select('pg_constraint', {
      table: 'conrelid',
      definition: 'pg_get_constraintdef(oid), convalidated',
      // NOT NULL is compared with the columns: servers before 18 have no constraints for it.
      where: `contype <> 'n' AND conparentid = ${NO_CHILD}`,
    }),
    select('pg_trigger', {
      table: 'tgrelid',
      definition: 'pg_get_triggerdef(oid), tgenabled',
      // Like pg_dump, which also enables and disables those of single partitions.
      where: `(NOT tgisinternal AND tgparentid = ${NO_CHILD}) OR (tgconstraint = 0 AND
        tgenabled <> (SELECT parent.tgenabled FROM pg_trigger parent WHERE parent.oid = pg_trigger.tgparentid))`,
    }),
    ...(policies ? [POLICIES] : []),
    select('pg_rewrite', {
      table: 'ev_class',
      definition: 'pg_get_ruledef(oid), ev_enabled',
      where: `rulename <> '_RETURN'`,
    }),
    select('pg_statistic_ext', {
      owner: 'stxowner',
      table: 'stxrelid',
      definition: 'pg_get_statisticsobjdef(oid), nullif(stxstattarget, -1)',
    }),
  ];
}

const ROLE = `CASE role WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(role)) END`;
const POLICIES = select('pg_policy', {
  table: 'polrelid',
  definition: `polcmd, polpermissive, (SELECT string_agg(${ROLE}, ' ' ORDER BY ${ROLE} COLLATE "C") FROM unnest(polroles) role),
    pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)`,
});
