import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import type { InventoryItem } from '../../src/fingerprint/fingerprint.ts';
import { listObjects } from '../../src/fingerprint/inventory.ts';
import { partsWithout } from '../../src/fingerprint/inventory-parts.ts';
import { beginMeasuring, holdNoMoreLocks } from '../../src/fingerprint/measuring-session.ts';
import { missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { sessionTo } from './fingerprint-of.ts';

const EVERY_OBJECT_TYPE = readFileSync(new URL('../harness/every-object-type.sql', import.meta.url), 'utf8');

/** What gives others of the snapshot's objects another name, or takes them away. */
const RENAMING = [
  'ALTER TABLE shop.place RENAME TO place2',
  'ALTER TABLE shop.place2 RENAME COLUMN height TO high',
  'ALTER TABLE shop.place2 SET SCHEMA extensions',
  'ALTER TABLE shop.session DROP COLUMN payload',
  'DROP TABLE shop.session',
  'ALTER VIEW shop.descendant RENAME TO below',
  'DROP VIEW shop.below',
  'ALTER SEQUENCE shop.never_used RENAME TO used',
  'ALTER INDEX shop.node_id_idx RENAME TO renamed',
  'DROP INDEX shop.renamed',
  'ALTER TABLE shop.product RENAME CONSTRAINT is_short TO short',
  'ALTER TABLE shop.product DROP CONSTRAINT short',
  'ALTER DOMAIN shop.positive RENAME CONSTRAINT is_positive TO positive',
  'ALTER TRIGGER late ON shop.purchase RENAME TO later',
  'DROP TRIGGER later ON shop.purchase',
  'ALTER POLICY everyone_reads ON shop.purchase RENAME TO everybody',
  'ALTER RULE "never delete" ON shop.product RENAME TO never',
  'ALTER STATISTICS shop.purchase_correlation RENAME TO correlation',
  'ALTER TYPE shop.money_amount RENAME TO amount',
  'ALTER TYPE shop.amount RENAME ATTRIBUTE currency TO unit CASCADE',
  `ALTER TYPE shop.mood RENAME VALUE 'ok' TO 'well'`,
  'ALTER TYPE shop.mood SET SCHEMA extensions',
  'ALTER DOMAIN shop.email RENAME TO mail',
  'ALTER FUNCTION shop.greet(text[]) RENAME TO welcome',
  'ALTER FUNCTION shop.welcome(text[]) SET SCHEMA extensions',
  'DROP FUNCTION extensions.welcome(text[])',
  'ALTER AGGREGATE shop.product_of(numeric) RENAME TO times',
  'ALTER OPERATOR CLASS shop.backwards USING btree RENAME TO forwards',
  'ALTER OPERATOR FAMILY shop.backwards USING btree RENAME TO forwards',
  'ALTER OPERATOR shop.<~> (point, point) SET SCHEMA extensions',
  'ALTER COLLATION shop.german RENAME TO deutsch',
  'ALTER CONVERSION shop.latin1_to_utf8_copy RENAME TO copied',
  'ALTER TEXT SEARCH CONFIGURATION shop.accentless RENAME TO plain',
  'ALTER TEXT SEARCH DICTIONARY shop.plain RENAME TO simple',
  'ALTER SERVER elsewhere RENAME TO nowhere',
  'ALTER FOREIGN DATA WRAPPER home_made RENAME TO self_made',
  'ALTER EVENT TRIGGER note_tables RENAME TO noted',
  'ALTER PUBLICATION everything RENAME TO all_of_it',
  'ALTER LANGUAGE plagain RENAME TO plnever',
  'DROP EXTENSION file_fdw CASCADE',
  'ALTER SCHEMA shop RENAME TO store',
];

/** What a snapshot shows as it was before, or that is not in it at all. */
const HARMLESS = [
  `INSERT INTO shop.place VALUES ('Rome', 20); TRUNCATE shop.capital; ANALYZE`,
  `CREATE OR REPLACE FUNCTION shop.count_visit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$`,
  `CREATE OR REPLACE VIEW shop.happy_customer AS SELECT id, mail FROM shop.customer`,
  `REFRESH MATERIALIZED VIEW shop.sales; CLUSTER shop.customer; REINDEX TABLE shop.product`,
  `GRANT SELECT ON shop.node TO PUBLIC; ALTER TABLE shop.session OWNER TO shop_owner; COMMENT ON TYPE shop.mood IS NULL`,
  `ALTER TABLE shop.place ADD COLUMN more int, ALTER COLUMN height SET DEFAULT 1; CREATE INDEX ON shop.place (more)`,
  `ALTER TABLE shop.purchase DISABLE ROW LEVEL SECURITY; ALTER POLICY "own rows" ON shop.purchase USING (line > 5)`,
  `CREATE TABLE shop.more (id int PRIMARY KEY CHECK (id > 0)); DROP TABLE shop.more; CREATE TYPE shop.feeling AS ENUM ('a'); CREATE SCHEMA more`,
  `BEGIN; ALTER TABLE shop.place RENAME TO nowhere; DROP VIEW shop.descendant; ROLLBACK`,
  `DROP TABLE pg_temp.mine; DROP TYPE pg_temp.my_mood; DROP FUNCTION pg_temp.f()`,
];

for (const major of [14, 18]) {
  describe(`the inventory of a snapshot, on server ${major}`, {
    skip: missing(`postgres-server-${major}`),
  }, () => {
    let server: PostgresServer;
    before(async () => {
      server = await startPostgres({ major });
      await server.createDatabase('every');
      await server.psql(EVERY_OBJECT_TYPE, { database: 'every' });
    });
    after(() => server.stop());

    test('is that of the snapshot, whatever others change meanwhile', async (t) => {
      const other = sessionTo(server, 'every');
      t.after(() => other.close());
      await other.execute(`CREATE TEMPORARY TABLE mine (id serial PRIMARY KEY CHECK (id > 0), name text);
        CREATE INDEX ON mine (name); CREATE TRIGGER mine BEFORE INSERT ON mine FOR EACH ROW EXECUTE FUNCTION shop.do_nothing();
        CREATE TYPE pg_temp.my_mood AS ENUM ('x'); CREATE DOMAIN pg_temp.my_domain AS int CHECK (VALUE > 0);
        CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
        BEGIN; ALTER TYPE shop.mood RENAME VALUE 'ok' TO 'well'; ROLLBACK`);
      for (const statements of HARMLESS) {
        const [before, after] = await inventoriesAfter(
          () => Promise.resolve(),
          () => other.execute(statements),
        );
        assert.ok(before && after?.isOfSnapshot, statements);
        assert.deepEqual(after.items, before.items, statements);
        assert.ok(!Object.keys(after.items).some((name) => /pg_temp|mine/.test(name)));
      }
    });

    test('is not told where something in it got another name or is gone', async (t) => {
      const other = sessionTo(server, 'every');
      t.after(() => other.close());
      await other.execute('SET client_min_messages = error');
      for (const statement of RENAMING) {
        const [after] = await inventoriesAfter(() => other.execute(statement));
        assert.equal(after?.isOfSnapshot, false, statement);
      }
    });

    /** The inventories of one snapshot, taken after each of the steps. */
    async function inventoriesAfter(...steps: (() => Promise<void>)[]): Promise<Inventory[]> {
      const session = sessionTo(server, 'every');
      try {
        await beginMeasuring(session);
        // It sees from its first query on.
        await session.query('SELECT 1 AS one');
        await holdNoMoreLocks(session);
        const found: Inventory[] = [];
        for (const step of steps) {
          await step();
          const { isOfSnapshot, objects } = await listObjects(session, partsWithout([]));
          const items = objects.map(({ item }) => [`${item.kind} ${item.name}`, item] as const);
          found.push({ isOfSnapshot, items: Object.fromEntries(items) });
        }
        return found;
      } finally {
        await session.close();
      }
    }
  });
}

interface Inventory {
  readonly isOfSnapshot: boolean;
  readonly items: Readonly<Record<string, InventoryItem>>;
}
