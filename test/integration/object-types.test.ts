import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { describe, test } from 'node:test';
import { clientDirectories, missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { byHand, clientFor } from './client-program.ts';
import { install, searchPath } from './installation.ts';

const EVERY_OBJECT_TYPE = readFileSync(new URL('../harness/every-object-type.sql', import.meta.url), 'utf8');

describe('a database with every type of object', { concurrency: 2 }, () => {
  for (const major of [14, 15, 16, 17, 18]) {
    // A server's own client where Debian has it, else the next newer one.
    const skip =
      missing(`postgres-server-${major}`) || missing(`postgres-client-${major === 14 ? 15 : major}`);
    test(`comes back whole from a backup of server ${major}`, { skip }, async (t) => {
      const server = await startPostgres({ major });
      t.after(() => server.stop());
      await server.createDatabase('every type');
      await server.psql(EVERY_OBJECT_TYPE, { database: 'every type' });

      // All clients to choose from.
      const PATH = [...clientDirectories().values(), searchPath()].join(delimiter);
      const here = install(t, server, 'every type', { PATH });
      const { exitCode, stderr } = await here.run(['backup']);
      assert.equal(exitCode, 0, stderr);
      const { report, record } = here.newest();
      assert.equal(Number.parseInt(record.client?.version ?? '', 10), clientFor(major).major);
      assert.deepEqual(
        // That the client could be newer says nothing of the backup.
        stderr
          .split('\n')
          .filter((line) => /"level":"(warn|error)"/.test(line) && !/msg":"client \d/.test(line)),
        [],
      );

      await server.createDatabase('restored');
      if (clientFor(major).major === major) {
        await byHand(server, 'pg_restore', '--exit-on-error', '--dbname=restored', report.local.file);
      } else {
        // A newer pg_restore begins with a setting that an older server does not know.
        const script = await byHand(server, 'pg_restore', '--file=-', report.local.file);
        await server.psql(script.replace('SET transaction_timeout = 0;', ''), { database: 'restored' });
      }
      const [before, after] = [await linesOf(server, 'every type'), await linesOf(server, 'restored')];
      assert.deepEqual([missingLines(before, after), missingLines(after, before)], [[], []]);
    });
  }
});

/**
 * Definitions and data as the lines of a script, and how often each occurs: objects that depend on nothing of each other may change places.
 * Without the random keys of psql's restricted mode.
 */
async function linesOf(server: PostgresServer, database: string): Promise<Map<string, number>> {
  const script = await byHand(server, 'pg_dump', database);
  assert.match(script, /CREATE TRIGGER "count visits"/);
  const lines = new Map<string, number>();
  for (const line of script.split('\n').filter((text) => !/^\\(un)?restrict /.test(text))) {
    lines.set(line, (lines.get(line) ?? 0) + 1);
  }
  return lines;
}

function missingLines(expected: Map<string, number>, actual: Map<string, number>): string[] {
  return [...expected].filter(([line, count]) => (actual.get(line) ?? 0) < count).map(([line]) => line);
}
