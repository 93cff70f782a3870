import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { type BackedUp, backUp, databasesOf, scriptOf } from './backed-up.ts';
import { install } from './installation.ts';
import { type CliResult, runInProcess } from './run-in-process.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15');
const SHOP = `
  CREATE SCHEMA sales; CREATE SCHEMA "We ird"; CREATE SCHEMA ext; CREATE EXTENSION citext SCHEMA ext;
  CREATE ROLE reader;
  CREATE TYPE sales.mood AS ENUM ('sad', 'ok');
  CREATE FUNCTION sales.default_note() RETURNS text LANGUAGE sql AS $$ SELECT 'none'::text $$;
  CREATE TABLE sales.customer (id serial PRIMARY KEY, name ext.citext UNIQUE, feeling sales.mood DEFAULT 'ok');
  CREATE SEQUENCE sales.extra OWNED BY sales.customer.name;
  CREATE TABLE sales.purchase (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer int CONSTRAINT by_whom REFERENCES sales.customer,
    note text DEFAULT sales.default_note(), CONSTRAINT is_short CHECK (length(note) < 9));
  CREATE TABLE sales.line (purchase bigint CONSTRAINT "of what" REFERENCES sales.purchase, item int);
  CREATE INDEX ON sales.purchase (note) WHERE note <> 'none';
  COMMENT ON TABLE sales.purchase IS 'what was sold'; COMMENT ON CONSTRAINT is_short ON sales.purchase IS 'short';
  GRANT SELECT ON sales.purchase TO reader;
  CREATE FUNCTION sales.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := 'touched'; RETURN NEW; END $$;
  CREATE TRIGGER touch BEFORE UPDATE ON sales.purchase FOR EACH ROW EXECUTE FUNCTION sales.touch();
  ALTER TABLE sales.purchase ENABLE ROW LEVEL SECURITY; CREATE POLICY all_of_it ON sales.purchase USING (true);
  CREATE STATISTICS sales.both ON customer, note FROM sales.purchase;
  CREATE VIEW sales.seen AS SELECT note, name FROM sales.purchase JOIN sales.customer c ON c.id = customer;
  CREATE RULE quiet AS ON DELETE TO sales.line DO INSTEAD NOTHING;
  CREATE PUBLICATION everyone FOR TABLE sales.purchase;
  CREATE TABLE item AS SELECT 'public' AS text; CREATE TABLE sales.item AS SELECT 'sales' AS text;
  CREATE TABLE "We ird"."Ta.b""le" AS SELECT 'quoted' AS text; CREATE TABLE "sales.item" AS SELECT 'with a dot' AS text;
  CREATE TABLE event (id int, day date NOT NULL, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
  CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
  CREATE TABLE event_2 PARTITION OF event FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY LIST (id);
  CREATE TABLE event_2_a PARTITION OF event_2 DEFAULT;
  CREATE INDEX ON event (day);
  INSERT INTO sales.customer (name) VALUES ('Ann'), ('Bob'); SELECT setval('sales.extra', 41);
  INSERT INTO sales.purchase (customer) VALUES (1), (2), (NULL); INSERT INTO sales.line VALUES (1, 7);
  INSERT INTO event VALUES (1, '2024-06-01'), (2, '2025-06-01');`;
/** What a database has, as people would list it. */
const OBJECTS = `
  SELECT string_agg(what, ' ' ORDER BY what COLLATE "C") FROM (
    SELECT format('%s.%s', n.nspname, relname) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind IN ('r', 'p', 'v', 'S')
    UNION ALL SELECT 'fk:' || conname FROM pg_constraint c JOIN pg_namespace n ON n.oid = connamespace WHERE contype = 'f'
    UNION ALL SELECT 'pub:' || pubname FROM pg_publication p CROSS JOIN (VALUES ('pg_x')) AS n (nspname)
  ) AS all_of_it (what) WHERE what !~ '^(pg_|information_schema)'`;

describe('a part of a backup', { skip }, () => {
  let server: PostgresServer;
  let shop: BackedUp;
  before(async () => {
    server = await startPostgres();
    await server.createDatabase('shop');
    await server.psql(SHOP, { database: 'shop' });
    shop = await backUp(server, 'shop');
  });
  after(async () => {
    shop.remove();
    await server.stop();
  });

  test('a table comes with all that is its own and all that it needs', async (t) => {
    const stdout = await restored(t, 'a table', ['--table', 'purchase']);
    assert.equal(await objectsOf('a table'), 'sales.purchase sales.purchase_id_seq');
    const [whole, part] = [
      await scriptOf(server, 'shop', '--table=sales.purchase'),
      await scriptOf(server, 'a table', '--table=sales.purchase'),
    ];
    const lacking = whole.filter((line) => !part.includes(line));
    assert.deepEqual(lacking, [
      '    ADD CONSTRAINT by_whom FOREIGN KEY (customer) REFERENCES sales.customer(id);',
      '-- Name: purchase by_whom; Type: FK CONSTRAINT; Schema: sales; Owner: postgres',
    ]);
    assert.deepEqual(
      part.filter((line) => !whole.includes(line)),
      [],
    );
    assert.match(stdout, /^ {2}part +--table purchase \(\d+ entries of its table of contents\)$/m);
    assert.deepEqual(
      stdout.split('\n').flatMap((line) => /^ {2}not part of it +(.*)$/.exec(line)?.[1] ?? []),
      ['FK CONSTRAINT purchase by_whom', 'FK CONSTRAINT line of what', 'PUBLICATION TABLE everyone purchase'],
    );
    const writes = `UPDATE sales.purchase SET customer = 1; INSERT INTO sales.purchase (customer) VALUES (9);
      SELECT string_agg(id || note, ' ' ORDER BY id) FROM sales.purchase`;
    assert.equal(await server.psql(writes, { database: 'a table' }), '1touched 2touched 3touched 4none');
  });

  test('two tables come with what is between them, and a sequence with its table', async (t) => {
    await restored(t, 'two tables', ['--table', 'sales.purchase', '--table', 'sales.customer']);
    assert.equal(
      await objectsOf('two tables'),
      'fk:by_whom sales.customer sales.customer_id_seq sales.extra sales.purchase sales.purchase_id_seq',
    );
    const values = `SELECT nextval('sales.extra'), nextval('sales.customer_id_seq'), (SELECT name FROM sales.customer WHERE id = 1)`;
    assert.equal(await server.psql(values, { database: 'two tables' }), '42|3|Ann');
  });

  test('a view comes with the tables that it is of', async (t) => {
    await restored(t, 'a view', ['--table', 'seen']);
    const objects =
      'fk:by_whom sales.customer sales.customer_id_seq sales.extra sales.purchase sales.purchase_id_seq sales.seen';
    assert.equal(await objectsOf('a view'), objects);
    assert.equal(await server.psql('SELECT count(*) FROM sales.seen', { database: 'a view' }), '2');
  });

  test('a partitioned table comes with its partitions, and a partition alone', async (t) => {
    await restored(t, 'partitioned', ['--table', 'event']);
    assert.equal(
      await objectsOf('partitioned'),
      'public.event public.event_1 public.event_2 public.event_2_a',
    );
    const [whole, part] = [
      await scriptOf(server, 'shop', '--table=event*'),
      await scriptOf(server, 'partitioned', '--table=event*'),
    ];
    assert.deepEqual(part, whole);
    await restored(t, 'a partition', ['--table', 'event_1']);
    assert.equal(await objectsOf('a partition'), 'public.event_1');
    assert.equal(await server.psql('SELECT * FROM event_1', { database: 'a partition' }), '1|2024-06-01');
  });

  test('a schema comes with what is in it', async (t) => {
    await restored(t, 'a schema', ['--schema', 'sales']);
    assert.equal(
      await objectsOf('a schema'),
      'fk:by_whom fk:of what sales.customer sales.customer_id_seq sales.extra sales.item sales.line sales.purchase sales.purchase_id_seq sales.seen',
    );
    const [whole, part] = [
      await scriptOf(server, 'shop', '--schema=sales', '--no-publications'),
      await scriptOf(server, 'a schema', '--schema=sales', '--no-publications'),
    ];
    assert.deepEqual(part, whole);
  });

  for (const [name, text] of [
    ['public.item', 'public'],
    ['"We ird"."Ta.b""le"', 'quoted'],
    ['We ird.Ta.b"le', 'quoted'],
    ['"Ta.b""le"', 'quoted'],
    ['"sales"."item"', 'sales'],
    ['public.sales.item', 'with a dot'],
  ] as const) {
    test(`a table is found by ${name}`, async (t) => {
      const database = `named ${name.replaceAll('"', "'")}`;
      const args = ['restore', '--latest', '--to', database, '--table', name];
      const { exitCode, stderr } = await ask(t, args);
      assert.equal(exitCode, 0, stderr);
      const table = (await objectsOf(database)).replace(
        /^(We ird|[^.]*)\.(.*)$/,
        (_, schema, tag) => `"${schema}"."${tag.replaceAll('"', '""')}"`,
      );
      assert.equal(await server.psql(`SELECT * FROM ${table}`, { database }), text);
    });
  }

  for (const [what, args, message] of [
    [
      'an unknown table',
      ['--table', 'purchasse'],
      /the backup has no table purchasse; it has, for example: sales\.purchase, /,
    ],
    [
      'an unknown schema',
      ['--schema', 'sale'],
      /the backup has nothing in a schema sale; it has, for example: sales, /,
    ],
    [
      'a name that several tables have',
      ['--table', 'item'],
      /several tables are called item: (?=.*"public"\."item")(?=.*"sales"\."item").*; name the schema too/,
    ],
    [
      'a name that may be read in two ways',
      ['--table', 'sales.item'],
      /several tables are called sales\.item: (?=.*"public"\."sales\.item")(?=.*"sales"\."item")/,
    ],
  ] as const) {
    test(`${what} is refused with what may be meant`, async (t) => {
      const { exitCode, stderr } = await ask(t, ['restore', '--latest', '--to', 'refused', ...args]);
      assert.equal(exitCode, 2, stderr);
      assert.match(stderr, message);
      assert.ok(!(await databasesOf(server)).includes('refused'));
    });
  }

  test('a run may stand behind --table', async (t) => {
    const { exitCode, stdout, stderr } = await ask(t, [
      'restore',
      '--to',
      'behind',
      '--table',
      'event',
      shop.run,
      '--plan',
    ]);
    assert.equal(exitCode, 0, stderr);
    assert.match(stdout, /--table event \(/);
  });

  test('--schema-only brings no rows, and --data-only brings them behind it', async (t) => {
    await restored(t, 'halves', ['--schema-only']);
    assert.deepEqual(
      await scriptOf(server, 'halves', '--schema-only'),
      await scriptOf(server, 'shop', '--schema-only'),
    );
    assert.equal(await server.psql('SELECT count(*) FROM sales.customer', { database: 'halves' }), '0');
    // Triggers and foreign keys would be in the way of rows in the order of their tables' names.
    const args = ['restore', '--latest', '--to', 'halves', '--into-existing', '--data-only', '--yes'];
    const { exitCode, stderr } = await ask(t, args);
    assert.equal(exitCode, 0, stderr);
    assert.deepEqual(await scriptOf(server, 'halves'), await scriptOf(server, 'shop'));
    // Once more would double them, and their keys are there.
    const again = await ask(t, args);
    assert.equal(again.exitCode, 17, again.stderr);
    assert.match(
      again.stderr,
      /psql:.*: ERROR: {2}duplicate key value.*It ran in one transaction, so the database is as it was/,
    );
    assert.deepEqual(await scriptOf(server, 'halves'), await scriptOf(server, 'shop'));
  });

  test('--data-only leaves no row that refers to nothing', async (t) => {
    await restored(t, 'referring', ['--schema-only']);
    const args = ['restore', '--latest', '--to', 'referring', '--into-existing', '--data-only', '--yes'];
    const { exitCode, stderr } = await ask(t, [...args, '--table', 'line']);
    assert.equal(exitCode, 17, stderr);
    assert.match(stderr, /rows of sales\.line refer to rows of sales\.purchase that are not there: of what/);
    assert.equal(await server.psql('SELECT count(*) FROM sales.line', { database: 'referring' }), '0');
    for (const table of ['customer', 'purchase', 'line']) {
      const part = await ask(t, [...args, '--table', table]);
      assert.equal(part.exitCode, 0, part.stderr);
    }
    assert.deepEqual(
      await scriptOf(server, 'referring', '--data-only', '--table=sales.*e'),
      await scriptOf(server, 'shop', '--data-only', '--table=sales.*e'),
    );
  });

  test('a table that was dropped comes back into its database with all that is its own', async (t) => {
    await restored(t, 'dropped', []);
    const before = await scriptOf(server, 'dropped');
    await server.psql(
      'DROP VIEW sales.seen; DROP TABLE sales.line; DROP TABLE sales.purchase; DROP TABLE event_1',
      { database: 'dropped' },
    );
    const args = ['restore', '--latest', '--to', 'dropped', '--into-existing', '--yes'];
    const { exitCode, stderr, stdout } = await ask(t, [
      ...args,
      ...['purchase', 'line', 'seen', 'event_1'].flatMap((table) => ['--table', table]),
    ]);
    assert.equal(exitCode, 0, stderr);
    assert.match(stdout, /^ {2}not part of it +PUBLICATION TABLE everyone purchase$/m);
    await server.psql('ALTER PUBLICATION everyone ADD TABLE ONLY sales.purchase', { database: 'dropped' });
    assert.deepEqual(await scriptOf(server, 'dropped'), before);

    // It is there now, and is left alone.
    await server.psql(`UPDATE sales.line SET item = 8`, { database: 'dropped' });
    const conflict = await ask(t, [...args, '--table', 'line']);
    assert.equal(conflict.exitCode, 17, conflict.stderr);
    assert.match(conflict.stderr, /relation \\?"line\\?" already exists/);
    assert.equal(await server.psql('SELECT * FROM sales.line', { database: 'dropped' }), '1|8');
    const clean = await ask(t, [...args, '--table', 'line', '--clean']);
    assert.equal(clean.exitCode, 0, clean.stderr);
    assert.deepEqual(await scriptOf(server, 'dropped'), before);
  });

  const objectsOf = (database: string): Promise<string> => server.psql(OBJECTS, { database });

  async function restored(t: TestContext, database: string, part: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await ask(t, ['restore', '--latest', '--to', database, ...part]);
    assert.equal(exitCode, 0, stderr);
    return stdout;
  }

  function ask(t: TestContext, args: readonly string[]): Promise<CliResult> {
    return runInProcess(args, install(t, server, 'shop', shop.env).env);
  }
});
