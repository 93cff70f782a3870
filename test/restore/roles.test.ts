import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { inspect } from 'node:util';
import { PgBackupError } from '../../src/errors.ts';
import { render } from '../../src/language.ts';
import { openSession, QueryFailed, type Session } from '../../src/postgres/session.ts';
import { decodeGlobals, type Globals, parseGlobals } from '../../src/restore/globals-file.ts';
import type { RoleRemark } from '../../src/restore/role-creation.ts';
import { createRoles, planRoles } from '../../src/restore/roles.ts';
import { clientDirectories, missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { untilConnected } from '../integration/connected.ts';
import {
  CHINESE,
  createHostileRoles,
  dumpGlobalsByHand,
  globalsScript,
  TWO_LINES,
  WEIRD,
} from './hostile-roles.ts';

const HOSTILE = [CHINESE, 'granted', 'set', 'tablespace', TWO_LINES, WEIRD];

/** A server stores it as it is. */
const VERIFIER = `SCRAM-SHA-256$4096:${base64(16)}$${base64(32)}:${base64(32)}`;

/** They change how a literal is read, how a time is written, what psql prints, and whether anything may be written at all. */
const STRANGE_SETTINGS = {
  client_min_messages: 'debug1',
  datestyle: 'SQL, DMY',
  default_transaction_read_only: 'on',
  log_statement: 'all',
  password_encryption: 'md5',
  standard_conforming_strings: 'off',
  timezone: 'Asia/Shanghai',
};

const servers = new Map<string, Promise<PostgresServer>>();
after(async () => {
  for (const server of servers.values()) await (await server).stop();
});

for (const [from, client, to] of [
  [14, 15, 15],
  [15, 15, 18],
  [17, 18, 18],
  [18, 18, 18],
] as const) {
  test(`roles are on a server ${to} what they were on a server ${from}`, {
    skip: missing(`postgres-server-${from}`, `postgres-server-${to}`, `postgres-client-${client}`),
  }, async (t) => {
    const [source, target] = [await sourceOf(from), await targetOf(t, to)];
    const globals = await globalsOf(source, client);
    const session = openTo(t, target);
    const plan = await planRoles(session, globals);
    assert.deepEqual(plan.missing, HOSTILE);
    assert.deepEqual([...plan.differences, ...plan.omissions].map(english), []);
    await createRoles(session, plan);
    const withOptions = from >= 16;
    assert.equal(await snapshot(target, withOptions), await snapshot(source, withOptions));
    const again = await planRoles(session, globals);
    assert.deepEqual(again, { missing: [], differences: [], omissions: [], statements: [] });
    await createRoles(session, again);
  });
}

describe('an older server', { skip: missing('postgres-server-18', 'postgres-client-18') }, () => {
  const omissions = [
    'granted: ALTER ROLE "granted" SET "event_triggers" TO \'on\': this server does not know it',
    `${CHINESE}: member of "set" with INHERIT FALSE, SET FALSE: before PostgreSQL 16 no membership has such options of its own`,
  ];
  const parameterGrants = [
    'tablespace: GRANT SET ON PARAMETER "my.setting" TO "tablespace": this server does not know it',
    'set: GRANT ALL ON PARAMETER "work_mem" TO "set" WITH GRANT OPTION: this server does not know it',
    'granted: GRANT SET ON PARAMETER "work_mem" TO "granted": this server does not know it',
  ];
  for (const [major, expected] of [
    [15, omissions],
    [14, [...omissions, ...parameterGrants]],
  ] as const) {
    test(`of major ${major} gets what it can hold, and the rest is said`, {
      skip: missing(`postgres-server-${major}`),
    }, async (t) => {
      const target = await targetOf(t, major);
      const session = openTo(t, target);
      const plan = await planRoles(session, await globalsOf(await sourceOf(18), 18));
      assert.deepEqual(plan.missing, HOSTILE);
      assert.deepEqual(plan.omissions.map(english), expected);
      await createRoles(session, plan);
      assert.deepEqual(await memberships(target), [
        { role: 'granted', member: TWO_LINES, grantor: 'postgres', admin: false },
        { role: 'pg_monitor', member: 'granted', grantor: 'postgres', admin: false },
        { role: 'set', member: CHINESE, grantor: 'postgres', admin: false },
        { role: 'tablespace', member: CHINESE, grantor: 'postgres', admin: false },
        { role: 'tablespace', member: 'set', grantor: 'postgres', admin: true },
      ]);
    });
  }
});

describe('a server with other defaults than usual', { skip: missing('postgres-server-18') }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres({ major: 18, settings: STRANGE_SETTINGS });
  });
  after(() => server.stop());

  test('gets the same roles', { skip: missing('postgres-client-18') }, async (t) => {
    const source = await sourceOf(18);
    const session = openTo(t, server);
    t.after(() => dropRoles(server));
    await createRoles(session, await planRoles(session, await globalsOf(source, 18)));
    assert.equal(await snapshot(server, true), await snapshot(source, true));
    const asWeird = { user: WEIRD, password: 'first password', database: 'postgres' };
    assert.equal(await server.psql('SELECT current_user', asWeird), WEIRD);
  });

  test('keeps the roles that it has, and it is said how they differ', async (t) => {
    await write(`
      CREATE ROLE app LOGIN PASSWORD 'another' CONNECTION LIMIT 5 VALID UNTIL '2031-01-01 00:00+00';
      CREATE ROLE same NOINHERIT VALID UNTIL '2030-01-01 00:00:00.25+00';
      CREATE ROLE endless; CREATE ROLE team; CREATE ROLE foreign_team; CREATE ROLE lead;
      GRANT foreign_team TO app; GRANT team TO lead WITH ADMIN OPTION; GRANT team TO same;
      COMMENT ON ROLE app IS 'ours';`);
    const earlier = await snapshot(server, true);
    const session = openTo(t, server);
    const globals = parse(`
      CREATE ROLE app; ALTER ROLE app WITH SUPERUSER NOLOGIN CREATEDB PASSWORD '${VERIFIER}' VALID UNTIL '2031-01-01 01:00:00+00';
      CREATE ROLE same; ALTER ROLE same WITH NOINHERIT VALID UNTIL '2030-01-01 08:00:00.25+08';
      CREATE ROLE endless; ALTER ROLE endless WITH VALID UNTIL 'infinity';
      CREATE ROLE team; CREATE ROLE lead; CREATE ROLE absent;
      COMMENT ON ROLE app IS 'theirs'; ALTER ROLE app SET work_mem TO '1MB';
      GRANT team TO app; GRANT pg_monitor TO app; GRANT team TO lead WITH SET FALSE; GRANT team TO same; GRANT absent TO endless;`);
    const plan = await planRoles(session, globals);
    assert.deepEqual(plan.differences.map(english), [
      'app: SUPERUSER in the backup, NOSUPERUSER here',
      'app: CREATEDB in the backup, NOCREATEDB here',
      'app: NOLOGIN in the backup, LOGIN here',
      'app: CONNECTION LIMIT -1 in the backup, CONNECTION LIMIT 5 here',
      "app: VALID UNTIL '2031-01-01 01:00:00+00' in the backup, VALID UNTIL '2031-01-01 00:00:00.000000+00' here",
      'app: member of "team" in the backup, not here',
      'app: member of "pg_monitor" in the backup, not here',
      'app: member of "foreign_team" here, not in the backup',
      'lead: member of "team" with INHERIT TRUE, SET FALSE in the backup, with ADMIN OPTION, INHERIT TRUE here',
    ]);
    assert.equal(
      render(plan.differences[0]?.what ?? NOTHING, 'zh'),
      '备份中为 SUPERUSER，此处为 NOSUPERUSER',
    );

    // Its membership comes with the missing role; nothing else changes.
    assert.deepEqual(plan.missing, ['absent']);
    await createRoles(session, plan);
    assert.deepEqual((await memberships(server)).filter(({ role }) => role === 'absent').length, 1);
    await write('DROP ROLE absent');
    assert.equal(await snapshot(server, true), earlier);
  });

  test('gets only the roles that are asked for, and those that they are members of', async (t) => {
    const session = openTo(t, server);
    await write('CREATE ROLE d_here');
    const globals = parse(`
      CREATE ROLE d_member; CREATE ROLE d_group; CREATE ROLE d_above; CREATE ROLE d_other; CREATE ROLE d_here; CREATE ROLE d_beyond;
      CREATE ROLE pg_own; ALTER ROLE d_here WITH LOGIN;
      GRANT d_group TO d_member; GRANT d_above TO d_group; GRANT d_member TO d_other; GRANT d_here TO d_member; GRANT d_beyond TO d_here;
      GRANT pg_own TO d_member; GRANT pg_monitor TO d_member;`);
    const plan = await planRoles(session, globals, new Set(['d_member', 'pg_own', 'not in the backup']));
    assert.deepEqual(plan.missing, ['d_member', 'd_group', 'd_above']);
    assert.deepEqual(plan.differences, []);
    assert.deepEqual(plan.omissions.map(english), ['d_member: member of "pg_own", which is not here']);
    await createRoles(session, plan);
    const granted = (await memberships(server)).filter(({ member }) => member.startsWith('d_'));
    assert.deepEqual(
      granted.map(({ role, member }) => [role, member]),
      [
        ['d_above', 'd_group'],
        ['d_group', 'd_member'],
        ['d_here', 'd_member'],
        ['pg_monitor', 'd_member'],
      ],
    );
    const asked = await planRoles(session, globals, new Set(['d_here']));
    assert.deepEqual(
      [asked.missing, asked.differences.map(english)],
      [['d_beyond'], ['d_here: LOGIN in the backup, NOLOGIN here']],
    );
  });

  test('is told what cannot be restored of a role', async (t) => {
    const session = openTo(t, server);
    const plan = await planRoles(
      session,
      parse(`
        CREATE ROLE o; ALTER ROLE o WITH LOGIN VALID UNTIL '01/02/2030 08:00:00 CST';
        SECURITY LABEL FOR selinux ON ROLE o IS 'x'; ALTER ROLE o SET no_such_setting TO '1';`),
    );
    assert.deepEqual(plan.omissions.map(english), [
      'o: ALTER ROLE "o" SET "no_such_setting" TO \'1\': this server does not know it',
      'o: SECURITY LABEL FOR "selinux": labels are not restored',
      'o: the backup has no password for it: set one where it is needed to log in',
      "o: VALID UNTIL '01/02/2030 08:00:00 CST' can be read in more than one way: its password stays expired until you set it",
    ]);
    await createRoles(session, plan);
    assert.equal(await server.psql(`SELECT rolvaliduntil FROM pg_roles WHERE rolname = 'o'`), '-infinity');
  });

  test('gets one membership of those whose grantors it would not take, with the rights of all of them', async (t) => {
    const session = openTo(t, server);
    const globals = parse(`
      CREATE ROLE f_role; CREATE ROLE f_member; CREATE ROLE f_x; CREATE ROLE f_y;
      GRANT f_role TO f_member WITH INHERIT TRUE, SET FALSE GRANTED BY f_x;
      GRANT f_role TO f_member WITH INHERIT FALSE, SET TRUE GRANTED BY postgres;
      GRANT f_role TO f_member WITH ADMIN OPTION, INHERIT FALSE, SET FALSE GRANTED BY f_y;`);
    await createRoles(session, await planRoles(session, globals));
    assert.equal(
      await server.psql(`SELECT grantor::regrole, admin_option, inherit_option, set_option FROM pg_auth_members
        WHERE roleid = 'f_role'::regrole`),
      'postgres|t|t|t',
    );
    assert.deepEqual((await planRoles(session, globals)).differences, []);
  });

  const two = `CREATE ROLE e_first; ALTER ROLE e_first WITH LOGIN PASSWORD '${VERIFIER}';
    CREATE ROLE e_second; ALTER ROLE e_second WITH PASSWORD '${VERIFIER}'; GRANT e_first TO e_second;`;
  const created = `SELECT count(*) FROM pg_roles WHERE rolname ~ '^e_'`;

  test('gets all of the roles or none, and no error shows a verifier', async (t) => {
    const session = openTo(t, server);
    const plan = await planRoles(session, parse(two));
    assert.doesNotMatch(inspect(plan, { depth: null }) + JSON.stringify(plan), /SCRAM/);
    await write('CREATE ROLE e_second');
    const error = await createRoles(session, plan).catch((error: unknown) => error);
    assert.ok(error instanceof QueryFailed, inspect(error));
    assert.doesNotMatch(inspect([error, session.lost.reason], { depth: null }), /SCRAM|AAAA/);
    assert.equal(await server.psql(created), '1');
    await write('DROP ROLE e_second');
  });

  test('gets none of the roles where the connection is lost, and no error shows a verifier', {
    timeout: 60_000,
  }, async (t) => {
    const other = openTo(t, server);
    await other.execute('BEGIN READ WRITE');
    await other.execute('CREATE ROLE e_second');
    const session = openTo(t, server);
    const creation = createRoles(session, await planRoles(session, parse(two))).catch(
      (error: unknown) => error,
    );
    const isWaiting = `wait_event_type = 'Lock' AND application_name = 'roles test'`;
    await untilConnected(server, isWaiting, 1);
    await server.psql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${isWaiting}`);
    const error = await creation;
    assert.ok(error instanceof PgBackupError, inspect(error));
    assert.equal(error.code, 'CONNECTION_LOST');
    assert.doesNotMatch(inspect([error, session.lost.reason], { depth: null }), /SCRAM|AAAA/);
    await other.execute('ROLLBACK');
    assert.equal(await server.psql(created), '0');
  });

  function write(sql: string): Promise<string> {
    return server.psql(`SET default_transaction_read_only = off; ${sql}`);
  }
});

for (const major of [15, 18]) {
  test(`a user of a server ${major} who is no superuser can create what such a user may`, {
    skip: missing(`postgres-server-${major}`),
  }, async (t) => {
    const server = await targetOf(t, major);
    await server.psql(`CREATE ROLE maker LOGIN CREATEROLE PASSWORD 'maker'`);
    const globals = parse(`
      CREATE ROLE a; ALTER ROLE a WITH NOSUPERUSER NOINHERIT NOCREATEROLE NOCREATEDB LOGIN NOREPLICATION NOBYPASSRLS PASSWORD '${VERIFIER}';
      CREATE ROLE b; ALTER ROLE b WITH NOSUPERUSER INHERIT NOCREATEROLE NOCREATEDB NOLOGIN NOREPLICATION NOBYPASSRLS;
      COMMENT ON ROLE b IS 'x'; ALTER ROLE a SET work_mem TO '5MB';
      GRANT b TO a WITH ADMIN OPTION GRANTED BY postgres;`);
    const session = openTo(t, server, { user: 'maker', password: 'maker' });
    await createRoles(session, await planRoles(session, globals));
    assert.equal(await server.psql(`SELECT rolpassword FROM pg_authid WHERE rolname = 'a'`), VERIFIER);
    const granted = (await memberships(server)).filter(({ role, member }) => role === 'b' && member === 'a');
    assert.deepEqual(granted, [{ role: 'b', member: 'a', grantor: 'maker', admin: true }]);

    const refused = parse('CREATE ROLE c; CREATE ROLE d; ALTER ROLE d WITH SUPERUSER;');
    await assert.rejects(
      planRoles(session, refused).then((plan) => createRoles(session, plan)),
      (error) => error instanceof QueryFailed && error.sqlState === '42501',
    );
    assert.equal(await server.psql(`SELECT count(*) FROM pg_roles WHERE rolname IN ('c', 'd')`), '0');
  });
}

test('a grantor that the server would not take is not named', {
  skip: missing('postgres-server-18', 'postgres-client-18'),
}, async (t) => {
  const source = await sourceOf(18);
  const target = await startPostgres({ major: 18 });
  t.after(() => target.stop());
  // There, the role that initdb made is called otherwise.
  await target.psql(`CREATE ROLE renamer SUPERUSER LOGIN PASSWORD 'renamer'`);
  await target.psql('ALTER ROLE postgres RENAME TO admin', { user: 'renamer', password: 'renamer' });
  const session = openTo(t, target, { user: 'renamer', password: 'renamer' });
  const plan = await planRoles(session, await globalsOf(source, 18));
  assert.ok(plan.missing.includes('postgres'));
  await createRoles(session, plan);
  const asRestored = { user: 'postgres', password: source.password };
  const restored = await target.psql(MEMBERSHIPS, asRestored);
  const named = (await source.psql(MEMBERSHIPS)).replaceAll('"grantor" : "postgres"', '"grantor" : "admin"');
  assert.match(named, /"grantor" : "set"/);
  assert.equal(restored, named);
});

const NOTHING = { en: '', zh: '' };

const MEMBERSHIPS = `SELECT json_build_object('role', r.rolname, 'member', m.rolname, 'grantor', g.rolname, 'admin', admin_option)
  FROM pg_auth_members JOIN pg_roles r ON r.oid = roleid JOIN pg_roles m ON m.oid = member JOIN pg_roles g ON g.oid = grantor
  WHERE m.rolname !~ '^pg_' ORDER BY r.rolname, m.rolname, g.rolname`;

async function memberships(
  server: PostgresServer,
): Promise<{ role: string; member: string; grantor: string; admin: boolean }[]> {
  const lines = await server.psql(MEMBERSHIPS);
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** All that a server knows of its roles. The first superuser's password is each server's own. */
async function snapshot(server: PostgresServer, withOptions = false): Promise<string> {
  const options = withOptions ? 'g.rolname, inherit_option, set_option' : 'NULL';
  const grants = `SELECT p.parname, a.grantee::regrole, a.privilege_type, a.is_grantable FROM pg_parameter_acl p, aclexplode(paracl) a
    WHERE a.grantee <> 0 AND a.grantee <> 10`;
  return server.psql(`SET timezone = 'UTC'; SET datestyle = 'ISO';
    SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls, rolconnlimit,
           rolvaliduntil, CASE WHEN rolname <> 'postgres' THEN rolpassword END, setconfig, shobj_description(a.oid, 'pg_authid')
      FROM pg_authid a LEFT JOIN pg_db_role_setting ON setrole = a.oid AND setdatabase = 0
     WHERE rolname !~ '^pg_' ORDER BY rolname;
    SELECT r.rolname, m.rolname, admin_option, ${options}
      FROM pg_auth_members JOIN pg_roles r ON r.oid = roleid JOIN pg_roles m ON m.oid = member JOIN pg_roles g ON g.oid = grantor
     WHERE m.rolname !~ '^pg_' ORDER BY 1, 2, g.rolname;
    ${server.major < 15 ? '' : `${grants} ORDER BY 1, a.grantee::regrole::text, 3;`}`);
}

function sourceOf(major: number): Promise<PostgresServer> {
  return shared(`source ${major}`, async () => {
    const server = await startPostgres({ major });
    await createHostileRoles(server);
    if (major === 18) await server.psql(`ALTER ROLE granted SET event_triggers TO 'on'`);
    return server;
  });
}

/** A server without roles, until the end of the test. */
async function targetOf(t: TestContext, major: number): Promise<PostgresServer> {
  const server = await shared(`target ${major}`, () => startPostgres({ major }));
  t.after(() => dropRoles(server));
  return server;
}

async function shared(name: string, make: () => Promise<PostgresServer>): Promise<PostgresServer> {
  const server = servers.get(name) ?? make();
  servers.set(name, server);
  return server;
}

async function dropRoles(server: PostgresServer): Promise<void> {
  const roles = await server.psql(
    `SELECT string_agg(quote_ident(rolname), ', ') FROM pg_roles WHERE oid >= 16384`,
  );
  await server.psql(`SET default_transaction_read_only = off; DROP OWNED BY ${roles}; DROP ROLE ${roles};`);
}

async function globalsOf(server: PostgresServer, client: number): Promise<Globals> {
  return parseGlobals(decodeGlobals(await dumpGlobalsByHand(server, { client })), 'x_globals.sql');
}

function parse(statements: string): Globals {
  return parseGlobals(globalsScript(statements), 'x_globals.sql');
}

function openTo(
  t: TestContext,
  server: PostgresServer,
  login: { user?: string; password?: string } = {},
): Session {
  const { user = server.user, password = server.password } = login;
  const session = openSession({
    psql: join([...clientDirectories().values()].at(-1) ?? '', 'psql'),
    target: { host: server.host, port: server.port, user, database: 'postgres' },
    environment: { LC_ALL: 'C', PGPASSWORD: password },
    applicationName: 'roles test',
    signal: t.signal,
  });
  t.after(() => session.close());
  return session;
}

function english({ role, what }: RoleRemark): string {
  return `${role}: ${render(what, 'en')}`;
}

function base64(bytes: number): string {
  return Buffer.alloc(bytes).toString('base64');
}
