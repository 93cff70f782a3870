import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  createDatabaseStatement,
  databaseOptions,
  databaseStatements,
  providerOn,
  rolesOfSettings,
  tablespaceOf,
} from '../../src/restore/database-options.ts';
import { tocOf } from './toc-of.ts';

const of = (definition: string) => tocOf([{ kind: 'DATABASE', tag: 'shop', definition }]);

describe('a database is created as it was', () => {
  for (const [what, definition, serverMajor, created] of [
    [
      'with the C library',
      `CREATE DATABASE shop WITH TEMPLATE = template0 ENCODING = 'UTF8' LOCALE_PROVIDER = libc LOCALE = 'de_DE.UTF-8';`,
      15,
      `ENCODING = 'UTF8' LOCALE_PROVIDER = libc LC_COLLATE = 'de_DE.UTF-8' LC_CTYPE = 'de_DE.UTF-8'`,
    ],
    [
      'by a server 14',
      `CREATE DATABASE shop WITH TEMPLATE = template0 ENCODING = 'LATIN1' LC_COLLATE = 'C' LC_CTYPE = 'de_DE';`,
      14,
      `ENCODING = 'LATIN1' LC_COLLATE = 'C' LC_CTYPE = 'de_DE'`,
    ],
    [
      'with ICU and rules',
      `CREATE DATABASE shop WITH TEMPLATE = template0 ENCODING = 'UTF8' LOCALE_PROVIDER = icu LOCALE = 'C' ICU_LOCALE = 'de' ICU_RULES = '&V << w''';`,
      16,
      `ENCODING = 'UTF8' LOCALE_PROVIDER = icu LC_COLLATE = 'C' LC_CTYPE = 'C' ICU_LOCALE = 'de' ICU_RULES = '&V << w'''`,
    ],
    [
      'with ICU, on a server that knows no rules',
      `CREATE DATABASE shop WITH TEMPLATE = template0 ENCODING = 'UTF8' LOCALE_PROVIDER = icu LOCALE = 'C' ICU_LOCALE = 'de' ICU_RULES = 'x';`,
      15,
      `ENCODING = 'UTF8' LOCALE_PROVIDER = icu LC_COLLATE = 'C' LC_CTYPE = 'C' ICU_LOCALE = 'de'`,
    ],
    [
      'with ICU, on a server that does not know it',
      `CREATE DATABASE shop WITH TEMPLATE = template0 ENCODING = 'UTF8' LOCALE_PROVIDER = icu LOCALE = 'C' ICU_LOCALE = 'de';`,
      14,
      `ENCODING = 'UTF8' LC_COLLATE = 'C' LC_CTYPE = 'C'`,
    ],
    [
      'with the built-in provider',
      `CREATE DATABASE shop WITH TEMPLATE = template0 ENCODING = 'UTF8' LOCALE_PROVIDER = builtin LOCALE = 'C' BUILTIN_LOCALE = 'C.UTF-8';`,
      17,
      `ENCODING = 'UTF8' LOCALE_PROVIDER = builtin LC_COLLATE = 'C' LC_CTYPE = 'C' BUILTIN_LOCALE = 'C.UTF-8'`,
    ],
    [
      'with the built-in provider, on a server that does not know it',
      `CREATE DATABASE shop WITH TEMPLATE = template0 ENCODING = 'UTF8' LOCALE_PROVIDER = builtin LOCALE = 'C' BUILTIN_LOCALE = 'C.UTF-8';`,
      16,
      `ENCODING = 'UTF8' LC_COLLATE = 'C' LC_CTYPE = 'C'`,
    ],
    [
      'whatever its name says',
      `CREATE DATABASE "x ENCODING = 'LATIN1' TABLESPACE = fast" WITH TEMPLATE = template0 ENCODING = 'UTF8' LOCALE = 'C';`,
      15,
      `ENCODING = 'UTF8' LC_COLLATE = 'C' LC_CTYPE = 'C'`,
    ],
  ] as const) {
    test(what, () => {
      const statement = createDatabaseStatement('new "one"', databaseOptions(of(definition)), serverMajor);
      assert.equal(statement, `CREATE DATABASE "new ""one""" WITH TEMPLATE = template0 ${created}`);
      assert.equal(tablespaceOf(of(definition)), undefined);
    });
  }

  test('in its tablespace', () => {
    const toc = of(
      `CREATE DATABASE shop WITH TEMPLATE = template0 ENCODING = 'UTF8' LOCALE = 'C' TABLESPACE = "the fast";`,
    );
    assert.equal(tablespaceOf(toc), 'the fast');
    assert.match(
      createDatabaseStatement('x', databaseOptions(toc), 15, tablespaceOf(toc)),
      / TABLESPACE = "the fast"$/,
    );
  });

  test('where nothing says how, with the encoding of the dump', () => {
    assert.equal(
      createDatabaseStatement('x', databaseOptions(tocOf([])), 15),
      `CREATE DATABASE "x" WITH TEMPLATE = template0 ENCODING = 'UTF8'`,
    );
    assert.equal(providerOn(15, databaseOptions(tocOf([]))), undefined);
  });
});

describe('statements about a database', () => {
  const statements = (definition: string, kind = 'DATABASE PROPERTIES', tag = 'shop') =>
    databaseStatements(tocOf([{ kind, tag, definition }]), 'new').map(({ sql }) => sql);

  test('are those of its own name, of every kind that pg_dump writes', () => {
    assert.deepEqual(
      [
        ...statements(
          "ALTER DATABASE shop CONNECTION LIMIT = -1;\nALTER ROLE \"a b\" IN DATABASE shop SET x TO '1', '2';\n",
        ),
        ...statements("COMMENT ON DATABASE shop IS 'a;\nb';\n", 'COMMENT', 'DATABASE shop'),
        ...statements(
          'REVOKE ALL ON DATABASE shop FROM PUBLIC;\nSET SESSION AUTHORIZATION x;\nGRANT CONNECT ON DATABASE shop TO y;\nRESET SESSION AUTHORIZATION;\n',
          'ACL',
          'DATABASE shop',
        ),
        ...statements(
          "SECURITY LABEL FOR dummy ON DATABASE shop IS 'x';\n",
          'SECURITY LABEL',
          'DATABASE shop',
        ),
      ],
      [
        'ALTER DATABASE "new" CONNECTION LIMIT = - 1',
        `ALTER ROLE "a b" IN DATABASE "new" SET x TO '1' , '2'`,
        `COMMENT ON DATABASE "new" IS 'a;\nb'`,
        'REVOKE ALL ON DATABASE "new" FROM PUBLIC',
        'GRANT CONNECT ON DATABASE "new" TO y',
        `SECURITY LABEL FOR dummy ON DATABASE "new" IS 'x'`,
      ],
    );
    const toc = tocOf([
      { kind: 'DATABASE PROPERTIES', definition: `ALTER ROLE "a b" IN DATABASE shop SET x TO '1';` },
    ]);
    assert.deepEqual(rolesOfSettings(toc), ['a b']);
  });

  test('of a source that takes a backslash for an escape keep their values', () => {
    const toc = tocOf([
      { kind: 'STDSTRINGS', definition: "SET standard_conforming_strings = 'off';\n" },
      { kind: 'COMMENT', tag: 'DATABASE shop', definition: "COMMENT ON DATABASE shop IS 'a\\\\b';\n" },
    ]);
    assert.deepEqual(databaseStatements(toc, 'new')[0]?.sql, 'COMMENT ON DATABASE "new" IS E\'a\\\\b\'');
  });

  for (const definition of [
    'ALTER DATABASE shop SET x TO 1 \\! touch /tmp/pwned ;',
    "ALTER DATABASE shop SET x TO '1' :name;",
    'ALTER DATABASE other SET x TO 1;',
    'DROP DATABASE shop;',
    'ALTER SYSTEM SET x TO 1;',
    "ALTER DATABASE shop SET x TO 'open;",
    'ALTER DATABASE shop SET x TO (SELECT 1);',
    "ALTER DATABASE shop SET x TO E'\\x41';",
    '"ALTER" DATABASE shop SET x TO 1;',
  ]) {
    test(`are not run where pg_dump does not write them: ${definition}`, () => {
      assert.deepEqual(statements(definition), [undefined]);
    });
  }

  test('that stand on a line of their own as a command of psql are not run', () => {
    for (const definition of [
      "ALTER DATABASE shop SET x TO '1';\n\\! id\n",
      "ALTER DATABASE shop SET x TO '1'\n\\! id\n;\n",
    ]) {
      for (const sql of statements(definition)) assert.doesNotMatch(sql ?? '', /\\/);
    }
  });

  test('are none of a table whose name looks like one', () => {
    assert.deepEqual(statements('GRANT SELECT ON TABLE x TO y;', 'ACL', 'TABLE DATABASE shop'), []);
    assert.deepEqual(statements('CREATE TABLE x ();', 'TABLE', 'DATABASE shop'), []);
  });
});
