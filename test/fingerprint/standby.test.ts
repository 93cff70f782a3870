import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missing } from '../harness/parts.ts';
import { startPostgres } from '../harness/postgres-server.ts';
import { differencesOf, dumpWithFingerprint, measure, restore } from './fingerprint-of.ts';
import { startStandby } from './standby.ts';

for (const major of [15, 18]) {
  test(`a fingerprint of a standby fits its dump, which has no rows of unlogged tables, on server ${major}`, {
    skip: missing(`postgres-server-${major}`, `postgres-client-${major}`),
  }, async (t) => {
    const standby = await startStandby(
      t,
      major,
      `CREATE TABLE item (id int PRIMARY KEY, name text); INSERT INTO item SELECT i, 'i' || i FROM generate_series(1, 50) AS i;
       CREATE UNLOGGED TABLE passing AS SELECT 1 AS id; CREATE SEQUENCE numbers; SELECT nextval('numbers') \\gset
       CREATE VIEW names AS SELECT name FROM item; SELECT lo_from_bytea(4711, 'large') \\gset`,
    );
    assert.equal(await standby.psql('SELECT pg_is_in_recovery()'), 't');
    const { archive, fingerprint } = await dumpWithFingerprint(t, standby, 'postgres');
    assert.equal(fingerprint.status, 'complete', fingerprint.detail);
    const states = fingerprint.tables?.map(({ name, state, rows }) => [name, state, rows]);
    assert.deepEqual(states?.sort(), [
      ['item', 'counted', 50],
      ['passing', 'leftOut', undefined],
    ]);

    const server = await startPostgres({ major });
    t.after(() => server.stop());
    await restore(server, archive, 'copy');
    assert.deepEqual(differencesOf(fingerprint, await measure(server, 'copy')), []);
    await server.psql(`DELETE FROM item WHERE id = 7`, { database: 'copy' });
    assert.deepEqual(differencesOf(fingerprint, await measure(server, 'copy')), ['rows: table public.item']);
  });
}
