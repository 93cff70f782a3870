import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { dumpWithFingerprint, measure } from './fingerprint-of.ts';

const skip = missing('postgres-server-15', 'postgres-client-15');

describe('the fingerprint of a database whose owner is hostile', { skip }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server.stop());

  test('runs no command of psql that stands in the condition of an extension', async (t) => {
    const trace = join(temporaryDirectory(t), 'trace');
    await server.createDatabase('conditions');
    await server.psql(
      `CREATE TABLE t AS SELECT 1 AS id; SET allow_system_table_mods = on;
       UPDATE pg_extension SET extconfig = ARRAY['t'::regclass::oid], extcondition = ARRAY[E'WHERE true \\\\! touch ${trace}\\n']`,
      { database: 'conditions' },
    );
    const { tables } = await measure(server, 'conditions');
    assert.equal(existsSync(trace), false);
    assert.deepEqual(
      tables.map(({ name, state }) => [name, state]),
      [['t', 'unreadable']],
    );
  });

  test('knows names with every line end of Unicode', async (t) => {
    await server.createDatabase('separators');
    await server.psql('CREATE TABLE "a\u2028b\u2029c\u0085d" AS SELECT 1 AS id', { database: 'separators' });
    const { fingerprint } = await dumpWithFingerprint(t, server, 'separators', {});
    assert.equal(fingerprint.status, 'complete', fingerprint.detail);
    assert.deepEqual(
      fingerprint.tables?.map(({ name, rows }) => [name, rows]),
      [['a\u2028b\u2029c\u0085d', 1]],
    );
  });
});
