import type { Toc } from '../archive/toc.ts';
import type { Taken } from './fingerprint.ts';
import type { ListedObject } from './inventory.ts';
import { FIRST_OID_OF_USERS } from './inventory-select.ts';
import type { ListedTable } from './measure.ts';

/** OIDs of catalogs, the same on every server (PostgreSQL sources, pg_class.h and others). */
const RELATIONS = '1259';
const SCHEMAS = '2615';
const EXTENSIONS = '3079';

/** What is to be known of a dump; its table of contents, which may be much larger, can go. */
export interface DumpContents {
  /** Of the server that it came from. */
  readonly serverMajor: number;
  readonly sequences: Taken['sequences'];
  readonly hasLargeObjects: boolean;
  hasTable(table: ListedTable): boolean;
  hasRows(table: ListedTable): boolean;
  /** Those of the objects that the dump holds. */
  select(objects: readonly ListedObject[]): ListedObject[];
}

type Selection = Pick<DumpContents, 'hasTable' | 'hasRows' | 'select'>;

const WITHOUT_LARGE_OBJECTS = ['-B', '--no-blobs', '--no-large-objects'];

/** What a dump holds of its database, by its own table of contents; so pg_dump's patterns need not be understood. */
export function inDump(toc: Toc, leftOut: readonly string[]): DumpContents {
  return {
    serverMajor: Number.parseInt(toc.serverVersion, 10),
    sequences: sequencesOf(toc),
    hasLargeObjects: !leftOut.some((option) => WITHOUT_LARGE_OBJECTS.includes(option)),
    ...(leftOut.length === 0 ? EVERYTHING : partOf(toc)),
  };
}

/** Of a dump that leaves nothing out: what it lacks all the same has to show later. */
const EVERYTHING: Selection = {
  hasTable: () => true,
  hasRows: ({ isWithoutRows }) => !isWithoutRows,
  select: (objects) => [...objects],
};

function partOf(toc: Toc): Selection {
  const ids = new Set(toc.entries.map(({ catalogId, objectId }) => `${catalogId}/${objectId}`));
  const schemasWithEntries = new Set(toc.entries.map(({ schema }) => schema));
  const tags = new Set(toc.entries.map(({ tag }) => tag));
  const withRows = new Set(
    toc.entries.filter(({ kind }) => kind === 'TABLE DATA').map(({ objectId }) => objectId),
  );
  const has = (catalog: string, objectId: string): boolean => ids.has(`${catalog}/${objectId}`);

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
    hasRows: ({ objectId, isWithoutRows }) => withRows.has(objectId) && !isWithoutRows,
    select(objects) {
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

/** Sequences know no snapshot: what counts is what pg_dump itself read, and that stands in its table of contents. */
function sequencesOf(toc: Toc): Taken['sequences'] {
  return toc.entries.flatMap(({ kind, schema, tag: name, definition }) => {
    const { value, called } =
      /, (?<value>-?\d+), (?<called>true|false)\);\s*$/.exec(definition)?.groups ?? {};
    if (kind !== 'SEQUENCE SET' || value === undefined) return [];
    return [{ schema, name, lastValue: value, isCalled: called === 'true' }];
  });
}
