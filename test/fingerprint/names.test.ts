import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quoteIdentifier as quote, quoteLiteral } from '../../src/postgres/identifier.ts';
import { missing } from '../harness/parts.ts';
import { startPostgres } from '../harness/postgres-server.ts';
import { differencesOf, dumpWithFingerprint, measure, restore, sessionTo } from './fingerprint-of.ts';

const NAMES = [
  'plain',
  'quote"d',
  '"',
  '""',
  "sin'gle",
  'back\\slash',
  '\\',
  '\\echo printed',
  '\\q',
  'new\nline',
  '\n',
  'carriage\rreturn',
  'tab\t',
  ':x',
  ":'x'",
  ':"x"',
  '::text',
  '$$',
  '$1',
  'a.b',
  '%I %s',
  '{}',
  '(,)',
  '-- ',
  '/*',
  '; DROP TABLE plain; --',
  ' ',
  ' a ',
  'select',
  'system_user',
  'Ünïcode 表 🐘',
  'next\u0085line',
  '\ufeffmark',
  'PG_class',
  "E'\\x41'",
  'n'.repeat(63),
  '表'.repeat(21),
];

for (const major of [15, 18]) {
  test(`any name is measured and compared, on server ${major}`, {
    skip: missing(`postgres-server-${major}`, `postgres-client-${major}`),
  }, async (t) => {
    const server = await startPostgres({ major });
    t.after(() => server.stop());
    await server.createDatabase('names');
    const session = sessionTo(server, 'names');
    t.after(() => session.close());
    for (const statement of NAMES.flatMap(statementsFor)) await session.execute(statement);

    const { archive, fingerprint } = await dumpWithFingerprint(t, server, 'names');
    assert.equal(fingerprint.status, 'complete', fingerprint.detail);
    const counted = (fingerprint.tables ?? []).map(({ schema, name, rows }) => [schema, name, rows]);
    assert.deepEqual(counted.sort(), NAMES.map((name) => [name, name, 1]).sort());
    await restore(server, archive, 'copy');
    const found = await measure(server, 'copy');
    assert.deepEqual(differencesOf(fingerprint, found), []);
    assert.equal(found.sequences.length, NAMES.length);
    assert.ok(found.tables.every(({ state }) => state === 'counted'));

    // As the server itself writes them, so that nothing is compared under a wrong name.
    const changed = [...NAMES.keys()].filter((index) => index % 5 === 0);
    for (const index of changed) {
      const name = quote(NAMES[index] ?? '');
      await session.execute(`UPDATE ${name}.${name} SET ${name} = ${name} || '!'`);
    }
    const others = differencesOf(fingerprint, await measure(server, 'names'));
    assert.equal(others.length, changed.length);
    assert.ok(others.every((line) => line.startsWith('content: table ')));
  });
}

/** An object of each kind that a name can do harm in. */
function statementsFor(name: string): string[] {
  const own = quote(name);
  const literal = quoteLiteral(name);
  return [
    `CREATE SCHEMA ${own}`,
    `CREATE ROLE ${quote(`r${name}`.slice(0, 20))}`,
    `CREATE TYPE ${own}.${quote(`type ${name}`.slice(0, 20))} AS ENUM (${literal})`,
    `CREATE TABLE ${own}.${own} (id int CONSTRAINT ${quote(`key ${name}`.slice(0, 20))} PRIMARY KEY, ${own} text COLLATE "C" DEFAULT ${literal}, more ${own}.${quote(`type ${name}`.slice(0, 20))})`,
    `INSERT INTO ${own}.${own} VALUES (1, ${literal}, ${literal})`,
    `CREATE SEQUENCE ${own}.${quote(`seq ${name}`.slice(0, 20))}`,
    `CREATE INDEX ${quote(`index ${name}`.slice(0, 20))} ON ${own}.${own} (${own})`,
    `CREATE FUNCTION ${own}.${own}(${own} int) RETURNS text LANGUAGE sql AS ${quoteLiteral(`SELECT ${literal}::text`)}`,
    `CREATE VIEW ${own}.${quote(`view ${name}`.slice(0, 20))} AS SELECT ${own} AS ${own} FROM ${own}.${own}`,
    `CREATE POLICY ${own} ON ${own}.${own} TO ${quote(`r${name}`.slice(0, 20))} USING (${own} = ${literal})`,
    `GRANT UPDATE (${own}) ON ${own}.${own} TO ${quote(`r${name}`.slice(0, 20))}`,
    `COMMENT ON COLUMN ${own}.${own}.${own} IS ${literal}`,
  ];
}
