import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compare } from '../../src/fingerprint/compare.ts';
import { missing } from '../harness/parts.ts';
import { startPostgres } from '../harness/postgres-server.ts';
import { dumpWithFingerprint, EVERYTHING, measure } from './fingerprint-of.ts';

test('what a server counts among the options of a column is no difference, but an option is', {
  skip: missing('postgres-server-17'),
}, async (t) => {
  const server = await startPostgres({ major: 17 });
  t.after(() => server.stop());
  await server.createDatabase('shop');
  const run = (sql: string) => server.psql(sql, { database: 'shop' });
  await run('CREATE TABLE item (id int, name text); ALTER TABLE item ALTER name SET (n_distinct = 5)');
  const { fingerprint } = await dumpWithFingerprint(t, server, 'shop');

  const setOptions = (options: string) =>
    run(`SET allow_system_table_mods = on; UPDATE pg_attribute SET attoptions = '{${options}}'
      WHERE attrelid = 'item'::regclass AND attname = 'name'`);
  const differences = async () => compare(fingerprint, await measure(server, 'shop'), EVERYTHING).differences;

  // As 17.12 writes it by itself.
  await setOptions('pg_attver=7,n_distinct=5');
  assert.deepEqual(await differences(), []);
  await setOptions('pg_attver=7,n_distinct=6');
  assert.notDeepEqual(await differences(), []);
});
