import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { missingRights } from '../../src/postgres/permissions.ts';
import { checkRights } from '../../src/postgres/rights-check.ts';
import { openSession, type Session } from '../../src/postgres/session.ts';
import { missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { clientFor } from '../integration/client-program.ts';

const EXTENSION = 'CREATE EXTENSION pg_stat_statements; ALTER EXTENSION pg_stat_statements';

/** What the administrator makes, and what pg_dump then misses as the user "R o" who may connect and no more. */
const CASES: readonly (readonly [what: string, sql: string, ...objects: string[]])[] = [
  ['a table', 'CREATE TABLE t (a int)', 'table public.t'],
  [
    'a table of which a column is granted',
    'CREATE TABLE t (a int); GRANT SELECT (a) ON t TO "R o"',
    'table public.t',
  ],
  ['an unlogged table', 'CREATE UNLOGGED TABLE t (a int)', 'table public.t'],
  [
    'a schema with a table',
    'CREATE SCHEMA s; CREATE TABLE s.t (a int); GRANT SELECT ON s.t TO "R o"',
    'schema s',
  ],
  ['a partitioned table', 'CREATE TABLE p (a int) PARTITION BY LIST (a)', 'table public.p'],
  [
    'a partition',
    'CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p DEFAULT; GRANT SELECT ON p TO "R o"',
    'table public.p1',
  ],
  ['a sequence', 'CREATE SEQUENCE q; GRANT USAGE ON q TO "R o"', 'sequence public.q'],
  [
    'an identity column',
    'CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY); GRANT SELECT ON t TO "R o"',
    'sequence public.t_a_seq',
  ],
  ['a large object', `SELECT lo_from_bytea(4711, 'x')`, 'large object 4711'],
  [
    'rows that a policy hides',
    'CREATE TABLE t (a int); GRANT SELECT ON t TO "R o"; ALTER TABLE t ENABLE ROW LEVEL SECURITY',
    'table public.t (row-level security)',
  ],
  [
    'what an extension keeps as its configuration',
    `CREATE TABLE c (a int); ${EXTENSION} ADD TABLE c;
     UPDATE pg_extension SET extconfig = ARRAY['c'::regclass], extcondition = '{""}' WHERE extname = 'pg_stat_statements'`,
    'table public.c',
  ],
  [
    'what an extension keeps otherwise',
    `CREATE TABLE c (a serial); ${EXTENSION} ADD TABLE c; ALTER EXTENSION pg_stat_statements ADD SEQUENCE c_a_seq`,
  ],
  [
    'a schema without tables',
    `CREATE SCHEMA s; CREATE VIEW s.v AS SELECT 1 AS a; CREATE TYPE s.e AS ENUM ('a')`,
  ],
  ['a function', `CREATE SCHEMA s; CREATE FUNCTION s.f() RETURNS int LANGUAGE sql AS 'SELECT 1'`],
  ['a materialized view', 'CREATE MATERIALIZED VIEW m AS SELECT 1 AS a'],
  [
    'a policy on a partitioned table, which holds no rows',
    'CREATE TABLE p (a int) PARTITION BY LIST (a); GRANT SELECT ON p TO "R o"; ALTER TABLE p ENABLE ROW LEVEL SECURITY',
  ],
  [
    'a foreign table',
    'CREATE EXTENSION postgres_fdw; CREATE SCHEMA s; CREATE SERVER x FOREIGN DATA WRAPPER postgres_fdw; CREATE FOREIGN TABLE s.f (a int) SERVER x',
  ],
  ['a publication', 'CREATE PUBLICATION p FOR ALL TABLES'],
  [
    'large objects that are open to everybody',
    `SELECT lo_from_bytea(1, 'x'); ALTER ROLE "R o" SET lo_compat_privileges = on`,
  ],
  [
    'much that pg_read_all_data covers',
    'CREATE SCHEMA s; CREATE TABLE s.t (a serial); GRANT pg_read_all_data TO "R o"',
  ],
];

for (const major of [14, 15, 18]) {
  describe(`the missing rights on PostgreSQL ${major}`, {
    skip: missing(`postgres-server-${major}`, 'postgres-client'),
    concurrency: 2,
  }, () => {
    let server: PostgresServer;
    before(async () => {
      server = await startPostgres({ major });
    });
    after(() => server.stop());

    for (const [index, [what, sql, ...objects]] of CASES.entries()) {
      test(`are just what pg_dump fails by: ${what}`, async (t) => {
        // Roles belong to the whole server, and others must not be given what this one is.
        const role = `R ${index}`;
        const database = `db ${index}`;
        await server.createDatabase(database);
        await server.psql(`CREATE ROLE "${role}" LOGIN PASSWORD 'p'`);
        await server.psql(sql.replaceAll('R o', role), { database });
        const session = sessionOf(t, server, { role, database });
        const found = await missingRights(session);
        await session.close();
        assert.deepEqual(
          found.map(({ object }) => object),
          objects,
        );
        assert.equal(await dumps(t, server, { role, database }), objects.length === 0);
        for (const { remedy } of found) await server.psql(remedy, { database });
        assert.equal(await dumps(t, server, { role, database }), true);
      });
    }
  });
}

describe('the remedies for many rights at once', {
  skip: missing('postgres-server-15', 'postgres-client-15'),
}, () => {
  test('mend what they say, as they are printed', async (t) => {
    const server = await startPostgres();
    t.after(() => server.stop());
    const [role, database] = [`it's $$ "all"`, 'many'];
    const quoted = `"${role.replaceAll('"', '""')}"`;
    await server.createDatabase(database);
    await server.psql(`CREATE ROLE ${quoted} LOGIN PASSWORD 'p'`);
    await server.psql(
      `CREATE SCHEMA s;
       SELECT format('CREATE TABLE s.t%s (a int)', n) FROM generate_series(1, 30) AS n \\gexec
       CREATE TABLE hidden (a int); ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
       SELECT lo_from_bytea(0, 'x') FROM generate_series(1, 3);`,
      { database },
    );
    const look = async () => {
      const session = sessionOf(t, server, { role, database });
      const checks = await checkRights(session, { user: role, major: 15, leavesOut: [] });
      await session.close();
      return checks;
    };
    const [summary, ...named] = await look();
    // 30 tables, their schema, one more table, its rows, three large objects.
    assert.match(summary?.text.en ?? '', /lacks 36 rights, of which 20 stand below/);
    assert.equal(named.length, 20);
    assert.equal(await dumps(t, server, { role, database }), false);
    await server.psql(String(summary?.remedy), { database });
    assert.deepEqual(
      (await look()).map(({ state }) => state),
      ['good'],
    );
    assert.equal(await dumps(t, server, { role, database }), true);
  });

  test('are only warnings where the dump may leave it out', async (t) => {
    const server = await startPostgres();
    t.after(() => server.stop());
    await server.psql(
      `CREATE TABLE t (a int); SELECT lo_from_bytea(1, 'x'); CREATE ROLE r LOGIN PASSWORD 'p'`,
    );
    const session = sessionOf(t, server, { role: 'r', database: 'postgres' });
    const states = async (...leavesOut: string[]) =>
      (await checkRights(session, { user: 'r', major: 15, leavesOut })).map(({ state }) => state);
    assert.deepEqual(await states(), ['bad', 'bad', 'bad']);
    assert.deepEqual(await states('--exclude-table=t'), ['warning', 'warning', 'warning']);
    assert.deepEqual(await states('--no-large-objects'), ['bad']);
    assert.deepEqual(await states('-B', '-T=t'), ['warning']);
  });

  test('tell what only a superuser’s dump has', async (t) => {
    const server = await startPostgres();
    t.after(() => server.stop());
    await server.psql(
      `CREATE ROLE r LOGIN PASSWORD 'p'; GRANT pg_read_all_data TO r;
       CREATE SUBSCRIPTION feed CONNECTION 'dbname=x' PUBLICATION p WITH (connect = false, slot_name = NONE, enabled = false);
       CREATE EXTENSION postgres_fdw; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw; GRANT USAGE ON FOREIGN SERVER far TO r;
       CREATE USER MAPPING FOR postgres SERVER far OPTIONS (user 'x', password 'hidden');
       CREATE USER MAPPING FOR r SERVER far OPTIONS (user 'x', password 'own');`,
    );
    const session = sessionOf(t, server, { role: 'r', database: 'postgres' });
    const checks = await checkRights(session, { user: 'r', major: 15, leavesOut: [] });
    assert.deepEqual(
      checks.map(({ id, state }) => [id, state]),
      [
        ['rights', 'good'],
        ['omissions', 'warning'],
        ['omissions', 'warning'],
      ],
    );
    assert.match(checks[1]?.text.en ?? '', /subscriptions .*: feed$/);
    assert.match(checks[2]?.text.en ?? '', /user mappings .*: postgres on far$/);
    // It is as it says: what the dump of this user has of the mappings.
    const dump = await plainDump(server, { role: 'r', database: 'postgres' });
    assert.doesNotMatch(dump, /hidden|CREATE SUBSCRIPTION/);
    assert.match(dump, /own/);
  });
});

interface Login {
  readonly role: string;
  readonly database: string;
}

function sessionOf(t: TestContext, server: PostgresServer, { role, database }: Login): Session {
  const session = openSession({
    psql: join(clientFor(server.major).directory, 'psql'),
    target: { host: server.host, port: server.port, user: role, database },
    environment: { PATH: process.env['PATH'] ?? '', PGPASSWORD: 'p', LC_ALL: 'C' },
    applicationName: 'test',
    signal: t.signal,
  });
  t.after(() => session.close());
  return session;
}

async function dumps(t: TestContext, server: PostgresServer, login: Login): Promise<boolean> {
  try {
    await pgDump(server, login, ['--format=custom', `--file=${join(temporaryDirectory(t), 'dump')}`]);
    return true;
  } catch {
    return false;
  }
}

async function plainDump(server: PostgresServer, login: Login): Promise<string> {
  return pgDump(server, login, ['--format=plain']);
}

async function pgDump(server: PostgresServer, { role, database }: Login, args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(
    join(clientFor(server.major).directory, 'pg_dump'),
    [...args, '-h', server.host, '-p', String(server.port), '-U', role, database],
    { env: { PATH: process.env['PATH'], PGPASSWORD: 'p', LC_ALL: 'C' } },
  );
  return stdout;
}
