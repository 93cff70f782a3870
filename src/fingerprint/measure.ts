import { quoteIdentifier, quoteLiteral } from '../postgres/identifier.ts';
import type { Session } from '../postgres/session.ts';
import type { FingerprintLevel } from '../report/record.ts';
import type { DatabaseFacts, SequenceFacts, TableName } from './fingerprint.ts';
import { releaseLocks } from './measuring-session.ts';

const SEQUENCES_AT_ONCE = 50;

export interface ListedTable extends TableName {
  readonly objectId: string;
  /** The extension that it is a part of, and that has only some of its rows dumped; `0` for none. */
  readonly extensionId: string;
  /** The rows that are dumped, as a WHERE clause of the extension; empty for all. */
  readonly condition: string;
  /** False where an access method of an extension's stores the rows. */
  readonly isHeap: boolean;
  /** True for an unlogged table on a standby, which has no rows of it. */
  readonly isWithoutRows: boolean;
}

/** Every table with rows of its own, the smallest first, and last those of which nobody knows; those of an extension where it has their rows dumped (pg_extension_config_dump). */
export async function listTables(session: Session): Promise<ListedTable[]> {
  const rows = await session.query(`
    SELECT c.oid::text AS id, nspname AS schema, relname AS name, coalesce(e.oid, 0)::text AS extension_id,
           coalesce(e.condition, '') AS condition, relpersistence = 'u' AND pg_is_in_recovery() AS is_without_rows,
           relam = (SELECT oid FROM pg_am WHERE amname = 'heap') AS is_heap
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN (SELECT pg_extension.oid, id, condition FROM pg_extension, unnest(extconfig, extcondition) AS u (id, condition)) e ON e.id = c.oid
     WHERE relkind = 'r' AND relpersistence <> 't' AND ${IS_OURS}
       AND (e.id IS NOT NULL OR NOT EXISTS (SELECT FROM pg_depend d
                        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'))
     ORDER BY reltuples < 0, relpages, c.oid`);
  return rows.map((row) => ({
    objectId: String(row['id']),
    schema: String(row['schema']),
    name: String(row['name']),
    extensionId: String(row['extension_id']),
    condition: String(row['condition']),
    isHeap: row['is_heap'] === true,
    isWithoutRows: row['is_without_rows'] === true,
  }));
}

export interface MeasuredTable {
  readonly rows: number;
  readonly hash?: string;
}

/**
 * Counts the rows that a dump holds of a table, and for `content` hashes their texts so that their order does not matter. Undefined
 * where it was truncated, rewritten, renamed, dropped or lost a column since the snapshot: that is seen at once, and what it holds then is
 * not the snapshot's. Waits for whoever is about to change it.
 * @throws as Session.query
 */
export async function measureTable(
  session: Session,
  { schema, name, objectId, condition }: ListedTable,
  level: FingerprintLevel,
): Promise<MeasuredTable | undefined> {
  const [before] = await session.query(`
    SELECT CASE WHEN pg_relation_size(c.oid) IS NULL THEN false ELSE ${IS_UNCHANGED} END AS is_unchanged, ${COLUMNS} AS columns
      FROM ${TABLE} AND c.oid = ${objectId}`);
  if (before?.['is_unchanged'] !== true) return undefined;
  const columns = String(before['columns'] ?? '');
  const hash =
    level === 'content' ? `, coalesce(sum(hashtextextended(ROW(${columns})::text, 0)), 0)::text AS hash` : '';
  const table = `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
  // With a condition as pg_dump reads it (pg_dump.c: dumpTableData_copy): it may end with more than WHERE, and rows of children count.
  const source = condition === '' ? `ONLY ${table}` : `(SELECT * FROM ${table} ${condition}) AS dumped`;
  const count = `SELECT count(*) AS rows${hash}, (SELECT ${IS_UNCHANGED} FROM ${TABLE} AND c.oid = ${objectId}) AS is_unchanged
      FROM ${source}`;
  const [row] = await session.query(condition === '' ? count : runInServer(count));
  if (row?.['is_unchanged'] !== true) return undefined;
  return {
    rows: Number(row['rows']),
    ...(level === 'content' ? { hash: String(row['hash']) } : {}),
  };
}

/** A condition is text of the database's own. As a constant the server alone reads it; as a part of the script, psql would obey its backslashes. */
function runInServer(count: string): string {
  const value = (column: string): string => `(xpath('/row/${column}/text()', document))[1]::text`;
  return `
    SELECT ${value('rows')} AS rows, ${value('hash')} AS hash, ${value('is_unchanged')} = 'true' AS is_unchanged
      FROM query_to_xml(${quoteLiteral(count)}, false, true, '') AS document`;
}

const TABLE = 'pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace';

/**
 * As the snapshot shows it: columns that came later are no part of it, and a type that changed without a rewrite is written as it was. In the
 * order of their names, which inheritance does not change. Without generated columns: a dump does not hold them either, and another major may
 * compute them differently.
 */
const COLUMNS = `(SELECT string_agg(format('CAST(%I AS %s)', attname, format_type(atttypid, atttypmod)), ', ' ORDER BY attname)
  FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '')`;

/** Compares the catalogs, which are read under the snapshot, with what these functions tell, which is the present. */
const IS_UNCHANGED = `(
  pg_relation_filenode(c.oid) = c.relfilenode AND ${isCalled('c.oid, 0', 'n.nspname, c.relname')} AND NOT EXISTS (
    SELECT FROM pg_attribute a WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
       AND (${isCalled('c.oid, attnum', 'n.nspname, c.relname, attname')}) IS NOT TRUE))`;

function isCalled(address: string, names: string): string {
  return `(pg_identify_object_as_address('pg_class'::regclass, ${address})).object_names = ARRAY[${names}]::text[]`;
}

/** The positions of all sequences; those of extensions may be in a dump. */
export async function measureSequences(session: Session): Promise<SequenceFacts[]> {
  const names = await session.query(`
    SELECT nspname AS schema, relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE relkind = 'S' AND relpersistence <> 't' AND ${IS_OURS}`);
  const found: SequenceFacts[] = [];
  for (let start = 0; start < names.length; start += SEQUENCES_AT_ONCE) {
    const some = names.slice(start, start + SEQUENCES_AT_ONCE);
    const selects = some.map(({ schema, name }, index) => {
      const sequence = `${quoteIdentifier(String(schema))}.${quoteIdentifier(String(name))}`;
      return `SELECT ${index} AS index, last_value::text AS value, is_called FROM ${sequence}`;
    });
    for (const row of await session.query(selects.join(' UNION ALL '))) {
      const { schema, name } = some[Number(row['index'])] ?? {};
      found.push({
        schema: String(schema),
        name: String(name),
        lastValue: String(row['value']),
        isCalled: row['is_called'] === true,
      });
    }
    await releaseLocks(session);
  }
  return found;
}

/** What was chosen when the database was created. */
export async function describeDatabase(
  session: Session,
): Promise<{ readonly serverMajor: number; readonly database: DatabaseFacts }> {
  const [row] = await session.query(`
    SELECT current_setting('server_version_num')::int / 10000 AS major, pg_encoding_to_char(encoding) AS encoding,
           datcollate AS collation, datctype AS ctype, to_jsonb(d)->>'datlocprovider' AS provider,
           coalesce(to_jsonb(d)->>'datlocale', to_jsonb(d)->>'daticulocale') AS locale, to_jsonb(d)->>'daticurules' AS rules
      FROM pg_database d WHERE datname = current_database()`);
  const text = (name: string): string => String(row?.[name] ?? '');
  return {
    serverMajor: Number(row?.['major']),
    database: {
      encoding: text('encoding'),
      collation: text('collation'),
      ctype: text('ctype'),
      ...(/^[ib]$/.test(text('provider'))
        ? { locale: [text('provider'), text('locale'), text('rules')].join(' ').trim() }
        : {}),
    },
  };
}

const IS_OURS = `nspname !~ '^pg_' AND nspname <> 'information_schema'`;
