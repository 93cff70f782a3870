import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { wrapClient } from '../harness/fake-bin.ts';
import { clientDirectories, missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { assertEqual, assertNotEqual, installDrills } from './drill-installation.ts';
import { randomDatabase } from './random-database.ts';

const client15 = clientDirectories().get(15) ?? '';
const RUNS = 3;
const CHANGES = 4;
/** Restores, and then does one thing more to the database. */
const CHANGING = `"$REAL" "$@" || exit; for argument; do case $argument in --dbname=*) database=\${argument#--dbname=} ;; esac; done
  "$(dirname "$REAL")/psql" --no-psqlrc --quiet --output=/dev/null --set=ON_ERROR_STOP=1 --dbname="$database" --file='CHANGE' || exit 77`;

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
          const changing = wrapClient(
            client15,
            { pg_restore: CHANGING.replace('CHANGE', join(here.directory, 'change')) },
            t,
          );
          const there = {
            ...{ DRILL_PG_HOST: server.host, DRILL_PG_PORT: String(server.port), DRILL_PG_USER: server.user },
            ...{ DRILL_PG_PASSWORD: server.password, PG_BIN_DIR: changing },
          };
          for (const change of changes) {
            writeFileSync(join(here.directory, 'change'), `${change};\n`);
            const changed = await here.run(['drill', '--on-source-server'], there);
            assertNotEqual(here, changed, { exitCode: 19, outcome: 'different' });
          }
        },
      ),
      { numRuns: RUNS, endOnFailure: true },
    );
  });
});
