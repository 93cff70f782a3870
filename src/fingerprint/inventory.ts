import type { Row, Session } from '../postgres/session.ts';
import type { InventoryItem } from './fingerprint.ts';
import { renamedQuery } from './inventory-changes.ts';
import { databaseQueries } from './inventory-database.ts';
import { GRANT, standardGrantsQuery } from './inventory-grants.ts';
import type { InventoryParts } from './inventory-parts.ts';
import { inventoryQueries, VIEW_IDS, viewQuery } from './inventory-queries.ts';
import { releaseLocks } from './measuring-session.ts';

const VIEWS_AT_ONCE = 20;

/** An object with what tells whether a dump holds it. */
export interface ListedObject {
  readonly catalogId: string;
  readonly objectId: string;
  /** The table that it is a part of; `0` for an object of its own. */
  readonly tableId: string;
  /** The extension that it is a part of; `0` for none. */
  readonly extensionId: string;
  /** As the server quotes it; empty for what lies in none. */
  readonly schema: string;
  readonly item: InventoryItem;
}

export interface ListedObjects {
  readonly objects: readonly ListedObject[];
  /** False where something was dropped or renamed since the snapshot: what can be told of it and others is then not what the snapshot shows. */
  readonly isOfSnapshot: boolean;
}

/**
 * Lists the database and every object in it that its users made, but for what belongs to extensions; of that and of what initdb made only the rights
 * that were given or taken since. Keeps no locks.
 * @throws as Session.query
 */
export async function listObjects(session: Session, parts: InventoryParts): Promise<ListedObjects> {
  const [version] = await session.query(`SELECT current_setting('server_version_num')::int / 10000 AS major`);
  const major = Number(version?.['major']);
  const rows: Row[] = [];
  const ask = async (sql: string): Promise<void> => {
    rows.push(...(await session.query(sql)));
    await releaseLocks(session);
  };
  for (const query of inventoryQueries(major, parts)) await ask(withNames(query));
  const views = (await session.query(VIEW_IDS)).map(({ id }) => String(id));
  for (let start = 0; start < views.length; start += VIEWS_AT_ONCE) {
    await ask(withNames(viewQuery(major, parts, views.slice(start, start + VIEWS_AT_ONCE))));
  }
  if (parts.grants) await ask(standardGrantsQuery());
  for (const query of databaseQueries()) await ask(query);
  const named = rows.filter(({ name }) => typeof name === 'string');
  const [changes] = await session.query(renamedQuery());
  return {
    objects: named.map((row) => toObject(row, parts)),
    isOfSnapshot: named.length === rows.length && changes?.['is_renamed'] === false,
  };
}

/** The columns of each query in inventory-queries.ts become those that toObject reads. Temporary objects are nobody else's business. */
function withNames(query: string): string {
  return `
    SELECT o.catalog::oid::text AS catalog, o.id::text AS id, o.table_id::text AS table_id, '0' AS extension_id, i.type AS kind,
           coalesce(quote_ident(n.nspname), '') AS schema, i.identity AS name,
           CASE WHEN o.owner IS NOT NULL THEN pg_get_userbyid(o.owner) END AS owner,
           -- What is gone has no definition that could be asked for.
           CASE WHEN i.identity IS NOT NULL THEN hashtextextended(o.definition, 0) END::text AS definition,
           (SELECT jsonb_agg(grants.text ORDER BY grants.text COLLATE "C")
              FROM (SELECT ${GRANT} AS text FROM aclexplode(o.acl) a
                    UNION ALL
                    SELECT attname || ' ' || ${GRANT} FROM pg_attribute, aclexplode(attacl) a
                     WHERE o.catalog = 'pg_class'::regclass AND attrelid = o.id AND attacl IS NOT NULL) grants) AS grants,
           (SELECT hashtextextended(string_agg(ROW(attname, d.description)::text, E'\\n' ORDER BY attname), 0)::text
              FROM (${descriptions('o.catalog', 'o.id')} UNION ALL ${descriptions(`'pg_class'::regclass`, ROW_TYPE)}) d
              LEFT JOIN pg_attribute ON attrelid = d.objoid AND attnum = d.objsubid AND d.objsubid > 0) AS comment
      FROM (${query}) o
      LEFT JOIN pg_class t ON t.oid = o.table_id
      LEFT JOIN pg_namespace n ON n.oid = coalesce(nullif(o.schema_id, 0), t.relnamespace),
           LATERAL pg_identify_object(o.catalog, o.id, 0) i
     WHERE coalesce(n.nspname, '') !~ '^pg_' AND coalesce(n.nspname, '') <> 'information_schema'
       AND ${isOfNoExtension('o.catalog', 'o.id')} AND ${isOfNoExtension(`'pg_class'::regclass`, 'o.table_id')}`;
}

/** The columns of a composite type have their comments at its row type. */
const ROW_TYPE = `(SELECT typrelid FROM pg_type WHERE o.catalog = 'pg_type'::regclass AND pg_type.oid = o.id)`;

function descriptions(catalog: string, id: string): string {
  return `SELECT objoid, objsubid, description FROM pg_description WHERE classoid = ${catalog} AND objoid = ${id}`;
}

function isOfNoExtension(catalog: string, id: string): string {
  return `NOT EXISTS (SELECT FROM pg_depend WHERE deptype = 'e' AND classid = ${catalog} AND objid = ${id})`;
}

function toObject(row: Row, parts: InventoryParts): ListedObject {
  const { owner, grants, comment } = row;
  return {
    catalogId: String(row['catalog']),
    objectId: String(row['id']),
    tableId: String(row['table_id']),
    extensionId: String(row['extension_id']),
    schema: String(row['schema'] ?? ''),
    item: {
      kind: String(row['kind']),
      // A word that some minors leave out.
      name: String(row['name']).replace(/ on (language \S+)$/, ' $1'),
      definition: String(row['definition'] ?? ''),
      ...(parts.owners && typeof owner === 'string' ? { owner } : {}),
      ...(parts.grants && Array.isArray(grants) ? { grants: grants.map(String) } : {}),
      ...(parts.comments && typeof comment === 'string' ? { comment } : {}),
    },
  };
}
