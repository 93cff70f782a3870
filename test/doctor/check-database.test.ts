import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { forDatabase } from '../../src/backup/context.ts';
import { writePassfile } from '../../src/backup/passfile.ts';
import { type Check, remedyText } from '../../src/check.ts';
import { loadSettings } from '../../src/config/load.ts';
import { checkDatabase } from '../../src/doctor/check-database.ts';
import { findClients } from '../../src/postgres/clients.ts';
import { recordingContext } from '../backup/recording-context.ts';
import { startStandby } from '../fingerprint/standby.ts';
import { missing } from '../harness/parts.ts';
import { startPgbouncer } from '../harness/pgbouncer.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { clientFor } from '../integration/client-program.ts';
import type { Env } from '../integration/installation.ts';
import { until } from '../integration/until.ts';

for (const major of [14, 15, 16, 17, 18]) {
  const skip = missing(`postgres-server-${major}`, 'postgres-client');
  test(`everything is good for a superuser of PostgreSQL ${major}`, { skip }, async (t) => {
    const server = await startPostgres({ major });
    t.after(() => server.stop());
    assert.deepEqual(states(await look(t, server)), [
      ['connection', 'good'],
      ['client-major', 'good'],
      ['tls', 'good'],
      ['globals', 'good'],
      ['rights', 'good'],
    ]);
  });
}

describe('the database', { skip: missing('postgres-server-15', 'postgres-client-15') }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
    await server.psql(`CREATE ROLE plain LOGIN PASSWORD 'p'; CREATE ROLE reader; CREATE TABLE item (id int); GRANT SELECT ON item TO reader;
      GRANT reader TO plain; ALTER ROLE plain NOINHERIT;`);
  });
  after(() => server.stop());

  test('that cannot be reached is one failed check with its remedy', async (t) => {
    const checks = await look(t, server, { PG_PORT: '1' });
    assert.deepEqual(states(checks), [['connection', 'bad']]);
    assert.match(remedyText(checks[0]?.remedy ?? '', 'en'), /try: psql -h 127\.0\.0\.1 -p 1 /);
    assert.deepEqual(states(await look(t, server, { PGPASSWORD: 'wrong' })), [['connection', 'bad']]);
  });

  test('newer than every client is told, and the other checks are made', async (t) => {
    const newer = await startPostgres({ major: 16 });
    t.after(() => newer.stop());
    const checks = await look(t, newer, { PG_BIN_DIR: clientFor(15).directory });
    const fit = checks.find(({ id }) => id === 'client-major');
    assert.equal(fit?.state, 'bad');
    assert.match(remedyText(fit?.remedy ?? '', 'en'), /postgresql-client-16/);
    assert.deepEqual(checks.filter(({ id }) => id === 'rights').length, 1);
  });

  test('whose passwords may not be read gets them by the remedy as it is printed', async (t) => {
    const globals = async () =>
      (await look(t, server, { PG_USER: 'plain', PGPASSWORD: 'p' })).find(({ id }) => id === 'globals');
    const found = await globals();
    assert.equal(found?.state, 'warning');
    await server.psql(String(found?.remedy));
    assert.equal((await globals())?.state, 'good');
    const without = await look(t, server, { PG_USER: 'plain', PGPASSWORD: 'p', INCLUDE_GLOBALS: 'false' });
    assert.equal(
      without.find(({ id }) => id === 'globals'),
      undefined,
    );
  });

  test('whose roles may not even be listed names each catalog', async (t) => {
    await server.createDatabase('strict');
    await server.psql('REVOKE SELECT ON pg_auth_members, pg_tablespace FROM PUBLIC', { database: 'strict' });
    const env = { PG_DATABASE: 'strict', PG_USER: 'plain', PGPASSWORD: 'p' };
    const found = (await look(t, server, env)).filter(({ id }) => id === 'globals');
    assert.deepEqual(
      found.map(({ state }) => state),
      ['bad', 'bad'],
    );
    for (const { remedy } of found) await server.psql(String(remedy), { database: 'strict' });
    assert.notEqual((await look(t, server, env)).find(({ id }) => id === 'globals')?.state, 'bad');
  });

  test('is looked at as the role that pg_dump takes on', async (t) => {
    const rights = async (changes: Env) =>
      states(await look(t, server, { PG_USER: 'plain', PGPASSWORD: 'p', ...changes })).find(
        ([id]) => id === 'rights',
      );
    assert.deepEqual(await rights({}), ['rights', 'bad']);
    assert.deepEqual(await rights({ PG_DUMP_EXTRA_OPTS: '--role=reader' }), ['rights', 'good']);
    assert.deepEqual(await rights({ PG_DUMP_EXTRA_OPTS: '--role nobody_is' }), ['rights', 'bad']);
  });

  test('where a catalog is closed is told so, and the other checks are made', async (t) => {
    await server.createDatabase('closed');
    await server.psql('REVOKE SELECT ON pg_stat_ssl FROM PUBLIC', { database: 'closed' });
    const env = { PG_HOST: '0.0.0.0', PG_DATABASE: 'closed', PG_USER: 'plain', PGPASSWORD: 'p' };
    const checks = await look(t, server, env);
    const tls = checks.find(({ id }) => id === 'tls');
    assert.match(tls?.text.en ?? '', /permission denied for view pg_stat_ssl \(42501\)/);
    assert.deepEqual(
      checks.filter(({ id }) => id === 'rights').map(({ state }) => state),
      ['good'],
    );
  });

  test('behind a pooler in transaction mode is told', { skip: missing('pgbouncer') }, async (t) => {
    for (const [mode, expected] of [
      ['transaction', ['bad']],
      ['session', []],
    ] as const) {
      const port = await startPgbouncer(t, server, { pool_mode: mode });
      const checks = await look(t, server, { PG_PORT: String(port) });
      assert.deepEqual(
        checks.filter(({ id }) => id === 'pooler').map(({ state }) => state),
        expected,
        mode,
      );
    }
  });

  test('on a standby is told what may cancel the dump, and who may pause the replay', async (t) => {
    const standby = await startStandby(t, 15, `CREATE ROLE plain LOGIN PASSWORD 'p'`);
    const found = async (changes: Env) =>
      (await look(t, standby, changes))
        .filter(({ id }) => id === 'standby')
        .map(({ state, remedy }) => [state, remedy]);
    const [[state, remedy] = []] = await found({});
    assert.equal(state, 'warning');
    assert.match(
      (remedy as { en: string }).en,
      /^set BACKUP_PAUSE_REPLAY=true; .* hot_standby_feedback = on/,
    );
    assert.deepEqual(await found({ BACKUP_PAUSE_REPLAY: 'true' }), [['good', undefined]]);
    const [[plainState, grant] = []] = await found({
      BACKUP_PAUSE_REPLAY: 'true',
      PG_USER: 'plain',
      PGPASSWORD: 'p',
    });
    assert.equal(plainState, 'bad');
    // A standby takes no grants; that it is one that a server takes is seen on another.
    await server.psql(String(grant));
    await standby.psql('ALTER SYSTEM SET hot_standby_feedback = on; SELECT pg_reload_conf()');
    await until(() => standby.psql('SHOW hot_standby_feedback'), 'on');
    assert.deepEqual(
      (await found({})).map(([after]) => after),
      ['good'],
    );
  });
});

function states(checks: readonly Check[]): [id: string, state: string][] {
  return checks.map(({ id, state }) => [id, state]);
}

async function look(t: TestContext, server: PostgresServer, changes: Env = {}): Promise<readonly Check[]> {
  const given = {
    PG_HOST: server.host,
    PG_PORT: String(server.port),
    PG_USER: server.user,
    PGPASSWORD: server.password,
    PG_DATABASE: 'postgres',
    PG_BIN_DIR: clientFor(server.major).directory,
    BACKUP_MODE: 'local',
    PATH: process.env['PATH'],
    ...changes,
  };
  const { settings, environment } = loadSettings(given, () => '', 'en');
  const { context } = recordingContext(temporaryDirectory(t));
  const passfile = await writePassfile(settings.PGPASSWORD, temporaryDirectory(t));
  const clients = await findClients(settings.PG_BIN_DIR, environment['PATH']);
  const target = { ...context, settings, environment, signal: t.signal };
  const { checks } = await checkDatabase(forDatabase(target, settings.PG_DATABASE ?? ''), {
    clients,
    passfile,
  });
  return checks;
}
