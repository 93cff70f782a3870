import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { describe, test } from 'node:test';
import { clientDirectories, missing } from '../harness/parts.ts';
import { startPostgres } from '../harness/postgres-server.ts';
import { reachableServerPrograms } from '../harness/server-programs.ts';
import { assertEqual, installDrills } from './drill-installation.ts';
import { searchPath } from './installation.ts';

const EVERY_OBJECT_TYPE = readFileSync(new URL('../harness/every-object-type.sql', import.meta.url), 'utf8');

/** Each major as the source, with the majors that it is restored to. */
const MAJORS: readonly (readonly [source: number, ...scratch: number[]])[] = [
  [14, 14, 15],
  [15, 15, 18],
  [16, 16, 17],
  [17, 17, 18],
  [18, 18],
];

describe('a database with every type of object', { concurrency: 2 }, () => {
  for (const [source, ...majors] of MAJORS) {
    const servers = [source, ...majors].map((major) => `postgres-server-${major}` as const);
    const skip = missing(...servers, ...[15, 16, 17, 18].map((major) => `postgres-client-${major}` as const));
    test(`of a server ${source} is restored by a drill, and equal, on ${majors.join(' and ')}`, {
      skip,
    }, async (t) => {
      const server = await startPostgres({ major: source });
      t.after(() => server.stop());
      await server.createDatabase('every type');
      await server.psql(EVERY_OBJECT_TYPE, { database: 'every type' });
      // All clients to choose from.
      const PATH = [...clientDirectories().values(), searchPath()].join(delimiter);
      const here = await installDrills(t, server, 'every type', { PATH, BACKUP_FINGERPRINT: 'content' });
      assert.equal((await here.run(['backup'])).exitCode, 0);
      for (const major of majors) {
        const { directory } = await reachableServerPrograms(major);
        const result = await here.run(['drill'], { DRILL_PG_BIN_DIR: directory });
        assertEqual(here, result);
        const { server: scratch, compared } = here.newestDrill();
        assert.equal(Number.parseInt(scratch?.version ?? '', 10), major);
        assert.equal(compared?.contents, true);
        // Servers of two majors write definitions differently.
        assert.equal(compared?.definitions, major === source);
        assert.match(
          result.stdout,
          major === source
            ? /result {4}restored, and equal\n$/
            : /not compared: definitions .*\n(.*\n)*.*result {4}restored; everything that was compared is equal\n$/,
        );
      }
    });
  }
});
