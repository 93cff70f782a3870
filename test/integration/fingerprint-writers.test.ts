import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { compare } from '../../src/fingerprint/compare.ts';
import { parseFingerprint } from '../../src/fingerprint/fingerprint.ts';
import { artifactsOf } from '../backup/past-run.ts';
import { EVERYTHING, linesOf, measure, restore } from '../fingerprint/fingerprint-of.ts';
import { wrapClient } from '../harness/fake-bin.ts';
import { clientDirectories, missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { install } from './installation.ts';

const client15 = clientDirectories().get(15) ?? '';

describe('a run while others write', {
  skip: missing('postgres-server-15', 'postgres-client-15', 'age'),
  concurrency: 2,
}, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server.stop());

  for (const [what, settings] of [
    ['plain', {}],
    ['encrypted', { BACKUP_ENCRYPTION: 'age', BACKUP_ENCRYPTION_PASSPHRASE: 'correct horse' }],
  ] as const) {
    test(`has a fingerprint of what its dump holds, ${what}`, async (t) => {
      const database = `shop ${what}`;
      await server.createDatabase(database);
      await server.psql(
        `CREATE TABLE item AS SELECT i AS id, md5(i::text) AS name FROM generate_series(1, 1000) AS i;
         CREATE TABLE log (id serial, line text); INSERT INTO log (line) VALUES ('a'), ('b');
         CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';`,
        { database },
      );
      const here = install(t, server, database, { BACKUP_FINGERPRINT: 'content', ...settings });
      const gate = join(here.directory, 'gate');
      execFileSync('mkfifo', [gate]);
      const pgDump = `echo 'it begins' >&2; read -r <'${gate}'; exec "$REAL" "$@"`;
      const running = here.start(['backup'], { PG_BIN_DIR: wrapClient(client15, { pg_dump: pgDump }, t) });
      await running.waitForOutput(/it begins/);
      await server.psql(
        `DELETE FROM item WHERE id % 2 = 0; INSERT INTO log (line) SELECT 'more' FROM generate_series(1, 100);
         UPDATE item SET name = 'x' WHERE id < 100; CREATE TABLE came AS SELECT 1 AS id; CREATE TABLE gone (); DROP TABLE gone;
         CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2'`,
        { database },
      );
      writeFileSync(gate, '\n');
      const { exitCode, stderr } = await running.finished;
      assert.equal(exitCode, 0, stderr);
      const { name, record } = here.newest();
      const { status, rows, rowsByTable, sequences, level } = record.fingerprint ?? {};
      assert.deepEqual([record.status, status, level, sequences], ['SUCCESS', 'complete', 'content', 1]);
      assert.equal(rows, 1002);
      // The record is for everybody, and an encrypted backup is not.
      const inTheClear = what === 'plain' ? { 'public.item': 1000, 'public.log': 2 } : {};
      assert.deepEqual(rowsByTable, inTheClear);
      assert.doesNotMatch(here.log(), /"level":"warn"/);
      if (what === 'encrypted') return;

      const [dump, , , file] = artifactsOf(name);
      const fingerprint = parseFingerprint(readFileSync(join(here.data, file), 'utf8'));
      assert.ok(fingerprint);
      await restore(server, join(here.data, dump), 'restored');
      assert.deepEqual(linesOf(compare(fingerprint, await measure(server, 'restored'), EVERYTHING)), []);
      // Sequences know no snapshot, and pg_dump read this one when the others had written.
      assert.equal(fingerprint.sequences[0]?.lastValue, '102');
    });
  }
});
