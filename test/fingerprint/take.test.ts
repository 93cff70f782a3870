import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import type { Fingerprint } from '../../src/fingerprint/fingerprint.ts';
import { startFingerprint } from '../../src/fingerprint/take.ts';
import { missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { readTocOfPipe, startDump } from './dump-to-pipe.ts';
import {
  asFingerprint,
  differencesOf,
  dumpWithFingerprint,
  measure,
  restore,
  sessionTo,
} from './fingerprint-of.ts';
import { holdTransaction, untilOne } from './other-session.ts';

const TABLES = `
  CREATE TABLE big AS SELECT i AS id, md5(i::text) AS text FROM generate_series(1, 5000) AS i;
  CREATE TABLE item (id int, name text, price numeric DEFAULT 5);
  INSERT INTO item SELECT i, 'item ' || i FROM generate_series(1, 100) AS i;
  CREATE TABLE other AS SELECT 1 AS id, 'x'::varchar(10) AS name;
  CREATE SEQUENCE numbers;
  SELECT setval('numbers', 17) \\gset
  CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
  CREATE VIEW names AS SELECT name FROM item;
  CREATE TYPE mood AS ENUM ('sad', 'ok');
  SELECT lo_from_bytea(4711, 'large') \\gset
  ANALYZE;`;

const WIDE =
  'CREATE TABLE wide AS SELECT i AS id, repeat(md5(i::text), 100) AS text FROM generate_series(1, 2000) AS i';

for (const major of [15, 18]) {
  describe(`a fingerprint under the snapshot of the dump, on server ${major}`, {
    skip: missing(`postgres-server-${major}`, `postgres-client-${major}`),
  }, () => {
    let server: PostgresServer;
    let databases = 0;
    before(async () => {
      server = await startPostgres({ major, settings: { deadlock_timeout: '100ms' } });
    });
    after(() => server.stop());

    test('does not see what others write meanwhile, and neither does the dump', async (t) => {
      const database = await create();
      const { archive, fingerprint } = await dumpWithFingerprint(t, server, database, {
        beforeDump: () => write(database),
        afterDump: () => write(database),
      });
      assert.equal(fingerprint.status, 'complete', fingerprint.detail);
      assert.deepEqual(rowsOf(fingerprint), { big: 5000, item: 100, other: 1 });
      await assertRestores(archive, fingerprint);
      assert.deepEqual(differencesOf(fingerprint, await measure(server, database)), [
        'content: large objects',
        'content: table public.other',
        'definition: function public.f()',
        'definition: view public.names',
        'rows: table public.big',
        'rows: table public.item',
        'sequence: sequence public.numbers',
        'unexpected: index public.came_pkey',
        'unexpected: table constraint came_pkey on public.came',
        'unexpected: table public.came',
        'unexpected: table public.came2',
      ]);
    });

    test('does not see what others write while pg_dump waits for a lock', async (t) => {
      const database = await create();
      const holder = await holdTransaction(t, server, database, 'LOCK TABLE other');
      const { archive, fingerprint } = await dumpWithFingerprint(t, server, database, {
        beforeDump: async () => {
          void untilOne(
            server,
            `SELECT FROM pg_stat_activity WHERE application_name = 'pg_dump' AND wait_event_type = 'Lock'`,
          )
            .then(() =>
              server.psql('DELETE FROM big WHERE id > 10; INSERT INTO item VALUES (0)', { database }),
            )
            .then(() => holder.end());
        },
      });
      assert.equal(fingerprint.status, 'complete', fingerprint.detail);
      assert.deepEqual(rowsOf(fingerprint), { big: 5000, item: 100, other: 1 });
      await assertRestores(archive, fingerprint);
    });

    test('does not tell the rows of tables that were rewritten when pg_dump had ended', async (t) => {
      const changes = [
        'TRUNCATE #',
        'TRUNCATE #; INSERT INTO # SELECT i FROM generate_series(1, 100) AS i',
        'ALTER TABLE # ALTER COLUMN id TYPE bigint',
        'VACUUM FULL #',
      ];
      const { archive, fingerprint } = await dumpBeforeChanges(t, changes);
      assert.deepEqual(
        [fingerprint.status, fingerprint.reason],
        ['partial', 'rewritten'],
        fingerprint.detail,
      );
      assert.deepEqual(statesOf(fingerprint, changes), Array(changes.length).fill('notReached'));
      assert.deepEqual(rowsOf(fingerprint), { big: 5000, item: 100, other: 1 });
      assert.ok(fingerprint.inventory);
      await assertRestores(archive, fingerprint);
    });

    test('tells neither rows nor the inventory where tables and columns were dropped or renamed when pg_dump had ended', async (t) => {
      const changes = [
        'ALTER TABLE # RENAME TO renamed',
        'ALTER TABLE # RENAME name TO title',
        'ALTER TABLE # DROP COLUMN name CASCADE',
        'ALTER TABLE # DROP COLUMN price; ALTER TABLE # ADD COLUMN price numeric DEFAULT 5',
        'DROP TABLE # CASCADE',
        'DROP TABLE # CASCADE; CREATE TABLE # AS SELECT i AS id FROM generate_series(1, 100) AS i',
        'CREATE SCHEMA away; ALTER TABLE # SET SCHEMA away',
      ];
      const { archive, fingerprint } = await dumpBeforeChanges(t, changes);
      assert.deepEqual(
        [fingerprint.status, fingerprint.reason],
        ['partial', 'rewritten'],
        fingerprint.detail,
      );
      assert.deepEqual(statesOf(fingerprint, changes), Array(changes.length).fill('notReached'));
      assert.deepEqual(rowsOf(fingerprint), { big: 5000, item: 100, other: 1 });
      assert.equal(fingerprint.inventory, null);
      await assertRestores(archive, fingerprint);
    });

    test('is as whole as the dump whatever else comes when pg_dump has ended', async (t) => {
      const changes = [
        'ALTER TABLE # ADD COLUMN more int DEFAULT 7',
        'ALTER TABLE # ALTER COLUMN short TYPE text',
        'ALTER TABLE # ALTER COLUMN price SET DEFAULT 6; CREATE INDEX ON # (id)',
        `COMMENT ON TABLE # IS 'x'; GRANT SELECT ON # TO PUBLIC; ALTER TABLE # ADD CHECK (id > 0)`,
        'DELETE FROM #; VACUUM #; ANALYZE #',
        'UPDATE # SET id = id + 1',
        `CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2'`,
        `CREATE OR REPLACE VIEW names AS SELECT name || 'x' AS name FROM item`,
        'ALTER SEQUENCE numbers RESTART',
        'CREATE TABLE more (id int PRIMARY KEY)',
      ];
      const { archive, fingerprint } = await dumpBeforeChanges(t, changes);
      assert.equal(fingerprint.status, 'complete', fingerprint.detail);
      const counted = Object.fromEntries(changes.map((_change, index) => [`t${index}`, 100]));
      assert.deepEqual(rowsOf(fingerprint), { big: 5000, item: 100, other: 1, ...counted });
      await assertRestores(archive, fingerprint);
    });

    test('waits behind whoever waits for pg_dump, and does not take what he leaves for the rows of the snapshot', async (t) => {
      const database = await create();
      // More than all the buffers between pg_dump and us can hold.
      await server.psql(WIDE, { database });
      const session = sessionTo(server, database);
      t.after(() => session.close());
      const taking = await startFingerprint({
        ...{ session, level: 'content', leftOut: [], timeoutMilliseconds: 60_000 },
        clock: () => new Date(),
      });
      // It stands still, with all its locks, for as long as nobody reads on.
      const pgDump = startDump(server, database, `--snapshot=${taking.snapshot}`, '--compress=0');
      const toc = await readTocOfPipe(pgDump);
      const changing = server.psql('TRUNCATE item; ALTER TABLE other ADD COLUMN more int DEFAULT 1', {
        database,
      });
      const waiting = `FROM pg_stat_activity WHERE datname = '${database}' AND wait_event_type = 'Lock'`;
      await untilOne(server, `SELECT ${waiting} AND query LIKE 'TRUNCATE%'`);
      taking.begin(toc);
      await untilOne(server, `SELECT ${waiting} AND application_name = 'fingerprint test'`);
      pgDump.resume();
      await changing;
      const fingerprint = asFingerprint(await taking.taken);
      assert.deepEqual(
        [fingerprint.status, fingerprint.reason],
        ['partial', 'rewritten'],
        fingerprint.detail,
      );
      assert.deepEqual(rowsOf(fingerprint), { big: 5000, other: 1, wide: 2000 });
      assert.ok(fingerprint.inventory);
    });

    test('tells no inventory where an object was dropped before it was looked at', async (t) => {
      const database = await create();
      const { archive, fingerprint } = await dumpWithFingerprint(t, server, database, {
        afterDump: async () => void (await server.psql('DROP FUNCTION f()', { database })),
      });
      assert.deepEqual(
        [fingerprint.status, fingerprint.reason],
        ['partial', 'rewritten'],
        fingerprint.detail,
      );
      assert.equal(fingerprint.inventory, null);
      assert.deepEqual(rowsOf(fingerprint), { big: 5000, item: 100, other: 1 });
      await assertRestores(archive, fingerprint);
    });

    test('ends with its time, and tells what it reached', async (t) => {
      const database = await create();
      const { archive, fingerprint } = await dumpWithFingerprint(t, server, database, {
        timeoutMilliseconds: 8000,
        afterDump: async () => void (await holdTransaction(t, server, database, 'LOCK TABLE big')),
      });
      const { status, reason, detail, durationSeconds, largeObjects } = fingerprint;
      assert.deepEqual([status, reason, detail], ['partial', 'time', undefined]);
      assert.ok(durationSeconds >= 8 && durationSeconds < 60, String(durationSeconds));
      assert.deepEqual(rowsOf(fingerprint), { item: 100, other: 1 });
      assert.deepEqual(largeObjects, { state: 'notReached' });
      await assertRestores(archive, fingerprint);
    });

    test('is over at once where there is no time at all, and knows the sequences of the dump', async (t) => {
      const database = await create();
      const { fingerprint } = await dumpWithFingerprint(t, server, database, { timeoutMilliseconds: 0 });
      assert.deepEqual([fingerprint.status, fingerprint.reason], ['partial', 'time']);
      assert.deepEqual([fingerprint.database, fingerprint.tables, fingerprint.inventory], [null, null, null]);
      const numbers = { schema: 'public', name: 'numbers', lastValue: '17', isCalled: true };
      assert.deepEqual(fingerprint.sequences, [numbers]);
    });

    test('keeps what it has where its session is killed, and says so', async (t) => {
      const database = await create();
      const { archive, fingerprint } = await dumpWithFingerprint(t, server, database, {
        afterDump: async () => {
          await holdTransaction(t, server, database, 'LOCK TABLE big');
          const waiting = `FROM pg_stat_activity WHERE application_name = 'fingerprint test' AND wait_event_type = 'Lock'`;
          void untilOne(server, `SELECT ${waiting}`).then(() =>
            server.psql(`SELECT pg_terminate_backend(pid) ${waiting}`),
          );
        },
      });
      assert.deepEqual([fingerprint.status, fingerprint.reason], ['partial', 'failed']);
      assert.match(fingerprint.detail ?? '', /lost/);
      assert.deepEqual(rowsOf(fingerprint), { item: 100, other: 1 });
      await assertRestores(archive, fingerprint);
    });

    test('makes no deadlock with somebody who locks one table after the other', async (t) => {
      const database = await create();
      const { fingerprint } = await dumpWithFingerprint(t, server, database, {
        afterDump: async () => {
          const holder = await holdTransaction(t, server, database, 'LOCK TABLE big');
          void untilOne(
            server,
            `SELECT FROM pg_stat_activity WHERE application_name = 'fingerprint test' AND wait_event_type = 'Lock'`,
          )
            .then(() => holder.run('LOCK TABLE other, item'))
            .then(() => holder.end());
        },
      });
      assert.equal(fingerprint.status, 'complete', fingerprint.detail);
    });

    /** `#` is a table of its own for each change. */
    async function dumpBeforeChanges(t: TestContext, changes: readonly string[]) {
      const database = await create();
      const tables = changes.map(
        (_change, index) => `CREATE TABLE t${index} AS SELECT *, 'x'::varchar(10) AS short FROM item;`,
      );
      await server.psql(tables.join('\n'), { database });
      return dumpWithFingerprint(t, server, database, {
        async afterDump() {
          const statements = changes.map((change, index) => change.replaceAll('#', `t${index}`));
          await server.psql(statements.join(';\n'), { database });
        },
      });
    }

    async function create(): Promise<string> {
      databases += 1;
      const database = `taken ${databases}`;
      await server.createDatabase(database);
      await server.psql(TABLES, { database });
      return database;
    }

    /** What a busy application does, and more. */
    async function write(database: string): Promise<void> {
      await server.psql(
        `INSERT INTO item SELECT i FROM generate_series(1, 50) AS i; DELETE FROM big WHERE id % 2 = 0;
         UPDATE other SET name = name || 'y'; SELECT nextval('numbers') \\gset
         SELECT lo_put(4711, 0, 'X') \\gset
         CREATE TABLE IF NOT EXISTS came (id int PRIMARY KEY); CREATE TABLE gone (); DROP TABLE gone;
         CREATE TABLE IF NOT EXISTS came2 AS SELECT 1;
         CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2';
         CREATE OR REPLACE VIEW names AS SELECT 'x' || name AS name FROM item;`,
        { database },
      );
    }

    async function assertRestores(archive: string, fingerprint: Fingerprint): Promise<void> {
      databases += 1;
      await restore(server, archive, `restored ${databases}`);
      assert.deepEqual(differencesOf(fingerprint, await measure(server, `restored ${databases}`)), []);
    }
  });
}

/** The numbers of rows that were counted, by the names of the tables. */
function rowsOf({ tables }: Fingerprint): Record<string, number> {
  return Object.fromEntries(
    (tables ?? []).flatMap(({ name, rows }) => (rows === undefined ? [] : [[name, rows]])),
  );
}

function statesOf({ tables }: Fingerprint, changes: readonly string[]): (string | undefined)[] {
  return changes.map((_change, index) => tables?.find(({ name }) => name === `t${index}`)?.state);
}
