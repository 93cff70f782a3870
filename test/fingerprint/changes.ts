/** One small change of the database that every-object-type.sql makes, and what a comparison must say of it, line by line. */
export interface Change {
  readonly sql: string;
  /** In the words of `linesOf`. */
  readonly differences: readonly string[];
  /** The oldest server that can do it. */
  readonly since?: number;
  /** It would change what other changes come to. */
  readonly isAlone?: true;
}

const change = (sql: string, ...differences: string[]): Change => ({ sql, differences: differences.sort() });
const since = (major: number, sql: string, ...differences: string[]): Change => ({
  ...change(sql, ...differences),
  since: major,
});

const alone = (sql: string, ...differences: string[]): Change => ({
  ...change(sql, ...differences),
  isAlone: true,
});

const ROWS: readonly Change[] = [
  change(`UPDATE shop.event_2024 SET kind = 'View' WHERE id = 301`, 'content: table shop.event_2024'),
  change(
    `INSERT INTO shop.bucketed_0 SELECT key FROM (SELECT 'key ' || i AS key FROM generate_series(101, 200) i) k WHERE satisfies_hash_partition('shop.bucketed'::regclass, 2, 0, key) LIMIT 1`,
    'rows: table shop.bucketed_0',
  ),
  change(`DELETE FROM ONLY shop.place`, 'rows: table shop.place'),
  change(
    `UPDATE shop.event SET happened = '2024-06-01' WHERE id = 1`,
    'rows: table shop.event_2024',
    'rows: table shop.event_before',
  ),
  change(`UPDATE shop.capital SET height = NULL`, 'content: table shop.capital'),
  change(`UPDATE shop.customer SET nickname = '' WHERE nickname IS NULL`, 'content: table shop.customer'),
  change(
    `UPDATE shop.customer SET matrix = '[0:1][1:2]={{1,2},{3,4}}' WHERE matrix IS NOT NULL`,
    'content: table shop.customer',
  ),
  change(`UPDATE shop.product SET price = 1.50 WHERE sku = 'sku-1'`, 'content: table shop.product'),
  change(
    `UPDATE shop.product SET picture = set_byte(picture, 31999, 0) WHERE sku = 'sku-7'`,
    'content: table shop.product',
  ),
  change(`DELETE FROM shop.no_columns WHERE ctid = '(0,1)'`, 'rows: table shop.no_columns'),
  change(`UPDATE shop.session SET payload = 'kept as well '`, 'content: table shop.session'),
  change(`TRUNCATE shop.room_booking`, 'rows: table shop.room_booking'),
  change(
    `UPDATE shop.purchase SET line = 2 WHERE ctid = (SELECT min(ctid) FROM shop.purchase)`,
    'content: table shop.purchase',
  ),
  change(`UPDATE shop.node SET parent = 1 WHERE id = 3`, 'content: table shop.node'),
];

const TABLES: readonly Change[] = [
  change(`DROP TABLE shop.kept_in_heap_too`, 'missing: table shop.kept_in_heap_too'),
  change(`CREATE TABLE shop.more ()`, 'unexpected: table shop.more'),
  alone(
    `DROP TABLE shop.event_2025 CASCADE`,
    'missing: index shop.event_2025_click_kind_idx',
    'missing: index shop.event_2025_kind_idx',
    'missing: index shop.event_2025_other_kind_idx',
    'missing: table shop.event_2025',
    'missing: table shop.event_2025_click',
    'missing: table shop.event_2025_other',
  ),
  alone(
    `ALTER TABLE shop.place RENAME TO places`,
    'definition: table shop.capital',
    'missing: table shop.place',
    'unexpected: table shop.places',
  ),
  alone(
    `ALTER TABLE shop.session SET SCHEMA extensions`,
    'missing: index shop.session_pkey',
    'missing: table shop.session',
    'missing: table constraint session_pkey on shop.session',
    'unexpected: index extensions.session_pkey',
    'unexpected: table extensions.session',
    'unexpected: table constraint session_pkey on extensions.session',
  ),
  change(`ALTER TABLE shop.session SET LOGGED`, 'definition: table shop.session'),
  change(`ALTER TABLE shop.purchase DISABLE ROW LEVEL SECURITY`, 'definition: table shop.purchase'),
  change(`ALTER TABLE shop.purchase FORCE ROW LEVEL SECURITY`, 'definition: table shop.purchase'),
  change(`ALTER TABLE shop.purchase REPLICA IDENTITY DEFAULT`, 'definition: table shop.purchase'),
  change(`ALTER TABLE shop.product SET (fillfactor = 71)`, 'definition: table shop.product'),
  change(`ALTER TABLE shop.product SET (toast.autovacuum_enabled = false)`, 'definition: table shop.product'),
  since(
    15,
    `ALTER TABLE shop.kept_in_heap_too SET ACCESS METHOD heap`,
    'definition: table shop.kept_in_heap_too',
  ),
  change(`ALTER TABLE shop.typed NOT OF`, 'definition: table shop.typed'),
  change(`ALTER TABLE shop.capital NO INHERIT shop.place`, 'definition: table shop.capital'),
  alone(
    `ALTER TABLE shop.event DETACH PARTITION shop.event_before`,
    'definition: index shop.event_before_kind_idx',
    'definition: table shop.event_before',
  ),
  alone(
    `ALTER TABLE shop.event DETACH PARTITION shop.event_before; ALTER TABLE shop.event ATTACH PARTITION shop.event_before FOR VALUES FROM ('2000-01-01') TO ('2024-01-01')`,
    'definition: table shop.event_before',
  ),
  change(`ALTER TABLE shop.customer SET WITHOUT CLUSTER`, 'definition: index shop.customer_pkey'),
  change(`COMMENT ON TABLE shop.customer IS 'Someone who buys.'`, 'comment: table shop.customer'),
  change(
    `ALTER FOREIGN TABLE shop.settings_file OPTIONS (SET filename '/etc/hosts')`,
    'definition: foreign table shop.settings_file',
  ),
  change(
    `ALTER FOREIGN TABLE shop.far_away ALTER COLUMN id OPTIONS (SET column_name 'id')`,
    'definition: foreign table shop.far_away',
  ),
];

const COLUMNS: readonly Change[] = [
  change(`ALTER TABLE shop.product ALTER COLUMN price SET DEFAULT 1`, 'definition: table shop.product'),
  change(`ALTER TABLE shop.customer ALTER COLUMN created DROP DEFAULT`, 'definition: table shop.customer'),
  change(
    `ALTER TABLE shop.place ALTER COLUMN height TYPE bigint`,
    'definition: table shop.capital',
    'definition: table shop.place',
  ),
  change(
    `ALTER TABLE shop.customer ALTER COLUMN flags TYPE bit varying(9)`,
    'definition: table shop.customer',
  ),
  change(
    `ALTER TABLE shop.product ALTER COLUMN description SET STORAGE MAIN`,
    'definition: table shop.product',
  ),
  change(`ALTER TABLE shop.capital ALTER COLUMN country SET NOT NULL`, 'definition: table shop.capital'),
  change(
    `ALTER TABLE shop.place ALTER COLUMN name DROP NOT NULL`,
    'definition: table shop.capital',
    'definition: table shop.place',
  ),
  change(
    `ALTER TABLE shop.capital ALTER COLUMN country TYPE text COLLATE "C"`,
    'definition: table shop.capital',
  ),
  change(
    `ALTER TABLE shop.customer ALTER COLUMN id SET GENERATED BY DEFAULT`,
    'definition: table shop.customer',
  ),
  change(
    `ALTER TABLE shop.customer ALTER COLUMN search DROP EXPRESSION`,
    'definition: table shop.customer',
    'content: table shop.customer',
  ),
  change(
    `ALTER TABLE shop.product ALTER COLUMN description SET STATISTICS 501`,
    'definition: table shop.product',
  ),
  change(
    `ALTER TABLE shop.product ALTER COLUMN description SET COMPRESSION pglz`,
    'definition: table shop.product',
  ),
  change(`ALTER TABLE shop.product ALTER COLUMN sku SET (n_distinct = 5)`, 'definition: table shop.product'),
  change(
    `ALTER TABLE shop.node ADD COLUMN more int`,
    'content: table shop.node',
    'definition: table shop.node',
  ),
  change(
    `ALTER TABLE shop.room_booking DROP COLUMN room CASCADE`,
    'content: table shop.room_booking',
    'definition: table shop.room_booking',
    'missing: index shop.no_overlap',
    'missing: table constraint no_overlap on shop.room_booking',
  ),
  change(
    `ALTER TABLE shop.session RENAME COLUMN payload TO "Payload"`,
    'content: table shop.session',
    'definition: table shop.session',
  ),
  change(`COMMENT ON COLUMN shop.customer.mail IS 'Where to'`, 'comment: table shop.customer'),
  since(
    18,
    `ALTER TABLE shop.place RENAME CONSTRAINT place_name_not_null TO filled`,
    'definition: table shop.capital',
    'definition: table shop.place',
  ),
];

const PARTS_OF_TABLES: readonly Change[] = [
  change(`DROP INDEX shop."only the ""happy"""`, 'missing: index shop."only the ""happy"""'),
  change(`CREATE INDEX another ON shop.node (parent)`, 'unexpected: index shop.another'),
  change(
    `ALTER INDEX shop.node_id_idx RENAME TO renamed`,
    'missing: index shop.node_id_idx',
    'unexpected: index shop.renamed',
  ),
  change(`ALTER INDEX shop.node_id_idx SET (fillfactor = 44)`, 'definition: index shop.node_id_idx'),
  change(
    `ALTER INDEX shop."only the ""happy""" ALTER COLUMN 1 SET STATISTICS 7`,
    'definition: index shop."only the ""happy"""',
  ),
  change(
    `DROP INDEX shop.node_id_idx; CREATE INDEX node_id_idx ON shop.node (id)`,
    'definition: index shop.node_id_idx',
  ),
  change(`COMMENT ON INDEX shop.node_id_idx IS 'backwards'`, 'comment: index shop.node_id_idx'),
  change(
    `ALTER TABLE shop.purchase RENAME CONSTRAINT "of a product" TO "of no product"`,
    'missing: table constraint "of a product" on shop.purchase',
    'unexpected: table constraint "of no product" on shop.purchase',
  ),
  change(
    `ALTER TABLE shop.product VALIDATE CONSTRAINT is_short`,
    'definition: table constraint is_short on shop.product',
  ),
  change(
    `ALTER TABLE shop.node DROP CONSTRAINT node_parent_fkey; ALTER TABLE shop.node ADD FOREIGN KEY (parent) REFERENCES shop.node NOT VALID`,
    'definition: table constraint node_parent_fkey on shop.node',
  ),
  change(
    `ALTER TABLE shop.purchase ALTER CONSTRAINT "of a product" DEFERRABLE`,
    'definition: table constraint "of a product" on shop.purchase',
  ),
  change(
    `ALTER TABLE shop.product DROP CONSTRAINT product_price_check`,
    'missing: table constraint product_price_check on shop.product',
  ),
  change(
    `COMMENT ON CONSTRAINT is_short ON shop.product IS 'short'`,
    'comment: table constraint is_short on shop.product',
  ),
  since(
    18,
    `ALTER TABLE shop.purchase ALTER CONSTRAINT "of a product" NOT ENFORCED`,
    'definition: table constraint "of a product" on shop.purchase',
  ),
  change(
    `ALTER TABLE shop.customer DISABLE TRIGGER "count visits"`,
    'definition: trigger "count visits" on shop.customer',
  ),
  change(
    `ALTER TABLE shop.purchase ENABLE ALWAYS TRIGGER after_statement`,
    'definition: trigger after_statement on shop.purchase',
  ),
  change(
    `DROP TRIGGER late ON shop.purchase`,
    'missing: table constraint late on shop.purchase',
    'missing: trigger late on shop.purchase',
  ),
  alone(
    `CREATE TRIGGER more BEFORE INSERT ON shop.event FOR EACH ROW EXECUTE FUNCTION shop.do_nothing()`,
    'unexpected: trigger more on shop.event',
  ),
  change(`DROP POLICY everyone_reads ON shop.purchase`, 'missing: policy everyone_reads on shop.purchase'),
  change(
    `ALTER POLICY "own rows" ON shop.purchase USING (line > 1)`,
    'definition: policy "own rows" on shop.purchase',
  ),
  change(
    `ALTER POLICY "own rows" ON shop.purchase TO PUBLIC`,
    'definition: policy "own rows" on shop.purchase',
  ),
  change(`DROP RULE "never delete" ON shop.product`, 'missing: rule "never delete" on shop.product'),
  change(
    `ALTER TABLE shop.product DISABLE RULE "never delete"`,
    'definition: rule "never delete" on shop.product',
  ),
  change(
    `ALTER STATISTICS shop.purchase_correlation SET STATISTICS 201`,
    'definition: statistics object shop.purchase_correlation',
  ),
  change(`DROP STATISTICS shop.purchase_correlation`, 'missing: statistics object shop.purchase_correlation'),
  change(
    `ALTER STATISTICS shop.purchase_correlation OWNER TO shop_owner`,
    'owner: statistics object shop.purchase_correlation',
  ),
];

const SEQUENCES: readonly Change[] = [
  change(`ALTER SEQUENCE shop.invoice_number INCREMENT 11`, 'definition: sequence shop.invoice_number'),
  change(`ALTER SEQUENCE shop.invoice_number CACHE 6`, 'definition: sequence shop.invoice_number'),
  change(`ALTER SEQUENCE shop.invoice_number NO CYCLE`, 'definition: sequence shop.invoice_number'),
  change(`ALTER SEQUENCE shop.invoice_number MAXVALUE 100000000`, 'definition: sequence shop.invoice_number'),
  change(`ALTER SEQUENCE shop.never_used AS smallint`, 'definition: sequence shop.never_used'),
  change(`ALTER SEQUENCE shop.never_used START 2`, 'definition: sequence shop.never_used'),
  change(
    `ALTER SEQUENCE shop.customer_legacy_id_seq OWNED BY NONE`,
    'definition: sequence shop.customer_legacy_id_seq',
  ),
  change(`ALTER SEQUENCE shop.invoice_number RESTART 4211`, 'sequence: sequence shop.invoice_number'),
  change(`DROP SEQUENCE shop.never_used`, 'missing: sequence shop.never_used'),
  change(`CREATE SEQUENCE shop.counter`, 'unexpected: sequence shop.counter'),
  since(15, `ALTER SEQUENCE shop.never_used SET UNLOGGED`, 'definition: sequence shop.never_used'),
];

const VIEWS: readonly Change[] = [
  change(
    `CREATE OR REPLACE VIEW shop.happy_customer WITH (security_barrier, check_option = local) AS SELECT id, mail FROM shop.customer WHERE feeling = 'ok'`,
    'definition: view shop.happy_customer',
  ),
  change(`ALTER VIEW shop.happy_customer RESET (security_barrier)`, 'definition: view shop.happy_customer'),
  change(
    `ALTER VIEW shop.happy_customer ALTER COLUMN mail SET DEFAULT 'a@b'`,
    'definition: view shop.happy_customer',
  ),
  change(`REFRESH MATERIALIZED VIEW shop.sales`, 'definition: materialized view shop.sales'),
  change(
    `REFRESH MATERIALIZED VIEW shop.sales_ranked WITH NO DATA`,
    'definition: materialized view shop.sales_ranked',
  ),
  change(`DROP VIEW shop.descendant`, 'missing: view shop.descendant'),
  change(`COMMENT ON VIEW shop.descendant IS 'below'`, 'comment: view shop.descendant'),
];

const TYPES: readonly Change[] = [
  alone(
    `ALTER TYPE shop.mood RENAME VALUE 'sad' TO 'Sad'`,
    'content: table shop.customer',
    'definition: index shop."only the ""happy"""',
    'definition: type shop.mood',
  ),
  change(`ALTER TYPE shop.mood ADD VALUE 'well' BEFORE 'ok'`, 'definition: type shop.mood'),
  change(
    `ALTER DOMAIN shop.positive DROP CONSTRAINT is_positive`,
    'missing: domain constraint is_positive on shop.positive',
  ),
  change(`ALTER DOMAIN shop.positive SET DEFAULT 2`, 'definition: type shop.positive'),
  change(`ALTER DOMAIN shop.email DROP NOT NULL`, 'definition: type shop.email'),
  change(
    `ALTER DOMAIN shop.positive DROP CONSTRAINT is_positive; ALTER DOMAIN shop.positive ADD CONSTRAINT is_positive CHECK (VALUE > 0) NOT VALID`,
    'definition: domain constraint is_positive on shop.positive',
  ),
  alone(
    `ALTER TYPE shop.money_amount ADD ATTRIBUTE more int CASCADE`,
    'content: table shop.customer',
    'content: table shop.typed',
    'definition: type shop.money_amount',
    'definition: table shop.typed',
  ),
  change(`COMMENT ON COLUMN shop.money_amount.currency IS 'ISO 4217'`, 'comment: type shop.money_amount'),
  change(
    `ALTER TYPE shop.tally SET (STORAGE = plain, TYPMOD_IN = bpchartypmodin)`,
    'definition: type shop.tally',
  ),
  change(
    `ALTER TYPE shop.time_range OWNER TO shop_owner`,
    'grants: type shop.time_range',
    'owner: type shop.time_range',
  ),
  change(`COMMENT ON TYPE shop.mood IS NULL`, 'comment: type shop.mood'),
  change(`DROP TYPE shop.undefined_so_far`, 'missing: type shop.undefined_so_far'),
  alone(
    `DROP COLLATION shop.german CASCADE`,
    'content: table shop.customer',
    'definition: table shop.customer',
    'grants: table shop.customer',
    'missing: collation shop.german',
    'missing: index shop."customer_Full Name_idx"',
    'missing: index shop."only the ""happy"""',
    'missing: rule forward on shop.happy_customer',
  ),
  change(`ALTER COLLATION shop.case_blind OWNER TO shop_owner`, 'owner: collation shop.case_blind'),
  change(`DROP CONVERSION shop.latin1_to_utf8_copy`, 'missing: conversion shop.latin1_to_utf8_copy'),
  change(`DROP CAST (shop.money_amount AS numeric)`, 'missing: cast (shop.money_amount AS numeric)'),
  change(
    `DROP CAST (shop.tally AS int4); CREATE CAST (shop.tally AS int4) WITHOUT FUNCTION AS IMPLICIT`,
    'definition: cast (shop.tally AS integer)',
  ),
  change(
    `ALTER OPERATOR shop.<~> (point, point) SET (RESTRICT = NONE)`,
    'definition: operator shop.<~>(pg_catalog.point,pg_catalog.point)',
  ),
  change(
    `ALTER OPERATOR FAMILY shop.backwards USING btree ADD OPERATOR 1 < (int4, int8)`,
    'definition: operator family shop.backwards USING btree',
  ),
  change(
    `ALTER OPERATOR FAMILY shop.backwards USING btree ADD FUNCTION 1 (int4, int8) btint48cmp(int4, int8)`,
    'definition: operator family shop.backwards USING btree',
  ),
  change(
    `ALTER OPERATOR CLASS shop.backwards USING btree RENAME TO forwards`,
    'definition: index shop.node_id_idx',
    'missing: operator class shop.backwards USING btree',
    'unexpected: operator class shop.forwards USING btree',
  ),
];

const ROUTINES: readonly Change[] = [
  change(
    `CREATE OR REPLACE FUNCTION shop.multiply_step(state numeric, value numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$ SELECT state * value; $$`,
    'definition: function shop.multiply_step(numeric,numeric)',
  ),
  change(
    `CREATE OR REPLACE FUNCTION shop.add_tax(net numeric, rate numeric DEFAULT 0.19) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN net * (1.0 + rate)`,
    'definition: function shop.add_tax(numeric,numeric)',
  ),
  change(
    `CREATE OR REPLACE FUNCTION shop.add_tax(net numeric, rate numeric DEFAULT 0.2) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN net * (1 + rate)`,
    'definition: function shop.add_tax(numeric,numeric)',
  ),
  ...[
    'VOLATILE',
    'SECURITY INVOKER',
    'COST 11',
    'ROWS 6',
    'STRICT',
    'LEAKPROOF',
    'PARALLEL SAFE',
    'RESET search_path',
    `SET work_mem = '8MB'`,
  ].map((attribute) =>
    change(
      `ALTER FUNCTION shop.greet(text[]) ${attribute}`,
      'definition: function shop.greet(pg_catalog.text[])',
    ),
  ),
  change(
    `ALTER FUNCTION shop.greet(text[]) SUPPORT generate_series_int4_support`,
    'definition: function shop.greet(pg_catalog.text[])',
  ),
  change(`DROP FUNCTION shop.greet(text[])`, 'missing: function shop.greet(pg_catalog.text[])'),
  change(
    `CREATE FUNCTION shop.greet(text) RETURNS int LANGUAGE sql AS 'SELECT 1'`,
    'unexpected: function shop.greet(pg_catalog.text)',
  ),
  change(
    `ALTER PROCEDURE shop.raise_prices(int, int) OWNER TO shop_owner`,
    'grants: procedure shop.raise_prices(integer,integer)',
    'owner: procedure shop.raise_prices(integer,integer)',
  ),
  change(
    `REVOKE EXECUTE ON FUNCTION shop.greet(text[]) FROM PUBLIC`,
    'grants: function shop.greet(pg_catalog.text[])',
  ),
  change(
    `CREATE OR REPLACE AGGREGATE shop.product_of(numeric) (SFUNC = shop.multiply_step, STYPE = numeric, INITCOND = '2')`,
    'definition: aggregate shop.product_of(numeric)',
  ),
  change(
    `CREATE OR REPLACE AGGREGATE shop.product_of(numeric) (SFUNC = shop.multiply_step, STYPE = numeric, INITCOND = '1', SSPACE = 9)`,
    'definition: aggregate shop.product_of(numeric)',
  ),
  change(
    `COMMENT ON FUNCTION shop.is_near(point, point) IS 'near'`,
    'comment: function shop.is_near(pg_catalog.point,pg_catalog.point)',
  ),
  alone(`DROP LANGUAGE plagain`, 'missing: language plagain'),
  change(
    `CREATE OR REPLACE LANGUAGE plagain HANDLER shop.plagain_handler VALIDATOR plpgsql_validator`,
    'definition: language plagain',
  ),
  change(
    `DROP TRANSFORM FOR extensions.hstore LANGUAGE plpgsql`,
    'missing: transform for extensions.hstore language plpgsql',
  ),
  alone(
    `DROP ACCESS METHOD heap_too CASCADE`,
    'missing: access method heap_too',
    'missing: table shop.kept_in_heap_too',
  ),
];

const OTHERS: readonly Change[] = [
  change(
    `UPDATE pg_extension SET extversion = '1.0' WHERE extname = 'hstore'`,
    'definition: extension hstore',
  ),
  alone(
    `ALTER EXTENSION unaccent SET SCHEMA shop`,
    'definition: extension unaccent',
    'definition: text search configuration shop.accentless',
  ),
  change(`COMMENT ON EXTENSION unaccent IS 'no accents'`, 'comment: extension unaccent'),
  alone(
    `DROP EXTENSION pg_trgm CASCADE`,
    'missing: extension pg_trgm',
    'missing: index shop."customer_Full Name_idx"',
  ),
  change(`CREATE EXTENSION tablefunc SCHEMA extensions`, 'unexpected: extension tablefunc'),
  change(`COMMENT ON SCHEMA shop IS 'shop'`, 'comment: schema shop'),
  change(`ALTER SCHEMA shop OWNER TO "shop reader"`, 'grants: schema shop', 'owner: schema shop'),
  change(`CREATE SCHEMA more`, 'unexpected: schema more'),
  change(`ALTER SERVER elsewhere OPTIONS (ADD port '5433')`, 'definition: server elsewhere'),
  change(`ALTER SERVER elsewhere VERSION '2'`, 'definition: server elsewhere'),
  change(
    `ALTER FOREIGN DATA WRAPPER home_made OPTIONS (ADD more '1')`,
    'definition: foreign-data wrapper home_made',
  ),
  change(
    `ALTER FOREIGN DATA WRAPPER home_made VALIDATOR postgresql_fdw_validator`,
    'definition: foreign-data wrapper home_made',
  ),
  change(
    `DROP USER MAPPING FOR "shop reader" SERVER elsewhere`,
    'missing: user mapping "shop reader" on server elsewhere',
  ),
  change(`ALTER EVENT TRIGGER note_tables DISABLE`, 'definition: event trigger note_tables'),
  change(
    `DROP EVENT TRIGGER note_tables; CREATE EVENT TRIGGER note_tables ON ddl_command_end EXECUTE FUNCTION shop.note_command()`,
    'definition: event trigger note_tables',
  ),
  change(
    `ALTER TEXT SEARCH CONFIGURATION shop.accentless DROP MAPPING FOR word`,
    'definition: text search configuration shop.accentless',
  ),
  change(
    `ALTER TEXT SEARCH DICTIONARY shop.plain (accept = false)`,
    'definition: text search dictionary shop.plain',
  ),
  alone(
    `DROP TEXT SEARCH CONFIGURATION shop.accentless; CREATE TEXT SEARCH CONFIGURATION shop.accentless (PARSER = shop.words)`,
    'definition: text search configuration shop.accentless',
  ),
  alone(
    `DROP TEXT SEARCH DICTIONARY shop.plain CASCADE; CREATE TEXT SEARCH DICTIONARY shop.plain (TEMPLATE = simple)`,
    'definition: text search dictionary shop.plain',
    'missing: text search configuration shop.accentless',
  ),
  alone(`DROP TEXT SEARCH PARSER shop.words`, 'missing: text search parser shop.words'),
  change(
    `ALTER TEXT SEARCH TEMPLATE shop.simple_again RENAME TO again`,
    'definition: text search dictionary shop.plain',
    'missing: text search template shop.simple_again',
    'unexpected: text search template shop.again',
  ),
  change(
    `ALTER PUBLICATION everything SET (publish = 'insert, truncate')`,
    'definition: publication everything',
  ),
  change(
    `ALTER PUBLICATION some_tables DROP TABLE shop.event`,
    'missing: publication relation shop.event in publication some_tables',
  ),
  change(
    `ALTER PUBLICATION some_tables ADD TABLE shop.node`,
    'unexpected: publication relation shop.node in publication some_tables',
  ),
  {
    ...since(
      15,
      `ALTER PUBLICATION some_tables SET TABLE shop.product WHERE (sku > 'a'), shop.event`,
      'definition: publication relation shop.product in publication some_tables',
    ),
    isAlone: true,
  },
  {
    ...since(
      15,
      `ALTER PUBLICATION some_tables SET TABLE shop.product (sku, price), shop.event`,
      'definition: publication relation shop.product in publication some_tables',
    ),
    isAlone: true,
  },
  {
    ...since(
      15,
      `ALTER PUBLICATION some_tables ADD TABLES IN SCHEMA shop`,
      'unexpected: publication namespace shop in publication some_tables',
    ),
    isAlone: true,
  },
  change(`ALTER SUBSCRIPTION sleeping SET (synchronous_commit = local)`, 'definition: subscription sleeping'),
  change(`ALTER SUBSCRIPTION sleeping SET (binary)`, 'definition: subscription sleeping'),
  change(
    `ALTER SUBSCRIPTION sleeping SET PUBLICATION something WITH (refresh = false)`,
    'definition: subscription sleeping',
  ),
  since(15, `ALTER SUBSCRIPTION sleeping SET (disable_on_error)`, 'definition: subscription sleeping'),
  since(16, `ALTER SUBSCRIPTION sleeping SET (origin = none)`, 'definition: subscription sleeping'),
  since(17, `UPDATE pg_subscription SET subfailover = true`, 'definition: subscription sleeping'),
];

const RIGHTS: readonly Change[] = [
  change(`REVOKE USAGE ON SCHEMA shop FROM "shop reader"`, 'grants: schema shop'),
  change(`REVOKE GRANT OPTION FOR USAGE ON SCHEMA shop FROM "shop reader"`, 'grants: schema shop'),
  change(`REVOKE UPDATE (nickname) ON shop.customer FROM "shop reader"`, 'grants: table shop.customer'),
  change(`GRANT SELECT ON shop.node TO PUBLIC`, 'grants: table shop.node'),
  change(
    `ALTER TABLE shop.session OWNER TO shop_owner`,
    'grants: table shop.session',
    'owner: table shop.session',
  ),
  change(`REVOKE USAGE ON TYPE shop.mood FROM "shop reader"`, 'grants: type shop.mood'),
  change(`REVOKE USAGE ON FOREIGN SERVER elsewhere FROM "shop reader"`, 'grants: server elsewhere'),
  change(
    `REVOKE USAGE ON SEQUENCE shop.invoice_number FROM "shop reader"`,
    'grants: sequence shop.invoice_number',
  ),
  change(`ALTER LANGUAGE plagain OWNER TO shop_owner`, 'grants: language plagain', 'owner: language plagain'),
  change(
    `ALTER DEFAULT PRIVILEGES FOR ROLE shop_owner IN SCHEMA shop REVOKE SELECT ON TABLES FROM "shop reader"`,
    'missing: default acl for role shop_owner in schema shop on tables',
  ),
  change(
    `ALTER DEFAULT PRIVILEGES FOR ROLE shop_owner IN SCHEMA shop GRANT INSERT ON TABLES TO "shop reader"`,
    'grants: default acl for role shop_owner in schema shop on tables',
  ),
  change(`GRANT CREATE ON SCHEMA public TO "shop reader"`, 'grants: schema public'),
  change(`REVOKE USAGE ON SCHEMA public FROM PUBLIC`, 'grants: schema public'),
  change(`ALTER SCHEMA public OWNER TO shop_owner`, 'grants: schema public', 'owner: schema public'),
  change(`COMMENT ON SCHEMA public IS 'ours'`, 'comment: schema public'),
  change(
    `GRANT EXECUTE ON FUNCTION pg_read_file(text) TO "shop reader"`,
    'unexpected: grants on function pg_catalog.pg_read_file(pg_catalog.text)',
  ),
  change(`REVOKE SELECT ON pg_catalog.pg_proc FROM PUBLIC`, 'unexpected: grants on table pg_catalog.pg_proc'),
  change(
    `GRANT SELECT (subconninfo) ON pg_catalog.pg_subscription TO "shop reader"`,
    'unexpected: grants on table column pg_catalog.pg_subscription.subconninfo',
  ),
  change(`REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC`, 'unexpected: grants on language plpgsql'),
  change(
    `REVOKE EXECUTE ON FUNCTION extensions.digest(text, text) FROM PUBLIC`,
    'unexpected: grants on function extensions.digest(pg_catalog.text,pg_catalog.text)',
  ),
  change(
    `GRANT USAGE ON FOREIGN DATA WRAPPER file_fdw TO "shop reader"`,
    'unexpected: grants on foreign-data wrapper file_fdw',
  ),
];

const FULL = '(SELECT max(oid) FROM pg_largeobject_metadata)';
const LARGE_OBJECTS: readonly Change[] = [
  change(`DO $$ BEGIN PERFORM lo_put(${FULL}, 299999, '\\x00'); END $$`, 'content: large objects'),
  change(`DO $$ BEGIN PERFORM lo_put(${FULL}, 300000, '\\x00'); END $$`, 'content: large objects'),
  change(`DO $$ BEGIN PERFORM lo_create(0); END $$`, 'large objects: large objects'),
  change(`DO $$ BEGIN PERFORM lo_unlink(${FULL}); END $$`, 'large objects: large objects'),
  change(
    `DO $$ BEGIN PERFORM lo_from_bytea(424242, lo_get(${FULL})), lo_unlink(${FULL}); END $$`,
    'comment: large objects',
    'content: large objects',
    'grants: large objects',
    'owner: large objects',
  ),
];

/** Without it, rows of tables without a key could not be changed. */
export const PREPARATION = `ALTER PUBLICATION everything SET (publish = 'insert'); ALTER PUBLICATION some_tables SET (publish = 'insert')`;

export const CHANGES: readonly Change[] = [
  ...ROWS,
  ...TABLES,
  ...COLUMNS,
  ...PARTS_OF_TABLES,
  ...SEQUENCES,
  ...VIEWS,
  ...TYPES,
  ...ROUTINES,
  ...OTHERS,
  ...RIGHTS,
  ...LARGE_OBJECTS,
];
