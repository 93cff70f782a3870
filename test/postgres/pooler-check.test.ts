import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { tryLock } from '../../src/postgres/advisory-lock.ts';
import { sharesServerProcesses } from '../../src/postgres/pooler-check.ts';
import { withSecondSession } from '../../src/postgres/second-session.ts';
import { openSession, type Session } from '../../src/postgres/session.ts';
import { missing } from '../harness/parts.ts';
import { startPgbouncer } from '../harness/pgbouncer.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { clientFor } from '../integration/client-program.ts';

const skip = missing('postgres-server-15', 'postgres-client-15');
const withoutPooler = missing('pgbouncer');

describe('a second session', { skip }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server.stop());

  const open = (t: TestContext, port: number, signal = t.signal): Session => {
    const { host, user, password } = server;
    const session = openSession({
      psql: join(clientFor(15).directory, 'psql'),
      target: { host, port, user, database: 'postgres' },
      environment: { PATH: process.env['PATH'] ?? '', PGPASSWORD: password, LC_ALL: 'C' },
      applicationName: 'test',
      signal,
    });
    t.after(() => session.close());
    return session;
  };
  const shares = (t: TestContext, port: number): Promise<boolean | undefined> => {
    const session = open(t, port);
    return withSecondSession(
      session,
      (signal) => open(t, port, signal),
      t.signal,
      (second) => sharesServerProcesses(session, second),
    );
  };

  test('is another one at a server itself, and has left it afterwards', async (t) => {
    assert.equal(await shares(t, server.port), false);
    const others = `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'test'`;
    const session = open(t, server.port);
    // It is connected, and counted, from before the second one.
    await session.query('SELECT 1 AS one');
    let seen = '';
    await withSecondSession(
      session,
      (signal) => open(t, server.port, signal),
      t.signal,
      async () => {
        seen = await server.psql(others);
      },
    );
    assert.ok(Number(seen) >= 2, seen);
    assert.ok(Number(await server.psql(others)) < Number(seen));
  });

  test('is another one through a pooler in session mode', { skip: withoutPooler }, async (t) => {
    assert.equal(await shares(t, await startPgbouncer(t, server, { pool_mode: 'session' })), false);
  });

  for (const [what, settings] of [
    ['a pooler in transaction mode', {}],
    ['one with a single server connection', { default_pool_size: 1 }],
  ] as const) {
    test(`is found out to be the same through ${what}`, { skip: withoutPooler }, async (t) => {
      const port = await startPgbouncer(t, server, { pool_mode: 'transaction', ...settings });
      assert.equal(await shares(t, port), true);
    });
  }

  for (const connections of [3, 12]) {
    test(`is found out to be the same where ${connections} server connections take turns`, {
      skip: withoutPooler,
    }, async (t) => {
      const port = await startPgbouncer(t, server, { pool_mode: 'transaction', server_round_robin: 1 });
      const crowd = Array.from({ length: connections }, () => open(t, port));
      for (const session of crowd) await session.execute('BEGIN');
      for (const session of crowd) await session.execute('COMMIT');
      assert.equal(await shares(t, port), true);
    });
  }

  test('has left its place when it is over', async (t) => {
    const [session, watcher] = [open(t, server.port), open(t, server.port)];
    const pid = await withSecondSession(
      session,
      (signal) => open(t, server.port, signal),
      t.signal,
      async (second) => {
        // What it drops when it ends makes it leave slowly.
        const create = `EXECUTE format('CREATE TEMP TABLE t%s ()', n)`;
        await second.execute(`DO $$ BEGIN FOR n IN 1..100 LOOP ${create}; END LOOP; END $$`);
        return (await second.query('SELECT pg_backend_pid() AS pid'))[0]?.['pid'];
      },
    );
    const left = await watcher.query(`SELECT FROM pg_stat_activity WHERE pid = ${Number(pid)}`);
    assert.deepEqual(left, []);
  });

  test('has the lock of the first one through a pooler in transaction mode', {
    skip: withoutPooler,
  }, async (t) => {
    const port = await startPgbouncer(t, server, { pool_mode: 'transaction' });
    const [first, second] = [open(t, port), open(t, port)];
    assert.deepEqual([await tryLock(first), await tryLock(second)], [undefined, undefined]);
    const [own, other] = [open(t, server.port), open(t, server.port)];
    await server.psql(`SELECT pg_terminate_backend(pid, 20000) FROM pg_locks WHERE locktype = 'advisory'`);
    assert.equal(await tryLock(own), undefined);
    assert.notEqual(await tryLock(other), undefined);
  });

  test('that is not let in is none, and ends nothing', async (t) => {
    const session = open(t, server.port);
    const closed = (signal: AbortSignal): Session => open(t, 1, signal);
    assert.equal(await withSecondSession(session, closed, t.signal, async () => true), undefined);
    const failing = withSecondSession(
      session,
      (signal) => open(t, server.port, signal),
      t.signal,
      (second) => second.query('SELECT 1 / 0 AS no'),
    );
    assert.equal(await failing, undefined);
    assert.deepEqual(await session.query('SELECT 1 AS yes'), [{ yes: 1 }]);
  });
});
