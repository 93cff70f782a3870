import type { Toc } from '../archive/toc.ts';
import type { ListedObject } from './inventory.ts';
import { FIRST_OID_OF_USERS } from './inventory-select.ts';
import type { ListedTable } from './measure.ts';

/** OIDs of catalogs, the same on every server (PostgreSQL sources, pg_class.h and others). */
const RELATIONS = '1259';
const SCHEMAS = '2615';
const EXTENSIONS = '3079';

export interface DumpContents {
  hasTable(table: ListedTable): boolean;
  hasRows(table: ListedTable): boolean;
  readonly hasLargeObjects: boolean;
  /** Those of the objects that the dump holds. */
  select(objects: readonly ListedObject[]): ListedObject[];
}

/**
 * What a dump holds of its database, by its own table of contents; so pg_dump's patterns need not be understood. A dump that leaves
 * nothing out must hold everything: what it lacks all the same has to show later.
 */
export function inDump(toc: Toc, leftOut: readonly string[]): DumpContents {
  const isWhole = leftOut.length === 0;
  const ids = new Set(toc.entries.map(({ catalogId, objectId }) => `${catalogId}/${objectId}`));
  const schemasWithEntries = new Set(toc.entries.map(({ schema }) => schema));
  const tags = new Set(toc.entries.map(({ tag }) => tag));
  const withRows = new Set(
    toc.entries.filter(({ kind }) => kind === 'TABLE DATA').map(({ objectId }) => objectId),
  );
  const has = (catalog: string, objectId: string): boolean => isWhole || ids.has(`${catalog}/${objectId}`);

  const hasSchema = ({ objectId, item }: ListedObject): boolean =>
    has(SCHEMAS, objectId) ||
    // The schema public has an entry of its own only where it was changed.
    (item.name === 'public' &&
      (schemasWithEntries.has('public') || tags.has('SCHEMA public') || tags.has('SCHEMA "public"')));
  // A dump does not mention the extensions that every new database has.
  const hasExtension = (id: string): boolean => Number(id) < FIRST_OID_OF_USERS || has(EXTENSIONS, id);

  return {
    hasTable: ({ objectId, extensionId }) =>
      extensionId === '0' ? has(RELATIONS, objectId) : hasExtension(extensionId),
    hasRows: ({ objectId, isWithoutRows }) => (isWhole || withRows.has(objectId)) && !isWithoutRows,
    hasLargeObjects: !leftOut.some((option) => ['-B', '--no-blobs', '--no-large-objects'].includes(option)),
    select(objects) {
      if (isWhole) return [...objects];
      const missingSchemas = new Set(
        objects
          .filter((object) => object.catalogId === SCHEMAS && !hasSchema(object))
          .map(({ item }) => item.name),
      );
      return objects.filter((object) => {
        if (object.extensionId !== '0') return hasExtension(object.extensionId);
        if (object.item.kind === 'schema') return hasSchema(object);
        if (object.catalogId === EXTENSIONS) return hasExtension(object.objectId);
        if (object.tableId !== '0') return has(RELATIONS, object.tableId);
        return !missingSchemas.has(object.schema);
      });
    },
  };
}
