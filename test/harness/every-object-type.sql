-- A database with every type of object that pg_dump knows, on servers 14 to 18. Run it in an empty database, as superuser.
-- Contrib modules that it needs: btree_gist, citext, file_fdw, hstore, ltree, pg_trgm, pgcrypto, postgres_fdw, unaccent.
SET client_min_messages = error;

-- Roles belong to the whole server, so they may be there already.
DO $$
BEGIN
  CREATE ROLE shop_owner NOLOGIN;
  CREATE ROLE "shop reader" NOLOGIN;
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

-- Schemas and extensions
CREATE SCHEMA shop AUTHORIZATION shop_owner;
CREATE SCHEMA "Ünïcode schéma 模式";
CREATE SCHEMA extensions;
COMMENT ON SCHEMA shop IS 'It''s a comment with ''quotes'', a \backslash and 中文';
CREATE EXTENSION btree_gist SCHEMA extensions;
CREATE EXTENSION citext SCHEMA extensions;
CREATE EXTENSION hstore SCHEMA extensions;
CREATE EXTENSION ltree SCHEMA extensions;
CREATE EXTENSION pg_trgm SCHEMA extensions;
CREATE EXTENSION pgcrypto SCHEMA extensions;
CREATE EXTENSION unaccent SCHEMA extensions;
CREATE EXTENSION postgres_fdw;
CREATE EXTENSION file_fdw;
SET search_path = shop, extensions, public;

-- Types
CREATE TYPE mood AS ENUM ('sad', 'ok', 'it''s great', '高兴');
CREATE TYPE money_amount AS (amount numeric(12, 2), currency char(3));
CREATE DOMAIN email AS citext NOT NULL CHECK (VALUE ~ '^[^@]+@[^@]+$');
CREATE DOMAIN positive AS int DEFAULT 1 CONSTRAINT is_positive CHECK (VALUE > 0);
CREATE FUNCTION time_difference(a time, b time) RETURNS float8 LANGUAGE sql IMMUTABLE STRICT
  AS $$ SELECT extract(epoch FROM (a - b))::float8 $$;
CREATE TYPE time_range AS RANGE (subtype = time, subtype_diff = time_difference);
CREATE TYPE undefined_so_far;
-- A base type, with the input and output functions of the built-in int4.
CREATE TYPE tally;
CREATE FUNCTION tally_in(cstring) RETURNS tally LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
CREATE FUNCTION tally_out(tally) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';
CREATE TYPE tally (INPUT = tally_in, OUTPUT = tally_out, LIKE = int4);
COMMENT ON TYPE mood IS 'How a customer feels';

-- Collations and conversions
CREATE COLLATION german (provider = icu, locale = 'de-u-co-phonebk');
CREATE COLLATION case_blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE CONVERSION latin1_to_utf8_copy FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;

-- Sequences: free, owned, by identity
CREATE SEQUENCE invoice_number AS bigint START 1000 INCREMENT 10 MINVALUE 10 MAXVALUE 99999999 CACHE 5 CYCLE;
SELECT setval('invoice_number', 4210) \gset
CREATE SEQUENCE never_used;

-- Tables
CREATE TABLE customer (
  id bigint GENERATED ALWAYS AS IDENTITY (START WITH 100) PRIMARY KEY,
  legacy_id serial UNIQUE,
  mail email UNIQUE,
  "Full Name" text COLLATE german NOT NULL,
  nickname text COLLATE case_blind,
  feeling mood DEFAULT 'ok',
  addresses text[] DEFAULT ARRAY['no "address"', NULL, '{}'],
  matrix int[][] CHECK (array_ndims(matrix) = 2),
  attributes hstore,
  preferences jsonb DEFAULT '{"newsletter": false}',
  path ltree,
  document xml,
  search tsvector GENERATED ALWAYS AS (to_tsvector('simple', "Full Name")) STORED,
  balance money_amount,
  visits positive,
  counted tally DEFAULT '7',
  flags bit varying(8),
  location point,
  network inet,
  token uuid DEFAULT gen_random_uuid(),
  created timestamptz NOT NULL DEFAULT '2024-02-29 23:59:59.999999+08',
  "select" int,
  "quote""inside" int
);
COMMENT ON TABLE customer IS 'Someone who buys';
COMMENT ON COLUMN customer."quote""inside" IS 'A name with a quote';
CREATE TABLE product (
  sku text PRIMARY KEY,
  price numeric CHECK (price >= 0),
  picture bytea,
  description text
) WITH (fillfactor = 70, autovacuum_enabled = false);
ALTER TABLE product ADD CONSTRAINT is_short CHECK (length(sku) < 20) NOT VALID;
ALTER TABLE product ALTER COLUMN picture SET STORAGE EXTERNAL;
ALTER TABLE product ALTER COLUMN description SET STATISTICS 500;
CREATE TABLE purchase (
  customer bigint REFERENCES customer ON DELETE CASCADE ON UPDATE SET NULL DEFERRABLE INITIALLY DEFERRED,
  sku text CONSTRAINT "of a product" REFERENCES product,
  line smallint,
  PRIMARY KEY (customer, sku, line)
);
CREATE TABLE room_booking (
  room int,
  during tstzrange,
  CONSTRAINT no_overlap EXCLUDE USING gist (room WITH =, during WITH &&) WHERE (room > 0)
);
CREATE TABLE node (id int PRIMARY KEY, parent int REFERENCES node);
CREATE UNLOGGED TABLE session (id uuid PRIMARY KEY, payload text);
CREATE TABLE no_columns ();
CREATE TABLE "Ünïcode schéma 模式"."表 with ""quotes"" and spaces" ("列 1" int, "emoji 🐘" text);
CREATE TABLE typed OF money_amount (currency DEFAULT 'EUR');

-- Inheritance and partitions
CREATE TABLE place (name text NOT NULL, height int);
CREATE TABLE capital (country text) INHERITS (place);
CREATE TABLE event (id bigint, kind text, happened timestamptz NOT NULL)
  PARTITION BY RANGE (happened);
CREATE TABLE event_2024 PARTITION OF event FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE event_2025 PARTITION OF event FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')
  PARTITION BY LIST (kind);
CREATE TABLE event_2025_click PARTITION OF event_2025 FOR VALUES IN ('click', NULL);
CREATE TABLE event_2025_other PARTITION OF event_2025 DEFAULT;
CREATE TABLE event_before (kind text, id bigint NOT NULL, happened timestamptz NOT NULL);
ALTER TABLE event ATTACH PARTITION event_before FOR VALUES FROM (MINVALUE) TO ('2024-01-01');
CREATE TABLE bucketed (key text PRIMARY KEY) PARTITION BY HASH (key);
CREATE TABLE bucketed_0 PARTITION OF bucketed FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE bucketed_1 PARTITION OF bucketed FOR VALUES WITH (MODULUS 2, REMAINDER 1);

-- Indexes and statistics
CREATE INDEX ON customer USING gin (preferences jsonb_path_ops);
CREATE INDEX ON customer USING gin ("Full Name" gin_trgm_ops);
CREATE INDEX ON customer USING gist (location);
CREATE INDEX ON customer USING brin (created);
CREATE INDEX ON customer USING hash (token);
CREATE INDEX ON customer USING spgist (network);
CREATE UNIQUE INDEX "only the ""happy""" ON customer (lower("Full Name") DESC NULLS LAST) INCLUDE (mail)
  WHERE feeling <> 'sad';
CREATE INDEX ON event (kind);
ALTER TABLE customer CLUSTER ON customer_pkey;
ALTER TABLE purchase REPLICA IDENTITY FULL;
CREATE STATISTICS purchase_correlation (dependencies, ndistinct, mcv) ON customer, sku FROM purchase;
ALTER STATISTICS purchase_correlation SET STATISTICS 200;

-- Functions, procedures, aggregates, operators, casts
CREATE FUNCTION add_tax(net numeric, rate numeric DEFAULT 0.19) RETURNS numeric
  LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN net * (1 + rate);
CREATE FUNCTION greet(VARIADIC names text[]) RETURNS SETOF text LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog COST 10 ROWS 5 AS $body$
BEGIN
  RETURN QUERY SELECT 'Hello $$ ' || name FROM unnest(names) AS name;
END $body$;
CREATE FUNCTION "函数 with spaces"(OUT a int, OUT b text) LANGUAGE sql AS $$ SELECT 1, '一' $$;
CREATE PROCEDURE raise_prices(percent int, INOUT changed int DEFAULT 0) LANGUAGE plpgsql AS $$
BEGIN
  UPDATE shop.product SET price = price * (1 + percent / 100.0);
  GET DIAGNOSTICS changed = ROW_COUNT;
END $$;
CREATE FUNCTION multiply_step(state numeric, value numeric) RETURNS numeric LANGUAGE sql IMMUTABLE
  AS $$ SELECT state * value $$;
CREATE AGGREGATE product_of(numeric) (SFUNC = multiply_step, STYPE = numeric, INITCOND = '1');
CREATE AGGREGATE nth_percentile(float8 ORDER BY anyelement) (
  SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA);
CREATE FUNCTION is_near(a point, b point) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT (a <-> b) < 1 $$;
CREATE OPERATOR <~> (FUNCTION = is_near, LEFTARG = point, RIGHTARG = point, COMMUTATOR = <~>, RESTRICT = contsel);
CREATE FUNCTION amount_of(money_amount) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$ SELECT ($1).amount $$;
CREATE CAST (money_amount AS numeric) WITH FUNCTION amount_of(money_amount) AS ASSIGNMENT;
CREATE CAST (tally AS int4) WITHOUT FUNCTION;
CREATE FUNCTION compare_backwards(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT btint4cmp($2, $1) $$;
CREATE OPERATOR FAMILY backwards USING btree;
CREATE OPERATOR CLASS backwards FOR TYPE int4 USING btree FAMILY backwards AS
  OPERATOR 1 >, OPERATOR 2 >=, OPERATOR 3 =, OPERATOR 4 <=, OPERATOR 5 <, FUNCTION 1 compare_backwards(int, int);
CREATE INDEX ON node (id backwards);
CREATE ACCESS METHOD heap_too TYPE TABLE HANDLER heap_tableam_handler;
CREATE TABLE kept_in_heap_too (id int) USING heap_too;
CREATE TRANSFORM FOR hstore LANGUAGE plpgsql (FROM SQL WITH FUNCTION textlike_support(internal));

-- Views and rules
CREATE VIEW happy_customer WITH (security_barrier) AS
  SELECT id, mail FROM customer WHERE feeling = 'it''s great' WITH LOCAL CHECK OPTION;
CREATE RECURSIVE VIEW descendant (id, depth) AS
  SELECT id, 0 FROM node WHERE parent IS NULL UNION ALL
  SELECT node.id, depth + 1 FROM node JOIN descendant ON node.parent = descendant.id;
CREATE MATERIALIZED VIEW sales AS
  SELECT sku, count(*) AS sold FROM purchase GROUP BY sku WITH NO DATA;
CREATE MATERIALIZED VIEW sales_ranked AS SELECT sku, price FROM product;
CREATE UNIQUE INDEX ON sales_ranked (sku);
CREATE RULE "never delete" AS ON DELETE TO product DO INSTEAD NOTHING;
CREATE RULE forward AS ON INSERT TO happy_customer
  DO INSTEAD INSERT INTO customer (mail, "Full Name") VALUES (NEW.mail, 'from a rule');

-- Triggers and event triggers
CREATE FUNCTION count_visit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.visits := coalesce(OLD.visits, 0) + 1;
  RETURN NEW;
END $$;
CREATE TRIGGER "count visits" BEFORE UPDATE OF nickname ON customer
  FOR EACH ROW WHEN (OLD.nickname IS DISTINCT FROM NEW.nickname) EXECUTE FUNCTION count_visit();
CREATE FUNCTION do_nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER after_statement AFTER INSERT ON purchase REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION do_nothing('an argument');
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON purchase DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION do_nothing();
ALTER TABLE purchase DISABLE TRIGGER after_statement;
CREATE FUNCTION note_command() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
CREATE EVENT TRIGGER note_tables ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION note_command();

-- Row level security
ALTER TABLE purchase ENABLE ROW LEVEL SECURITY;
CREATE POLICY everyone_reads ON purchase FOR SELECT USING (true);
CREATE POLICY "own rows" ON purchase AS RESTRICTIVE TO "shop reader" USING (line > 0) WITH CHECK (line < 100);

-- Foreign data
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE settings_file (line text) SERVER files OPTIONS (filename '/etc/hostname', format 'text');
CREATE SERVER elsewhere TYPE 'postgres' VERSION '1' FOREIGN DATA WRAPPER postgres_fdw
  OPTIONS (host '127.0.0.1', dbname 'no such database');
CREATE USER MAPPING FOR "shop reader" SERVER elsewhere OPTIONS (user 'reader', password 'not a real password');
CREATE FOREIGN TABLE far_away (id int OPTIONS (column_name 'ident')) SERVER elsewhere OPTIONS (table_name 'far');
CREATE FOREIGN DATA WRAPPER home_made OPTIONS (debug 'true');

-- Text search
CREATE TEXT SEARCH TEMPLATE simple_again (INIT = dsimple_init, LEXIZE = dsimple_lexize);
CREATE TEXT SEARCH DICTIONARY plain (TEMPLATE = simple_again);
CREATE TEXT SEARCH PARSER words (
  START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype);
CREATE TEXT SEARCH CONFIGURATION accentless (COPY = english);
ALTER TEXT SEARCH CONFIGURATION accentless ALTER MAPPING FOR hword, word WITH unaccent, plain;

-- Replication
CREATE PUBLICATION everything FOR ALL TABLES WITH (publish = 'insert, update');
CREATE PUBLICATION some_tables FOR TABLE product, event;
CREATE SUBSCRIPTION sleeping CONNECTION 'host=127.0.0.1 dbname=none' PUBLICATION everything
  WITH (connect = false, enabled = false, slot_name = NONE);

-- A procedural language of our own, and grants of every kind
CREATE FUNCTION plagain_handler() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler';
CREATE LANGUAGE plagain HANDLER plagain_handler;
ALTER DEFAULT PRIVILEGES FOR ROLE shop_owner IN SCHEMA shop GRANT SELECT ON TABLES TO "shop reader";
ALTER DEFAULT PRIVILEGES FOR ROLE shop_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
GRANT USAGE ON SCHEMA shop TO "shop reader" WITH GRANT OPTION;
GRANT SELECT ("Full Name", mail), UPDATE (nickname) ON customer TO "shop reader";
GRANT ALL ON product TO shop_owner;
REVOKE EXECUTE ON FUNCTION add_tax FROM PUBLIC;
GRANT USAGE ON TYPE mood TO "shop reader";
GRANT USAGE ON FOREIGN SERVER elsewhere TO "shop reader";
GRANT USAGE, SELECT ON SEQUENCE invoice_number TO "shop reader";
ALTER TABLE node OWNER TO shop_owner;
DO $$
BEGIN
  EXECUTE format('ALTER DATABASE %I SET timezone = %L', current_database(), 'Asia/Shanghai');
  EXECUTE format('ALTER ROLE "shop reader" IN DATABASE %I SET work_mem = %L', current_database(), '8MB');
  EXECUTE format('COMMENT ON DATABASE %I IS %L', current_database(), 'Every object type');
END $$;

-- Rows
INSERT INTO product
  SELECT 'sku-' || i, i * 1.5, decode(repeat(md5(i::text), 2000), 'hex'), repeat(md5(i::text) || ' 描述 ', 500)
  FROM generate_series(1, 40) AS i;
INSERT INTO product VALUES ('', 0, '', NULL), (E'\t\n\\ \x01', 'NaN', '\x00ff', '\.');
INSERT INTO customer (mail, "Full Name", nickname, feeling, matrix, attributes, path, document, balance, flags, location, network)
VALUES
  ('li@example.com', '李小龍 🐉', 'Bruce', '高兴', '{{1,2},{3,4}}', 'a=>1, "b c"=>NULL', 'top.china', '<a>一</a>',
   ROW(12.5, 'CNY'), B'1010', '(1,2)', '10.0.0.0/8'),
  ('zoe@example.com', 'Zoë O''Brien', NULL, 'sad', NULL, NULL, NULL, NULL, NULL, NULL, NULL, '::1');
INSERT INTO purchase SELECT customer.id, product.sku, 1 FROM customer, product WHERE price > 50;
INSERT INTO room_booking VALUES (1, '[2024-01-01,2024-01-02)'), (1, '[2024-01-02,infinity)');
INSERT INTO node VALUES (1, NULL), (2, 1), (3, 2);
INSERT INTO session VALUES (gen_random_uuid(), 'kept as well');
INSERT INTO no_columns DEFAULT VALUES;
INSERT INTO no_columns DEFAULT VALUES;
INSERT INTO "Ünïcode schéma 模式"."表 with ""quotes"" and spaces" VALUES (1, '🐘 e' || U&'\0301');
INSERT INTO typed VALUES (1.00, 'USD');
INSERT INTO place VALUES ('Ulm', 478);
INSERT INTO capital VALUES ('Lima', 154, 'Peru');
INSERT INTO event
  SELECT i, (ARRAY['click', 'view', NULL])[1 + i % 3], timestamptz '2023-06-01 UTC' + i * interval '1 day'
  FROM generate_series(1, 900) AS i;
INSERT INTO bucketed SELECT 'key ' || i FROM generate_series(1, 100) AS i;
INSERT INTO kept_in_heap_too VALUES (1);
REFRESH MATERIALIZED VIEW sales_ranked;

-- Large objects, one of them empty
SELECT lo_create(0) AS empty_object \gset
SELECT lo_from_bytea(0, decode(repeat('c0ffee', 100000), 'hex')) AS full_object \gset
COMMENT ON LARGE OBJECT :full_object IS 'Coffee';
GRANT SELECT ON LARGE OBJECT :full_object TO "shop reader";
ALTER LARGE OBJECT :empty_object OWNER TO shop_owner;
