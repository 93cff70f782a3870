import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { describeError, PgBackupError } from '../../src/errors.ts';
import {
  decodeGlobals,
  type Globals,
  type Membership,
  parseGlobals,
} from '../../src/restore/globals-file.ts';
import { DEFAULT_ATTRIBUTES } from '../../src/restore/role-attributes.ts';
import { missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import {
  CHINESE,
  createHostileRoles,
  createTablespace,
  dumpGlobalsByHand,
  globalsScript,
  TWO_LINES,
  WEIRD,
} from './hostile-roles.ts';

const PATH = '/backups/x_globals.sql';
const VERIFIER = 'SCRAM-SHA-256$4096:canary==$canary=:canary=';

for (const [major, clients] of [
  [14, [15, 18]],
  [15, [15, 17]],
  [18, [18]],
] as const) {
  describe(`the globals of a server ${major}`, {
    skip: missing(
      `postgres-server-${major}`,
      ...clients.map((client) => `postgres-client-${client}` as const),
    ),
  }, () => {
    for (const client of clients) {
      test(`are understood as pg_dumpall ${client} writes them`, async (t) => {
        const server = await startPostgres({ major });
        t.after(() => server.stop());
        await createHostileRoles(server);
        await createTablespace(server);

        const bytes = await dumpGlobalsByHand(server, { client });
        const globals = parseGlobals(decodeGlobals(bytes), PATH);
        assert.deepEqual(rolesOf(globals), EXPECTED_ROLES);
        assert.deepEqual(globals.memberships, expectedMemberships(major, client));
        assert.deepEqual(globals.parameterGrants, major < 15 ? [] : EXPECTED_PARAMETER_GRANTS);
        assert.deepEqual(globals.tablespaces, [expectedTablespace(server)]);
        assert.deepEqual(globals.other, major < 15 ? [] : ['GRANT SET ON PARAMETER timezone TO PUBLIC']);

        for (const { name, password } of globals.roles) {
          const stored = `SELECT rolpassword FROM pg_authid WHERE rolname = '${name.replaceAll("'", "''")}'`;
          assert.equal(password?.reveal() ?? '', await server.psql(stored), name);
        }
        assert.doesNotMatch(inspect(globals, { depth: null }) + JSON.stringify(globals), /SCRAM/);

        const withoutPasswords = await dumpGlobalsByHand(server, { client, args: ['--no-role-passwords'] });
        const { roles } = parseGlobals(decodeGlobals(withoutPasswords), PATH);
        assert.deepEqual(
          roles,
          globals.roles.map((role) => ({ ...role, password: undefined })),
        );

        const text = decodeGlobals(bytes).trimEnd();
        for (let end = text.lastIndexOf('\n'); end > 0; end = text.lastIndexOf('\n', end - 1)) {
          assert.throws(() => parseGlobals(text.slice(0, end), PATH), isUnknown, `cut at ${end}`);
        }
      });
    }
  });
}

test('names are read in the encoding of the database that they come from', {
  skip: missing('postgres-server-15', 'postgres-client-15'),
}, async (t) => {
  const server = await startPostgres();
  t.after(() => server.stop());
  await server.psql(
    `CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;`,
  );
  await server.psql(`CREATE ROLE "Müller"; COMMENT ON ROLE "Müller" IS 'é'`, { database: 'latin' });
  const bytes = await dumpGlobalsByHand(server, { client: 15, database: 'latin' });
  const { roles } = parseGlobals(decodeGlobals(bytes), PATH);
  assert.deepEqual(
    roles.map(({ name, comment }) => [name, comment]),
    [
      ['Müller', 'é'],
      ['postgres', undefined],
    ],
  );
});

describe('another file', () => {
  for (const [name, text] of [
    ['nothing', ''],
    [
      'a dump of a database',
      '--\n-- PostgreSQL database dump\n--\n\n--\n-- PostgreSQL database dump complete\n--\n',
    ],
    ['an end alone', '\n-- PostgreSQL database cluster dump complete\n--\n'],
    ['an end in a string', `${globalsScript('').trimEnd()}', 'b');`],
  ] as const) {
    test(`is refused: ${name}`, () => assert.throws(() => parseGlobals(text, PATH), isUnknown));
  }

  test('says in both languages which file and why', () => {
    const error = failureOf(() => parseGlobals(globalsScript('').slice(0, -40), PATH));
    assert.equal(
      describeError(error, 'en').message,
      `${PATH} is no archive that can be restored: it was cut short`,
    );
    assert.equal(describeError(error, 'zh').message, `${PATH} 不是可恢复的归档：文件不完整`);
  });
});

describe('a statement about a role', () => {
  for (const statement of [
    `ALTER ROLE x WITH NEWRIGHT PASSWORD '${VERIFIER}';`,
    `ALTER ROLE x WITH PASSWORD '${VERIFIER}' NEWRIGHT;`,
    `ALTER ROLE x WITH PASSWORD E'\\x41${VERIFIER}';`,
    `ALTER ROLE x PASSWORD '${VERIFIER}';`,
    `CREATE ROLE z PASSWORD '${VERIFIER}';`,
    `ALTER ROLE z WITH PASSWORD '${VERIFIER}';`,
    'CREATE ROLE x;',
    "ALTER ROLE x SET a TO 'b' \\! touch /tmp/x\n;",
    "ALTER ROLE x SET a = 'b';",
    'ALTER ROLE x SET a TO DEFAULT;',
    "COMMENT ON ROLE x IS 'a' 'b';",
    'ALTER ROLE x WITH CONNECTION LIMIT many;',
    'GRANT x TO y WITH NEW OPTION;',
    'GRANT x TO y WITH ADMIN MAYBE;',
    'GRANT x TO y, z;',
  ]) {
    test(`that is not understood is refused, and not shown: ${statement}`, () => {
      const error = failureOf(() =>
        parseGlobals(globalsScript(`CREATE ROLE x; CREATE ROLE y; ${statement}`), PATH),
      );
      assert.ok(isUnknown(error));
      assert.match(error.message, /statement 4 says of a role what is not known here$/);
      assert.doesNotMatch(inspect(error, { depth: null }), /SCRAM|canary/);
    });
  }

  test('may have any options of a membership', () => {
    const { memberships } = parseGlobals(
      globalsScript(`
        GRANT a TO b;
        GRANT "a""b" TO "B" WITH ADMIN OPTION GRANTED BY granted;
        GRANT set TO admin WITH ADMIN FALSE, INHERIT OPTION, SET FALSE;
        GRANT a TO c WITH SET TRUE, INHERIT FALSE, ADMIN TRUE;`),
      PATH,
    );
    const plain = { admin: false, inherit: undefined, set: true, grantor: undefined };
    assert.deepEqual(memberships, [
      { ...plain, role: 'a', member: 'b' },
      { ...plain, role: 'a"b', member: 'B', admin: true, grantor: 'granted' },
      { ...plain, role: 'set', member: 'admin', inherit: true, set: false },
      { ...plain, role: 'a', member: 'c', admin: true, inherit: false },
    ]);
  });

  test('may hold settings and labels; what belongs to one database is left out', () => {
    const globals = parseGlobals(
      globalsScript(`CREATE ROLE a; ALTER ROLE a WITH CONNECTION LIMIT -1;
        ALTER ROLE a SET my.setting TO 'x'; ALTER ROLE a IN DATABASE b SET work_mem TO '1MB';
        SECURITY LABEL FOR "My provider" ON ROLE a IS 'x;y';`),
      PATH,
    );
    assert.deepEqual(globals.other, []);
    assert.deepEqual(globals.roles, [
      {
        name: 'a',
        attributes: DEFAULT_ATTRIBUTES,
        password: undefined,
        settings: [{ name: 'my.setting', values: ['x'] }],
        comment: undefined,
        labels: ['My provider'],
      },
    ]);
  });
});

test('of other statements only the key words are kept', () => {
  const { other } = parseGlobals(
    globalsScript(
      `CREATE USER x PASSWORD '${VERIFIER}'; SECURITY LABEL FOR a ON DATABASE b IS 'c'; SELECT 1;`,
    ),
    PATH,
  );
  assert.deepEqual(other, ['CREATE USER x PASSWORD', 'SECURITY LABEL FOR a ON DATABASE b IS', 'SELECT 1']);
});

const EXPECTED_ROLES = [
  {
    name: CHINESE,
    attributes: {
      ...DEFAULT_ATTRIBUTES,
      superuser: true,
      login: true,
      connectionLimit: 0,
      validUntil: 'infinity',
    },
    hasPassword: true,
  },
  {
    name: 'granted',
    settings: [{ name: 'search_path', values: [''] }],
  },
  {
    name: 'postgres',
    attributes: {
      ...{ superuser: true, inherit: true, createrole: true, createdb: true, login: true, replication: true },
      ...{ bypassrls: true, connectionLimit: -1, validUntil: undefined },
    },
    hasPassword: true,
  },
  {
    name: 'set',
    settings: [
      { name: 'search_path', values: ['$user', 'a;b', 'q"x'] },
      { name: 'my.setting', values: ["it's; \\\n:x"] },
      { name: 'role', values: ['tablespace'] },
      { name: 'TimeZone', values: ['UTC'] },
    ],
  },
  { name: 'tablespace' },
  {
    name: TWO_LINES,
    attributes: {
      ...DEFAULT_ATTRIBUTES,
      inherit: false,
      createrole: true,
      replication: true,
      bypassrls: true,
    },
  },
  {
    name: WEIRD,
    attributes: {
      ...{ ...DEFAULT_ATTRIBUTES, createdb: true, login: true, connectionLimit: 3 },
      validUntil: '2030-01-01 00:00:00.5+00',
    },
    comment: "a;\n\\! b'c\n-- PostgreSQL database cluster dump complete\n--\n",
    hasPassword: true,
  },
].map((role) => ({
  ...{ attributes: DEFAULT_ATTRIBUTES, settings: [], comment: undefined, labels: [], hasPassword: false },
  ...role,
}));

function rolesOf(globals: Globals): unknown[] {
  return globals.roles.map(({ password, ...role }) => ({ ...role, hasPassword: password !== undefined }));
}

/** From 16 on a server knows options and grantors; before, a client tells the grantor only where it is older than that too. */
function expectedMemberships(major: number, client: number): Membership[] {
  const inherit = major < 16 ? undefined : true;
  const grantor = major < 16 && client >= 16 ? undefined : 'postgres';
  const plain = { admin: false, set: true, inherit, grantor };
  const withOptions = [
    { ...plain, role: 'set', member: CHINESE, inherit: false, set: false },
    { ...plain, role: 'tablespace', member: CHINESE, inherit: false },
    { ...plain, role: 'tablespace', member: 'set', admin: true },
    { ...plain, role: 'tablespace', member: CHINESE, set: false, grantor: 'set' },
  ];
  return [
    { ...plain, role: 'granted', member: TWO_LINES, inherit: major < 16 ? undefined : false },
    { ...plain, role: 'pg_monitor', member: 'granted' },
    ...(major < 16 ? [{ ...plain, role: 'tablespace', member: 'set', admin: true }] : withOptions),
  ];
}

const EXPECTED_PARAMETER_GRANTS = [
  { role: 'tablespace', parameter: 'my.setting', privileges: ['SET'], withGrantOption: false },
  { role: 'set', parameter: 'work_mem', privileges: ['ALL'], withGrantOption: true },
  { role: 'granted', parameter: 'work_mem', privileges: ['SET'], withGrantOption: false },
];

function expectedTablespace({ socketDirectory }: PostgresServer) {
  return {
    name: 'My space',
    statements: [
      `CREATE TABLESPACE "My space" OWNER set LOCATION '${socketDirectory}/a place'`,
      'ALTER TABLESPACE "My space" SET (seq_page_cost=3)',
      'GRANT ALL ON TABLESPACE "My space" TO tablespace',
      `COMMENT ON TABLESPACE "My space" IS 'a;b'`,
    ],
  };
}

function failureOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

function isUnknown(error: unknown): error is PgBackupError {
  return (
    error instanceof PgBackupError && error.code === 'ARCHIVE_UNKNOWN' && error.parameters['path'] === PATH
  );
}
