import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { clientDirectories, missing } from './parts.ts';
import { startPostgres } from './postgres-server.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const script = readFileSync(new URL('every-object-type.sql', import.meta.url), 'utf8');

for (const major of [14, 15, 16, 17, 18]) {
  test(`every type of object can be made on a server ${major}`, {
    skip: missing(`postgres-server-${major}`),
  }, async (t) => {
    const server = await startPostgres({ major });
    t.after(() => server.stop());
    await server.createDatabase('every');
    await server.psql(script, { database: 'every' });
    assert.equal(await server.psql('SELECT count(*) FROM shop.customer', { database: 'every' }), '2');
  });
}

for (const major of [15, 16, 17, 18]) {
  test(`pg_dump ${major} meets every type of object, and pg_restore makes them again`, {
    skip: missing(`postgres-server-${major}`, `postgres-client-${major}`),
  }, async (t) => {
    const server = await startPostgres({ major });
    t.after(() => server.stop());
    await server.createDatabase('every');
    await server.createDatabase('copy');
    await server.psql(script, { database: 'every' });

    const archive = join(temporaryDirectory(t), 'every.dump');
    const run = (program: string, ...args: string[]) =>
      execFileSync(join(clientDirectories().get(major) ?? '', program), args, {
        env: {
          PGHOST: server.host,
          PGPORT: String(server.port),
          PGUSER: server.user,
          PGPASSWORD: server.password,
        },
        encoding: 'utf8',
      });
    run('pg_dump', '--format=custom', '--file', archive, 'every');
    const contents = run('pg_restore', '--list', archive);
    for (const type of objectTypes) assert.match(contents, new RegExp(`^\\d+; \\d+ \\d+ ${type} `, 'm'));
    run('pg_restore', '--exit-on-error', '--dbname=copy', archive);
  });
}

// From the descriptions in pg_dump.c.
const objectTypes = [
  ...[
    'ACCESS METHOD',
    'ACL',
    'AGGREGATE',
    'BLOBS',
    'CAST',
    'CHECK CONSTRAINT',
    'COLLATION',
    'COMMENT',
    'CONSTRAINT',
  ],
  ...['CONVERSION', 'DEFAULT', 'DEFAULT ACL', 'DOMAIN', 'EVENT TRIGGER', 'EXTENSION', 'FK CONSTRAINT'],
  ...['FOREIGN DATA WRAPPER', 'FOREIGN TABLE', 'FUNCTION', 'INDEX', 'INDEX ATTACH', 'MATERIALIZED VIEW'],
  ...[
    'MATERIALIZED VIEW DATA',
    'OPERATOR',
    'OPERATOR CLASS',
    'OPERATOR FAMILY',
    'POLICY',
    'PROCEDURAL LANGUAGE',
  ],
  ...['PROCEDURE', 'PUBLICATION', 'PUBLICATION TABLE', 'ROW SECURITY', 'RULE', 'SCHEMA', 'SEQUENCE'],
  ...['SEQUENCE OWNED BY', 'SEQUENCE SET', 'SERVER', 'SHELL TYPE', 'STATISTICS', 'SUBSCRIPTION', 'TABLE'],
  ...[
    'TABLE ATTACH',
    'TABLE DATA',
    'TEXT SEARCH CONFIGURATION',
    'TEXT SEARCH DICTIONARY',
    'TEXT SEARCH PARSER',
  ],
  ...['TEXT SEARCH TEMPLATE', 'TRANSFORM', 'TRIGGER', 'TYPE', 'USER MAPPING', 'VIEW'],
];
