import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareRows, entriesWithRows } from '../../src/backup/compare-rows.ts';
import { parseFingerprint, writeFingerprint } from '../../src/fingerprint/fingerprint.ts';
import { tocOfFile } from '../archive/dump.ts';
import { missing } from '../harness/parts.ts';
import { startPostgres } from '../harness/postgres-server.ts';
import { dumpWithFingerprint } from './fingerprint-of.ts';

for (const major of [15, 18]) {
  test(`a dump may hold other rows than are counted where an access method of its own reads them, on server ${major}`, {
    skip: missing(`postgres-server-${major}`, `postgres-client-${major}`),
  }, async (t) => {
    const server = await startPostgres({ major });
    t.after(() => server.stop());
    await server.psql(`
      CREATE ACCESS METHOD own TYPE TABLE HANDLER heap_tableam_handler;
      CREATE TABLE elsewhere USING own AS SELECT generate_series(1, 5) AS id;
      CREATE TABLE plain AS SELECT generate_series(1, 5) AS id;`);
    const { archive, fingerprint } = await dumpWithFingerprint(t, server, 'postgres');
    assert.deepEqual(
      fingerprint.tables?.map(({ name, rows, mayDifferInDump }) => [name, rows, mayDifferInDump]),
      [
        ['elsewhere', 5, true],
        ['plain', 5, undefined],
      ],
    );
    assert.deepEqual(parseFingerprint(writeFingerprint(fingerprint)), fingerprint);
    const entries = entriesWithRows(tocOfFile(archive));
    const fewerOf = (table: string) =>
      new Map(entries.map(({ dumpId, tag }) => [dumpId, tag === table ? 3 : 5]));
    compareRows(fingerprint, entries, fewerOf('elsewhere'));
    assert.throws(() => compareRows(fingerprint, entries, fewerOf('plain')), { code: 'ROWS_DIFFER' });
  });
}
