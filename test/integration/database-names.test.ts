import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { parseRunName } from '../../src/backup/run-name.ts';
import { artifactsOf } from '../backup/past-run.ts';
import { missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { byHand } from './client-program.ts';
import { install } from './installation.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15');

/** Databases that a careless reading of the names below leads to. */
const DECOYS = ['other', 'A', 'x', 'b', 'etc'];
const NAMES = [
  'two words',
  `quote " and '`,
  'a/b',
  '..',
  '../../etc',
  '-leading',
  '数据库 é 🐘',
  'a=b',
  'postgresql://x',
  'dbname=other',
  "user='postgres' dbname='other'",
  '%41',
  'back\\slash\\',
  '$HOME `id` $(id) ; *',
  'UPPER',
  '.hidden_20250101T000000Z_db01',
  '长'.repeat(21),
];

describe('the database with the name', { skip, concurrency: 2 }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
    for (const database of [...DECOYS, ...NAMES]) {
      await server.createDatabase(database);
      await server.psql(`CREATE TABLE marker AS SELECT current_database() AS text`, { database });
    }
  });
  after(() => server.stop());

  for (const name of NAMES) {
    test(`${name} is backed up itself`, async (t) => {
      const here = install(t, server, name);
      const { exitCode, stderr } = await here.run(['backup']);
      assert.equal(exitCode, 0, stderr);
      const { name: run, report, record } = here.newest();
      assert.deepEqual([report.database, record.database], [name, name]);
      assert.equal(parseRunName(run)?.database, name);
      assert.deepEqual(here.files(), artifactsOf(run).sort());
      assert.deepEqual(record.fingerprint?.rowsByTable, { 'public.marker': 1 });
      assert.ok(existsSync(report.local.file) && existsSync(report.local.globalsFile));

      const script = await byHand(server, 'pg_restore', '--data-only', '--file=-', report.local.file);
      const [, copied] = /COPY public\.marker \(text\) FROM stdin;\n(.*)\n\\\.\n/.exec(script) ?? [];
      assert.equal(copied?.replaceAll('\\\\', '\\'), name);

      // Retention finds the run again under the name.
      assert.match(here.log(), /Retention: 1 kept, 0 removed/);
    });
  }

  test('that has a line break is refused', async (t) => {
    const here = install(t, server, 'two\nlines');
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 2);
    assert.match(stderr, /PG_DATABASE=.*expected text on one line/s);
    assert.ok(!existsSync(here.base));
  });
});
