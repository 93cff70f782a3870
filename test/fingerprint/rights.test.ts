import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { missing } from '../harness/parts.ts';
import { startPostgres } from '../harness/postgres-server.ts';
import { differencesOf, dumpWithFingerprint, measure, restore } from './fingerprint-of.ts';

const EVERY_OBJECT_TYPE = readFileSync(new URL('../harness/every-object-type.sql', import.meta.url), 'utf8');
const READER = { user: 'reader of all', password: 'p4ss' };

for (const major of [15, 18]) {
  test(`a role that may only read takes the fingerprint of what it can dump, on server ${major}`, {
    skip: missing(`postgres-server-${major}`, `postgres-client-${major}`),
  }, async (t) => {
    const server = await startPostgres({ major });
    t.after(() => server.stop());
    await server.createDatabase('every');
    await server.psql(EVERY_OBJECT_TYPE, { database: 'every' });
    await server.psql(
      `CREATE ROLE "${READER.user}" LOGIN PASSWORD '${READER.password}' BYPASSRLS IN ROLE pg_read_all_data;
       SELECT format('GRANT SELECT ON LARGE OBJECT %s TO %I', oid, '${READER.user}') FROM pg_largeobject_metadata \\gexec`,
      { database: 'every' },
    );
    const { archive, fingerprint } = await dumpWithFingerprint(t, server, 'every', { login: READER });
    assert.equal(fingerprint.status, 'complete', fingerprint.detail);
    await restore(server, archive, 'copy');
    // pg_dump leaves subscriptions to superusers: whoever wants them must know that they are not in the backup.
    assert.deepEqual(differencesOf(fingerprint, await measure(server, 'copy')), [
      'missing: subscription sleeping',
    ]);

    const leftOut = ['--no-subscriptions'];
    const without = await dumpWithFingerprint(t, server, 'every', { login: READER, leftOut });
    await restore(server, without.archive, 'without');
    assert.deepEqual(differencesOf(without.fingerprint, await measure(server, 'without', { leftOut })), []);
  });

  test(`a table that may not be read makes the fingerprint partial, and says which, on server ${major}`, {
    skip: missing(`postgres-server-${major}`, `postgres-client-${major}`),
  }, async (t) => {
    const server = await startPostgres({ major });
    t.after(() => server.stop());
    await server.createDatabase('shop');
    await server.psql(
      `CREATE TABLE open AS SELECT 1 AS id; CREATE TABLE secret AS SELECT 1 AS id; ANALYZE;
       CREATE ROLE "${READER.user}" LOGIN PASSWORD '${READER.password}'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO "${READER.user}"`,
      { database: 'shop' },
    );
    const { fingerprint } = await dumpWithFingerprint(t, server, 'shop', {
      login: READER,
      afterDump: async () => {
        await server.psql(`REVOKE SELECT ON secret FROM "${READER.user}"`, { database: 'shop' });
      },
    });
    assert.deepEqual([fingerprint.status, fingerprint.reason], ['partial', 'failed']);
    assert.match(fingerprint.detail ?? '', /permission denied for table secret/);
    assert.deepEqual(
      fingerprint.tables?.map(({ name, state }) => [name, state]),
      [
        ['open', 'counted'],
        ['secret', 'notReached'],
      ],
    );
  });
}
