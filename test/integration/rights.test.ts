import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { type Env, type Installation, install } from './installation.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15');

describe('a backup user', { skip, concurrency: 2 }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server.stop());

  for (const [what, role, sql, object, remedy] of [
    [
      'without SELECT on one table',
      'no_table',
      'CREATE TABLE "Secret Items" (id int); REVOKE ALL ON "Secret Items" FROM no_table;',
      'table public."Secret Items"',
      'GRANT SELECT ON public."Secret Items" TO no_table;',
    ],
    [
      'without SELECT on a sequence, and with a name in capitals',
      'No Sequence',
      'CREATE SEQUENCE counter; REVOKE ALL ON counter FROM "No Sequence";',
      'sequence public.counter',
      'GRANT SELECT ON SEQUENCE public.counter TO "No Sequence";',
    ],
    [
      'without USAGE on a schema',
      'no_schema',
      'CREATE SCHEMA inner_life; CREATE TABLE inner_life.item (id int); GRANT SELECT ON inner_life.item TO no_schema;',
      'schema inner_life',
      'GRANT USAGE ON SCHEMA inner_life TO no_schema;',
    ],
    [
      'without SELECT on a large object',
      'no_large_object',
      `SELECT lo_from_bytea(4711, 'x');`,
      'large object 4711',
      'GRANT SELECT ON LARGE OBJECT 4711 TO no_large_object;',
    ],
    [
      'that row-level security hides rows from',
      'no_rows',
      'CREATE TABLE mail (owner name); ALTER TABLE mail ENABLE ROW LEVEL SECURITY; GRANT SELECT ON mail TO no_rows;',
      'table public.mail (row-level security)',
      'ALTER ROLE no_rows BYPASSRLS;',
    ],
  ] as const) {
    test(`${what} is told the statement that helps`, async (t) => {
      const here = await installFor(t, role, sql, { INCLUDE_GLOBALS: 'false' });
      const { exitCode, stderr } = await here.run(['backup']);
      assert.equal(exitCode, 6, stderr);
      const { report, record } = here.newest();
      assert.equal(
        report.errorMessage,
        `The user "${role}" may not read everything in "${role}": ${object} Run as the owner or a superuser: ${remedy}`,
      );
      assert.equal(record.error?.code, 'PERMISSION_DENIED');
      assert.ok(here.log().includes(object) && here.log().includes(remedy), here.log());
      assert.deepEqual([here.files(), here.leftovers()], [[], []]);

      await server.psql(remedy, { database: role });
      const next = await here.run(['backup']);
      assert.equal(next.exitCode, 0, next.stderr);
    });
  }

  test('that may not read passwords gets the globals without them, and is told so', async (t) => {
    const here = await installFor(t, 'plain', '');
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 0, stderr);
    const { name, record } = here.newest();
    assert.equal(record.globals, 'without passwords');
    assert.match(
      here.log(),
      /"plain" may not read passwords \(pg_authid\): the globals are written without them/,
    );
    const globals = readFileSync(join(here.data, `${name}_globals.sql`), 'utf8');
    assert.match(globals, /CREATE ROLE plain;/);
    assert.doesNotMatch(globals, /SCRAM-SHA-256|PASSWORD/);
  });

  test('that may not even read who belongs to which role is told the statement that helps', async (t) => {
    const here = await installFor(t, 'blind', 'REVOKE SELECT ON pg_catalog.pg_auth_members FROM PUBLIC;');
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 6, stderr);
    const { report, record } = here.newest();
    assert.match(
      report.errorMessage,
      /^The user "blind" may not read the roles and tablespaces: permission denied for table pg_auth_members/,
    );
    const remedy = 'GRANT SELECT ON pg_catalog.pg_auth_members TO "blind";';
    assert.ok(report.errorMessage.includes(remedy), report.errorMessage);
    assert.equal(record.error?.code, 'GLOBALS_DENIED');
    assert.deepEqual([here.files(), here.leftovers()], [[], []]);

    const without = await here.run(['backup'], { INCLUDE_GLOBALS: 'false' });
    assert.equal(without.exitCode, 0, without.stderr);
    await server.psql(remedy, { database: 'blind' });
    const next = await here.run(['backup']);
    assert.equal(next.exitCode, 0, next.stderr);
  });

  /** A database and a user, both of that name, who may connect and read the tables that are there before `sql`. */
  async function installFor(
    t: TestContext,
    role: string,
    sql: string,
    changes: Env = {},
  ): Promise<Installation> {
    await server.createDatabase(role);
    await server.psql(`CREATE ROLE "${role}" LOGIN PASSWORD 'p4ss';`);
    await server.psql(`CREATE TABLE item AS SELECT 1 AS id; GRANT SELECT ON item TO "${role}"; ${sql}`, {
      database: role,
    });
    return install(t, server, role, { PG_USER: role, PGPASSWORD: 'p4ss', ...changes });
  }
});
