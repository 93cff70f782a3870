import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { missing } from '../harness/parts.ts';
import { startPostgres } from '../harness/postgres-server.ts';
import { dumpWithFingerprint, measure, sessionTo } from './fingerprint-of.ts';

const TABLES = 3000;
/** More than the server of the second test can lock. */
const WITHOUT_ROOM = 1200;
const MOST_SECONDS = 60;
const MOST_LOCKED_TABLES = 50;

describe('a database of many objects', { skip: missing('postgres-server-17', 'postgres-client-17') }, () => {
  test('is measured in a bounded time, and few of its tables are locked at a time', async (t) => {
    const server = await startPostgres({ major: 17 });
    t.after(() => server.stop());
    await server.createDatabase('many');
    await server.psql(
      `DO $$ BEGIN
         FOR i IN 1..${TABLES} LOOP
           EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, name text DEFAULT ''x''); INSERT INTO t%1$s VALUES (%1$s)', i);
           IF i % 10 = 0 THEN EXECUTE format('CREATE VIEW v%s AS SELECT a.id FROM t%1$s a JOIN t%2$s b USING (id)', i, i - 1); END IF;
           IF i % 100 = 0 THEN COMMIT; END IF;
         END LOOP;
       END $$`,
      { database: 'many' },
    );
    const watcher = sessionTo(server, 'many');
    t.after(() => watcher.close());
    let mostLocked = 0;
    let looks = 0;
    const ending = new AbortController();
    const watch = async (): Promise<void> => {
      while (!ending.signal.aborted) {
        const [row] = await watcher.query(LOCKED_TABLES);
        mostLocked = Math.max(mostLocked, Number(row?.['locked']));
        looks += 1;
        await setTimeout(0);
      }
    };
    let watching = Promise.resolve();
    const { fingerprint } = await dumpWithFingerprint(t, server, 'many', {
      afterDump: async () => {
        watching = watch();
      },
    });
    ending.abort();
    await watching;
    assert.equal(fingerprint.status, 'complete', fingerprint.detail);
    assert.ok(fingerprint.durationSeconds < MOST_SECONDS, String(fingerprint.durationSeconds));
    assert.equal(fingerprint.tables?.filter(({ rows }) => rows === 1).length, TABLES);
    assert.ok(
      looks > 20 && mostLocked > 0 && mostLocked <= MOST_LOCKED_TABLES,
      `${mostLocked} in ${looks} looks`,
    );
  });

  test('is measured on a server that has room for few locks', async (t) => {
    const settings = { max_locks_per_transaction: '10', max_connections: '8' };
    const server = await startPostgres({ major: 17, settings });
    t.after(() => server.stop());
    await server.createDatabase('many');
    await server.psql(
      `DO $$ BEGIN
         FOR i IN 1..${WITHOUT_ROOM} LOOP
           EXECUTE format('CREATE TABLE t%s (id serial PRIMARY KEY); INSERT INTO t%1$s DEFAULT VALUES', i);
           IF i > 1 THEN EXECUTE format('CREATE VIEW v%s AS SELECT a.id FROM t%1$s a JOIN t%2$s b USING (id)', i, i - 1); END IF;
           COMMIT;
         END LOOP;
       END $$`,
      { database: 'many' },
    );
    const all = `SELECT format('TABLE t%s', i) FROM generate_series(1, ${WITHOUT_ROOM}) AS i \\gexec`;
    await assert.rejects(server.psql(`BEGIN;\n${all}`, { database: 'many' }), /out of shared memory/);
    const found = await measure(server, 'many');
    const counted = found.tables.filter(({ state, rows }) => state === 'counted' && rows === 1);
    assert.equal(counted.length, WITHOUT_ROOM);
    assert.equal(found.sequences.filter(({ isCalled }) => isCalled).length, WITHOUT_ROOM);
    assert.equal(found.inventory.filter(({ kind }) => kind === 'view').length, WITHOUT_ROOM - 1);
  });
});

const LOCKED_TABLES = `
  SELECT count(DISTINCT relation) AS locked FROM pg_locks JOIN pg_stat_activity USING (pid) JOIN pg_class c ON c.oid = relation
   WHERE application_name = 'fingerprint test' AND pid <> pg_backend_pid() AND relkind = 'r' AND c.oid >= 16384`;
