import fc from 'fast-check';
import { quoteIdentifier, quoteLiteral } from '../../src/postgres/identifier.ts';
import { COLUMN_TYPES, literalOf, TYPES_OF_COLUMNS } from '../fingerprint/values.ts';

/** Something in a database, and one change of it that a comparison must find. */
interface Feature {
  readonly make: string;
  readonly change: string;
}

/** A database as a script, for an empty one with the role `reader`; and changes of it, each on its own. */
export interface RandomDatabase {
  readonly script: string;
  readonly changes: readonly string[];
}

const FEWEST_FEATURES = 5;
const MOST_FEATURES = 15;

export const randomDatabase: fc.Arbitrary<RandomDatabase> = fc
  .array(fc.constantFrom<Kind[]>(...kinds()), { minLength: FEWEST_FEATURES, maxLength: MOST_FEATURES })
  .chain((chosen) => fc.tuple(...chosen.map((kind, index) => nameOf(index).chain((name) => kind(name)))))
  .map((features) => ({
    script: [TYPES_OF_COLUMNS, ...features.map(({ make }) => make)].join('\n'),
    changes: features.map(({ change }) => change),
  }));

type Kind = (name: string) => fc.Arbitrary<Feature>;

function kinds(): Kind[] {
  const of =
    (make: (name: string) => string, change: (name: string) => string): Kind =>
    (name) =>
      fc.constant({ make: make(name), change: change(name) });
  return [
    tableOfRows,
    of(
      (
        name,
      ) => `CREATE TABLE ${name} (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, up int REFERENCES ${name});
        INSERT INTO ${name} (up) VALUES (NULL), (1), (1);`,
      (name) => `UPDATE ${name} SET up = 2 WHERE id = 3`,
    ),
    of(
      (name) => `CREATE TABLE ${name} (id int, at date) PARTITION BY RANGE (at);
        CREATE TABLE ${child(name)} PARTITION OF ${name} DEFAULT; INSERT INTO ${name} VALUES (1, '2024-02-29'), (2, NULL);`,
      (name) => `INSERT INTO ${name} VALUES (3, NULL)`,
    ),
    of(
      (name) =>
        `CREATE VIEW ${name} AS SELECT i FROM generate_series(1, 3) AS i; GRANT SELECT ON ${name} TO reader;`,
      (name) => `REVOKE SELECT ON ${name} FROM reader`,
    ),
    of(
      (name) =>
        `CREATE SEQUENCE ${name} INCREMENT -3 MAXVALUE 100; SELECT setval('${name.replaceAll("'", "''")}', 42);`,
      (name) => `SELECT nextval('${name.replaceAll("'", "''")}')`,
    ),
    of(
      (name) => `CREATE FUNCTION ${name}(a int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1';`,
      (name) =>
        `CREATE OR REPLACE FUNCTION ${name}(a int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 2'`,
    ),
    of(
      (name) => `CREATE TABLE ${name} (a int, b text); CREATE INDEX ON ${name} (lower(b), a DESC);`,
      (name) => `DO $do$ BEGIN EXECUTE (SELECT 'DROP INDEX ' || indexrelid::regclass FROM pg_index
        WHERE indrelid = ${quoteLiteral(name)}::regclass); END $do$`,
    ),
    of(
      (name) =>
        `CREATE TABLE ${name} (a int DEFAULT 5 CHECK (a > 0)); COMMENT ON TABLE ${name} IS ${quoteLiteral(name)};`,
      (name) => `COMMENT ON TABLE ${name} IS 'something else'`,
    ),
    of(
      (name) => `CREATE TABLE ${name} (a int DEFAULT 5 CHECK (a > 0));`,
      (name) => `ALTER TABLE ${name} ALTER a SET DEFAULT 6`,
    ),
    of(
      (name) => `CREATE TABLE ${name} (owned text); ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY;
        CREATE POLICY p ON ${name} TO reader USING (owned = current_user);`,
      (name) => `DROP POLICY p ON ${name}`,
    ),
    of(
      (name) => `CREATE TABLE ${name} (a int);
        CREATE TRIGGER t BEFORE UPDATE ON ${name} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();`,
      (name) => `ALTER TABLE ${name} DISABLE TRIGGER t`,
    ),
    of(
      (name) => `CREATE TYPE ${name} AS ENUM ('a', 'b'); ALTER TYPE ${name} OWNER TO reader;`,
      (name) => `ALTER TYPE ${name} OWNER TO CURRENT_USER`,
    ),
    of(
      (name) => `CREATE SCHEMA ${name} AUTHORIZATION reader;`,
      (name) => `DROP SCHEMA ${name}`,
    ),
    of(
      (name) => `SELECT lo_from_bytea(0, convert_to(${quoteLiteral(name)}, 'UTF8'));`,
      () => `SELECT lo_put((SELECT min(oid) FROM pg_largeobject_metadata), 0, 'x\\377')`,
    ),
  ];
}

/** Unlike all others of the database, whatever stands in it. */
function nameOf(index: number): fc.Arbitrary<string> {
  return fc
    .string({ unit: 'grapheme', maxLength: 12 })
    .filter((some) => !some.includes('\0') && Buffer.byteLength(some) < 40)
    .map((some) => quoteIdentifier(`${some}${index}`));
}

function child(name: string): string {
  return name.replace(/"$/, ' child"');
}

/** A table of arbitrary columns and rows, one of which is there once more after the change. */
function tableOfRows(name: string): fc.Arbitrary<Feature> {
  return fc
    .shuffledSubarray([...COLUMN_TYPES], { minLength: 1, maxLength: 8 })
    .chain((columns) =>
      fc.record({
        columns: fc.constant(columns.map(({ type }, index) => `c${index} ${type}`)),
        rows: fc.array(fc.tuple(...columns.map(literalOf)), { minLength: 1, maxLength: 6 }),
      }),
    )
    .map(({ columns, rows }) => ({
      make: `CREATE TABLE ${name} (${columns.join(', ')});
        INSERT INTO ${name} VALUES ${rows.map((row) => `(${row.join(', ')})`).join(', ')};`,
      change: `INSERT INTO ${name} SELECT * FROM ${name} LIMIT 1`,
    }));
}
