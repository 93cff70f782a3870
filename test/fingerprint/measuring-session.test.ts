import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { differencesOf, dumpWithFingerprint, measure, restore } from './fingerprint-of.ts';
import { untilOne } from './other-session.ts';

/** Functions with the names of the server's own, which nobody may call who only measures. */
const IMPOSTORS = `
  CREATE SCHEMA evil;
  CREATE FUNCTION evil.never() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'an impostor was called'; END $$;
  CREATE FUNCTION evil.lower(text) RETURNS text LANGUAGE sql AS $$ SELECT evil.never()::text $$;
  CREATE FUNCTION evil.to_jsonb(anyelement) RETURNS jsonb LANGUAGE sql AS $$ SELECT to_json(evil.never())::jsonb $$;
  CREATE FUNCTION evil.set_config(text, text, boolean) RETURNS text LANGUAGE sql AS $$ SELECT evil.never()::text $$;
  CREATE FUNCTION evil.current_setting(text) RETURNS text LANGUAGE sql AS $$ SELECT evil.never()::text $$;
  CREATE FUNCTION evil.pg_export_snapshot() RETURNS text LANGUAGE sql AS $$ SELECT evil.never()::text $$;
  CREATE FUNCTION evil.count() RETURNS bigint LANGUAGE sql AS $$ SELECT evil.never()::int::bigint $$;
  CREATE FUNCTION evil.same(text, text) RETURNS boolean LANGUAGE sql AS $$ SELECT evil.never() $$;
  CREATE OPERATOR evil.= (FUNCTION = evil.same, LEFTARG = text, RIGHTARG = text);
  CREATE TABLE item AS SELECT 1 AS id;`;

describe('a measuring session', { skip: missing('postgres-server-17', 'postgres-client-17') }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres({ major: 17 });
  });
  after(() => server.stop());

  test('calls nobody’s functions in place of the server’s own', async (t) => {
    await server.createDatabase('impostors');
    await server.psql(IMPOSTORS, { database: 'impostors' });
    await server.psql('ALTER DATABASE impostors SET search_path = evil, pg_catalog, public');
    await assert.rejects(
      server.psql(`SELECT lower('A')`, { database: 'impostors' }),
      /an impostor was called/,
    );
    const { archive, fingerprint } = await dumpWithFingerprint(t, server, 'impostors');
    assert.equal(fingerprint.status, 'complete', fingerprint.detail);
    await restore(server, archive, 'impostors too');
    assert.deepEqual(differencesOf(fingerprint, await measure(server, 'impostors too')), []);
  });

  test('lives as long as the dump, whatever limits are set for sessions', async (t) => {
    await server.createDatabase('limits');
    await server.psql('CREATE TABLE item AS SELECT 1 AS id', { database: 'limits' });
    for (const limit of [
      'idle_in_transaction_session_timeout',
      'idle_session_timeout',
      'transaction_timeout',
      'statement_timeout',
      'lock_timeout',
    ]) {
      await server.psql(`ALTER DATABASE limits SET ${limit} = '400ms'`);
    }
    const { fingerprint } = await dumpWithFingerprint(t, server, 'limits', {
      afterDump: () =>
        untilOne(
          server,
          `SELECT FROM pg_stat_activity WHERE application_name = 'fingerprint test' AND state_change < now() - interval '500 ms'`,
        ),
    });
    assert.equal(fingerprint.status, 'complete', fingerprint.detail);
  });

  test('sees every row, or says that it may not', async (t) => {
    await server.createDatabase('guarded');
    await server.psql(
      `CREATE ROLE looker LOGIN PASSWORD 'p4ss'; CREATE TABLE item AS SELECT i AS id FROM generate_series(1, 10) AS i;
       ALTER TABLE item ENABLE ROW LEVEL SECURITY; GRANT SELECT ON item TO looker; ALTER ROLE looker SET row_security = on;
       CREATE POLICY few ON item USING (id > 5)`,
      { database: 'guarded' },
    );
    const { fingerprint } = await dumpWithFingerprint(t, server, 'guarded', {
      login: { user: 'looker', password: 'p4ss' },
      otherOptions: ['--enable-row-security'],
    });
    assert.deepEqual([fingerprint.status, fingerprint.reason], ['partial', 'failed']);
    assert.match(fingerprint.detail ?? '', /row-level security/);
  });
});
