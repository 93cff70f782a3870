import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { wrapClient } from '../harness/fake-bin.ts';
import { clientDirectories, missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { afterRestore, assertEqual, assertNotEqual, installDrills } from './drill-installation.ts';
import { randomDatabase } from './random-database.ts';

const client15 = clientDirectories().get(15) ?? '';
const RUNS = 3;
const CHANGES = 4;
describe('a drill of an arbitrary database', {
  skip: missing('postgres-server-15', 'postgres-client-15'),
}, () => {
  let server: PostgresServer;
  let databases = 0;
  before(async () => {
    server = await startPostgres();
    await server.psql('CREATE ROLE reader');
  });
  after(() => server.stop());

  test('finds it equal, and different after any one change', async (t) => {
    await fc.assert(
      fc.asyncProperty(
        randomDatabase.chain((database) =>
          fc.tuple(
            fc.constant(database),
            fc.shuffledSubarray([...database.changes], { minLength: CHANGES, maxLength: CHANGES }),
          ),
        ),
        async ([{ script }, changes]) => {
          databases += 1;
          const database = `random ${databases}`;
          await server.createDatabase(database);
          await server.psql(script, { database });
          const here = await installDrills(t, server, database, { BACKUP_FINGERPRINT: 'content' });
          const backup = await here.run(['backup']);
          assert.equal(backup.exitCode, 0, backup.stderr);
          const drilled = await here.run(['drill']);
          assertEqual(here, drilled);
          assert.match(drilled.stdout, /restored, and equal\n$/);

          // A server of its own for each of them would cost more time than it tells.
          const there = {
            ...{ DRILL_PG_HOST: server.host, DRILL_PG_PORT: String(server.port), DRILL_PG_USER: server.user },
            DRILL_PG_PASSWORD: server.password,
          };
          for (const change of changes) {
            const PG_BIN_DIR = wrapClient(client15, { pg_restore: afterRestore(change) }, t);
            const changed = await here.run(['drill', '--on-source-server'], { ...there, PG_BIN_DIR });
            assertNotEqual(here, changed, { exitCode: 19, outcome: 'different' });
          }
        },
      ),
      { numRuns: RUNS, endOnFailure: true },
    );
  });
});
