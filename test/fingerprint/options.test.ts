import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { compare, type Omission } from '../../src/fingerprint/compare.ts';
import { missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { dumpWithFingerprint, EVERYTHING, linesOf, measure, restore } from './fingerprint-of.ts';

const SHOP = `
  SET client_min_messages = error;
  CREATE EXTENSION citext;
  CREATE TABLE kept (id int PRIMARY KEY, name text COMPRESSION pglz);
  INSERT INTO kept SELECT i, 'kept ' || i FROM generate_series(1, 30) AS i;
  CREATE TABLE log_1 (id serial PRIMARY KEY, line text CHECK (line <> ''));
  CREATE INDEX ON log_1 (line);
  INSERT INTO log_1 (line) VALUES ('a');
  CREATE TABLE log_2 (LIKE log_1);
  CREATE VIEW names AS SELECT name FROM kept;
  CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM kept;
  CREATE TABLE event (id int, day date) PARTITION BY RANGE (day);
  CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
  CREATE TABLE event_2 PARTITION OF event FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
  CREATE INDEX ON event (day);
  CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
  CREATE TRIGGER noted BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION nothing();
  INSERT INTO event SELECT i, date '2024-01-01' + i FROM generate_series(1, 500) AS i;
  CREATE UNLOGGED TABLE passing AS SELECT 1 AS id;
  CREATE TABLE guarded (id int);
  ALTER TABLE guarded ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
  CREATE POLICY everybody ON guarded USING (true);
  CREATE ACCESS METHOD heap_too TYPE TABLE HANDLER heap_tableam_handler;
  CREATE TABLE elsewhere (id int) USING heap_too;
  COMMENT ON TABLE kept IS 'Kept';
  COMMENT ON COLUMN kept.name IS 'A name';
  ALTER TABLE kept OWNER TO keeper;
  GRANT SELECT ON kept TO reader;
  GRANT UPDATE (name) ON kept TO reader;
  ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO reader;
  GRANT EXECUTE ON FUNCTION pg_ls_dir(text), citext_cmp(citext, citext) TO reader;
  REVOKE USAGE ON SCHEMA public FROM PUBLIC;
  SELECT lo_from_bytea(4711, 'large') \\gset
  ALTER LARGE OBJECT 4711 OWNER TO keeper;
  GRANT SELECT ON LARGE OBJECT 4711 TO reader;
  COMMENT ON LARGE OBJECT 4711 IS 'Large';
  CREATE SCHEMA away;
  CREATE DOMAIN away.word AS text CHECK (VALUE <> '');
  CREATE TYPE away.mood AS ENUM ('sad');
  CREATE TABLE away.item (id int GENERATED ALWAYS AS IDENTITY, word away.word);
  CREATE STATISTICS away.on_item ON id, word FROM away.item;
  INSERT INTO away.item (word) VALUES ('x');
  CREATE FUNCTION away.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
  ALTER DEFAULT PRIVILEGES IN SCHEMA away GRANT SELECT ON TABLES TO reader;
  CREATE SCHEMA also_away;
  CREATE TABLE also_away.item ();
  CREATE PUBLICATION several FOR TABLE kept, log_1, away.item;
  CREATE SUBSCRIPTION sleeping CONNECTION 'host=127.0.0.1 dbname=none' PUBLICATION several WITH (connect = false, slot_name = NONE);
  ANALYZE;`;
const SINCE_15 = `CREATE PUBLICATION of_schema FOR TABLES IN SCHEMA away;`;

interface Case {
  readonly leftOut: readonly string[];
  /** The oldest client that knows the options. */
  readonly since?: number;
  /** What the comparison says beside the options themselves. */
  readonly omissions?: readonly Omission[];
  /** How many tables are in the dump at all. */
  readonly tables?: number;
}

/** pg_dump 18 adds tables to publications that it leaves out itself. */
const ALSO_PUBLISHED = /ERROR: {2}(relation|schema) "[a-z_.0-9]+" does not exist$/;

const ALL_TABLES = 10;
const rows = (...objects: string[]): readonly Omission[] => [{ kind: 'rows', objects }];
const CASES: readonly Case[] = [
  { leftOut: ['-T=log_1'], tables: 9 },
  { leftOut: ['--exclude-table=log_*'], tables: 8 },
  { leftOut: ['--exclude-table=public.event_2'], tables: 9 },
  { leftOut: ['--exclude-table=*_seq'], tables: 10 },
  { leftOut: ['--exclude-table-and-children=event'], tables: 8, since: 16 },
  { leftOut: ['-N=away'], tables: 9 },
  { leftOut: ['--exclude-schema=*away'], tables: 8 },
  { leftOut: ['--exclude-schema=away', '--exclude-table=also_away.*'], tables: 8 },
  { leftOut: ['--exclude-table-data=kept'], omissions: rows('public.kept') },
  { leftOut: ['--exclude-table-data=*.item'], omissions: rows('also_away.item', 'away.item') },
  { leftOut: ['--exclude-table-data=event_?'], omissions: rows('public.event_1', 'public.event_2') },
  {
    leftOut: ['--exclude-table-data-and-children=event'],
    omissions: rows('public.event_1', 'public.event_2'),
    since: 16,
  },
  { leftOut: ['--exclude-table-data=log_1*'], omissions: rows('public.log_1') },
  { leftOut: ['--exclude-extension=citext'], since: 17 },
  { leftOut: ['-B'], omissions: [{ kind: 'large objects', objects: [] }] },
  { leftOut: ['--no-large-objects'], omissions: [{ kind: 'large objects', objects: [] }], since: 16 },
  { leftOut: ['-O'] },
  { leftOut: ['-x'] },
  { leftOut: ['-O', '--no-privileges', '--no-comments'] },
  { leftOut: ['--no-comments'] },
  { leftOut: ['--no-policies'], since: 18 },
  { leftOut: ['--no-publications'] },
  { leftOut: ['--no-subscriptions'] },
  { leftOut: ['--no-unlogged-table-data'], omissions: rows('public.passing') },
  { leftOut: ['--no-table-access-method'] },
  { leftOut: ['--no-toast-compression'] },
  { leftOut: ['--no-security-labels', '--no-tablespaces'] },
];

for (const major of [15, 18]) {
  describe(`the fingerprint fits a dump that leaves something out, of server ${major}`, {
    skip: missing(`postgres-server-${major}`, `postgres-client-${major}`),
    concurrency: 2,
  }, () => {
    let server: PostgresServer;
    before(async () => {
      server = await startPostgres({ major });
      await server.psql('CREATE ROLE keeper; CREATE ROLE reader');
      await server.createDatabase('shop');
      await server.psql(SHOP + SINCE_15, { database: 'shop' });
    });
    after(() => server.stop());

    for (const { leftOut, since = 0, omissions = [], tables = ALL_TABLES } of CASES) {
      if (since > major) continue;
      test(leftOut.join(' '), async (t) => {
        const { archive, fingerprint } = await dumpWithFingerprint(t, server, 'shop', { leftOut });
        assert.equal(fingerprint.status, 'complete', fingerprint.detail);
        assert.equal(fingerprint.tables?.length, tables);
        // pg_restore would take a name with = in it for a connection string.
        const copy = leftOut.join(' ').replaceAll('=', ' ');
        await restore(server, archive, copy, ALSO_PUBLISHED);
        const comparison = compare(fingerprint, await measure(server, copy, { leftOut }), EVERYTHING);
        assert.deepEqual(linesOf(comparison), []);
        const sorted = comparison.omissions.map((one) => ({ ...one, objects: [...one.objects].sort() }));
        assert.deepEqual(sorted, [...omissions, { kind: 'options', objects: [...leftOut].sort() }]);
      });
    }

    test('which loses nothing else: what is dropped from a restored copy shows', async (t) => {
      const leftOut = ['--exclude-table=log_1', '--exclude-schema=away', '--no-comments'];
      const { archive, fingerprint } = await dumpWithFingerprint(t, server, 'shop', { leftOut });
      await restore(server, archive, 'less', ALSO_PUBLISHED);
      await server.psql(
        `DROP TABLE log_2; DROP SCHEMA also_away CASCADE; DROP VIEW names; DELETE FROM kept WHERE id = 1;
         DROP PUBLICATION several; DROP FUNCTION nothing CASCADE; REVOKE SELECT ON kept FROM reader; SELECT lo_unlink(4711);
         REVOKE EXECUTE ON FUNCTION pg_ls_dir(text), citext_cmp(citext, citext) FROM reader`,
        { database: 'less' },
      );
      const found = await measure(server, 'less', { leftOut });
      assert.deepEqual(linesOf(compare(fingerprint, found, EVERYTHING)), [
        'grants: table public.kept',
        'large objects: large objects',
        'missing: function public.nothing()',
        'missing: grants on function pg_catalog.pg_ls_dir(pg_catalog.text)',
        'missing: grants on function public.citext_cmp(public.citext,public.citext)',
        'missing: publication relation public.kept in publication several',
        'missing: publication several',
        'missing: schema also_away',
        'missing: table also_away.item',
        'missing: table public.log_2',
        'missing: trigger noted on public.event',
        'missing: view public.names',
        'rows: table public.kept',
      ]);
    });
  });
}
