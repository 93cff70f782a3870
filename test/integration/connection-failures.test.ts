import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createWriteStream, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { assertFailed } from './assert-failed.ts';
import { untilConnected } from './connected.ts';
import { type Installation, install } from './installation.ts';
import { until } from './until.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15');

describe('the way to the database', { skip, concurrency: 2 }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
    await server.createDatabase('shop');
  });
  after(() => server.stop());

  test('with a wrong password', async (t) => {
    const here = install(t, server, 'shop', { PGPASSWORD: 'wrong-p4ss' });
    const result = await here.run(['backup']);
    assertFailed(
      here,
      result,
      5,
      /^PostgreSQL on 127\.0\.0\.1:\d+ refused the user "postgres": .*password authentication failed/,
    );
    assert.match(here.newest().report.errorMessage, /Check PG_USER and PGPASSWORD/);
    assert.equal(here.newest().record.error?.code, 'AUTHENTICATION_FAILED');
  });

  test('without any password', async (t) => {
    const here = install(t, server, 'shop', { PGPASSWORD: '' });
    assertFailed(here, await here.run(['backup']), 5, /no password supplied/);
  });

  test('with the password of ~/.pgpass, which stays as it is', async (t) => {
    const here = install(t, server, 'shop', { PGPASSWORD: '' });
    const passfile = join(here.directory, 'home', '.pgpass');
    writeFileSync(passfile, `*:*:*:*:${server.password}\n`, { mode: 0o600 });
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 0, stderr);
  });

  test('where nobody listens', async (t) => {
    const here = install(t, server, 'shop', { PG_PORT: '1' });
    assertFailed(
      here,
      await here.run(['backup']),
      4,
      /^Cannot connect to the database "shop" on 127\.0\.0\.1:1: .*Connection refused/,
    );
    assert.match(here.newest().report.errorMessage, /Check PG_HOST and PG_PORT/);
  });

  test('to a host that has no address', async (t) => {
    const here = install(t, server, 'shop', { PG_HOST: 'no-such-host.invalid' });
    assertFailed(here, await here.run(['backup']), 4, /could not translate host name/);
  });

  test('to a database that does not exist', async (t) => {
    const here = install(t, server, 'shop "two"');
    assertFailed(here, await here.run(['backup']), 4, /^The database "shop "two"" does not exist on 127/);
  });

  test('to a server that takes no more connections', async (t) => {
    const small = await startPostgres({
      settings: { max_connections: '1', superuser_reserved_connections: '0', max_wal_senders: '0' },
    });
    t.after(() => small.stop());
    const here = install(t, small, 'postgres');
    // The run itself needs two: one that holds the lock, and pg_dump's.
    assertFailed(here, await here.run(['backup']), 4, /too many clients|connection slots/);
  });

  test('that ends because the server is killed in the middle of the dump', async (t) => {
    const doomed = await startPostgres();
    t.after(() => doomed.stop());
    await doomed.createDatabase('shop');
    // A table whose rows come from a pipe: pg_dump has read some, and waits for more.
    const pipe = join(doomed.socketDirectory, 'rows');
    execFileSync('mkfifo', [pipe]);
    await doomed.psql(
      `CREATE EXTENSION file_fdw; CREATE SERVER pipes FOREIGN DATA WRAPPER file_fdw;
       CREATE FOREIGN TABLE item (line text) SERVER pipes OPTIONS (filename '${pipe}');`,
      { database: 'shop' },
    );
    const here = install(t, doomed, 'shop', {
      PG_DUMP_EXTRA_OPTS: '--include-foreign-data=pipes',
      // What is compressed here comes in larger pieces.
      BACKUP_COMPRESS_THREADS: '0',
    });
    const running = here.start(['backup']);
    await running.waitForOutput(/"preflight: done/);
    const rows = createWriteStream(pipe).on('error', () => {});
    t.after(() => rows.destroy());
    rows.write(manyDifferentLines());
    await until(() => partialSizeBytes(here) > 100_000, true);
    await doomed.killNow();

    assertFailed(here, await running.finished, 4, /^The connection to 127\.0\.0\.1:\d+ was lost: /);
    assert.match(here.newest().report.errorMessage, /See the PostgreSQL log/);
    assert.equal(here.newest().record.error?.stage, 'dump');
  });

  test('that an administrator ends in the middle of the dump', async (t) => {
    await server.createDatabase('locked');
    await server.psql('CREATE TABLE item (id int)', { database: 'locked' });
    // pg_dump waits for the lock on the table.
    const holder = Promise.allSettled([
      server.psql('BEGIN; LOCK TABLE item; SELECT pg_sleep(600);', { database: 'locked' }),
    ]);
    t.after(async () => {
      await server.psql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'locked'`);
      await holder;
    });
    await untilConnected(server, `datname = 'locked' AND wait_event = 'PgSleep'`, 1);
    const here = install(t, server, 'locked');
    const result = here.run(['backup']);
    const isWaitingDump = `datname = 'locked' AND query LIKE 'LOCK TABLE public.%' AND wait_event_type = 'Lock'`;
    await untilConnected(server, isWaitingDump, 1);
    await server.psql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${isWaitingDump}`);
    assertFailed(here, await result, 4, /was lost: .*terminating connection due to administrator command/);
  });
});

function partialSizeBytes({ leftovers, data }: Installation): number {
  const name = leftovers().find((left) => left.endsWith('.dump.partial'));
  return name === undefined ? 0 : (statSync(join(data, name), { throwIfNoEntry: false })?.size ?? 0);
}

function manyDifferentLines(): string {
  return Array.from({ length: 60_000 }, () => `${Math.random()}\n`).join('');
}
