import { select } from './inventory-select.ts';

const WITH_ICU_LOCALE = 15;
const WITH_ICU_RULES = 16;
const WITH_LOCALE = 17;

/** Types and what works on them: collations, casts, operators, functions, languages. */
export function typesAndRoutines(major: number): string[] {
  return [
    TYPES,
    select('pg_collation', {
      owner: 'collowner',
      definition: `collprovider, collisdeterministic, collencoding, collcollate, collctype, ${localeColumns(major)}`,
    }),
    select('pg_conversion', {
      owner: 'conowner',
      definition: 'conforencoding, contoencoding, conproc, condefault',
    }),
    select('pg_cast', { definition: 'castfunc::regprocedure, castcontext, castmethod' }),
    select('pg_operator', {
      owner: 'oprowner',
      definition: `oprcode, oprrest, oprjoin, nullif(oprcom, 0)::regoperator, nullif(oprnegate, 0)::regoperator, oprcanmerge, oprcanhash`,
    }),
    select('pg_opfamily', {
      owner: 'opfowner',
      definition: `${OPERATORS_OF_FAMILY}, ${FUNCTIONS_OF_FAMILY}`,
    }),
    select('pg_opclass', {
      owner: 'opcowner',
      definition: `opcintype::regtype, opcdefault, nullif(opckeytype, 0)::regtype,
        (SELECT ROW(opfnamespace::regnamespace, opfname)::text FROM pg_opfamily WHERE pg_opfamily.oid = opcfamily)`,
    }),
    ROUTINES,
    select('pg_language', {
      owner: 'lanowner',
      acl: `coalesce(lanacl, acldefault('l', lanowner))`,
      definition: `lanpltrusted, lanplcallfoid::regprocedure, nullif(laninline, 0)::regprocedure, nullif(lanvalidator, 0)::regprocedure`,
    }),
    select('pg_transform', { definition: 'trffromsql::regproc, trftosql::regproc' }),
    select('pg_am', { definition: 'amhandler, amtype' }),
  ];
}

/** The column changed its name. */
function localeColumns(major: number): string {
  const locale = major < WITH_LOCALE ? 'colliculocale' : 'colllocale';
  return `${major < WITH_ICU_LOCALE ? `''` : locale}, ${major < WITH_ICU_RULES ? `''` : 'collicurules'}`;
}

const TYPES = select('pg_type', {
  owner: 'typowner',
  acl: `coalesce(typacl, acldefault('T', typowner))`,
  definition: `typtype,
    (SELECT string_agg(enumlabel, E'\\n' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = pg_type.oid),
    CASE WHEN typtype = 'd' THEN ROW(format_type(typbasetype, typtypmod), typnotnull, typdefault, nullif(typcollation, 0)::regcollation)::text END,
    (SELECT string_agg(ROW(attname, format_type(atttypid, atttypmod), nullif(attcollation, 0)::regcollation)::text, E'\\n' ORDER BY attnum)
       FROM pg_attribute WHERE attrelid = typrelid AND attnum > 0 AND NOT attisdropped),
    (SELECT ROW(format_type(rngsubtype, NULL), nullif(rngcollation, 0)::regcollation, nullif(rngcanonical, 0)::regproc,
            nullif(rngsubdiff, 0)::regproc, (SELECT ROW(opcnamespace::regnamespace, opcname)::text FROM pg_opclass WHERE pg_opclass.oid = rngsubopc),
            rngmultitypid::regtype)::text
       FROM pg_range WHERE rngtypid = pg_type.oid),
    CASE WHEN typtype = 'b' THEN ROW(typlen, typbyval, typalign, typstorage, typinput, typoutput, typreceive, typsend, typmodin, typmodout,
      typanalyze, typsubscript, typcategory, typispreferred, typdelim, nullif(typelem, 0)::regtype, nullif(typcollation, 0)::regcollation,
      typdefault)::text END`,
  // Neither arrays, nor the multiranges that come with ranges, nor the row types of tables.
  where: `typtype <> 'm' AND NOT EXISTS (SELECT FROM pg_type element WHERE element.typarray = pg_type.oid)
    AND (typrelid = 0 OR (SELECT relkind FROM pg_class WHERE pg_class.oid = typrelid) = 'c')`,
});

const OPERATORS_OF_FAMILY = `(SELECT string_agg(member, E'\\n' ORDER BY member COLLATE "C") FROM (
    SELECT ROW(amopstrategy, amopopr::regoperator, amoppurpose,
               (SELECT ROW(opfnamespace::regnamespace, opfname)::text FROM pg_opfamily s WHERE s.oid = amopsortfamily))::text AS member
      FROM pg_amop WHERE amopfamily = pg_opfamily.oid) members)`;
const FUNCTIONS_OF_FAMILY = `(SELECT string_agg(member, E'\\n' ORDER BY member COLLATE "C") FROM (
    SELECT ROW(amprocnum, amproclefttype::regtype, amprocrighttype::regtype, amproc::regprocedure)::text AS member
      FROM pg_amproc WHERE amprocfamily = pg_opfamily.oid) members)`;

/** Not pg_get_functiondef(), which tells what a function is now, and not what the snapshot and pg_dump see. */
const ROUTINES = select('pg_proc', {
  owner: 'proowner',
  acl: `coalesce(proacl, acldefault('f', proowner))`,
  definition: `(SELECT lanname FROM pg_language WHERE pg_language.oid = prolang), prosrc, probin, pg_get_function_sqlbody(oid),
    pg_get_function_arguments(oid), pg_get_function_result(oid), prokind, provolatile, proisstrict, prosecdef, proleakproof, proparallel,
    procost, prorows, prosupport, proconfig, protrftypes::regtype[],
    (SELECT ROW(aggkind, aggnumdirectargs, aggtransfn, aggfinalfn, aggcombinefn, aggserialfn, aggdeserialfn, aggmtransfn, aggminvtransfn,
            aggmfinalfn, aggfinalextra, aggmfinalextra, aggfinalmodify, aggmfinalmodify, nullif(aggsortop, 0)::regoperator,
            aggtranstype::regtype, aggtransspace, nullif(aggmtranstype, 0)::regtype, aggmtransspace, agginitval, aggminitval)::text
       FROM pg_aggregate WHERE aggfnoid = pg_proc.oid)`,
  // Like pg_dump, without the constructors that come with a range, and belong to whoever made that.
  where: `NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = pg_proc.oid AND deptype = 'i')`,
});
