import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PgBackupError } from '../../src/errors.ts';
import type { Client } from '../../src/postgres/clients.ts';
import { chooseRestoreClient } from '../../src/restore/restore-client.ts';
import { tocOf } from './toc-of.ts';

/** Newest first, as they are found. */
const CLIENTS = [18, 17, 16, 15, 14].map(client);

for (const [formatMinor, dumpVersion, serverMajor, chosen] of [
  [14, '15.18', 15, 15],
  [14, '14.23', 18, 18],
  [14, '15.18', 14, 15],
  [15, '16.14', 15, 16],
  [16, '17.10', 15, 17],
  [16, '18.4', 17, 18],
] as const) {
  test(`an archive of ${dumpVersion} is restored into ${serverMajor} by ${chosen}`, () => {
    const toc = tocOf([], { formatMinor, dumpVersion });
    assert.equal(chooseRestoreClient(CLIENTS, toc, serverMajor).major, chosen);
  });
}

test('the newest one has to do where none is as new as the server or the archive', () => {
  const toc = tocOf([], { formatMinor: 16, dumpVersion: '18.4' });
  assert.equal(chooseRestoreClient([17, 15].map(client), toc, 18).major, 17);
});

test('where none can read the archive, it says which one can', () => {
  const toc = tocOf([], { formatMinor: 16, dumpVersion: '17.10' });
  assert.throws(
    () => chooseRestoreClient([client(15)], toc, 15),
    (error) =>
      error instanceof PgBackupError &&
      error.code === 'COMMAND_MISSING' &&
      error.parameters['command'] === 'pg_restore 17' &&
      error.parameters['places'] === '/15 (15.1)',
  );
});

function client(major: number): Client {
  const [pgDump, pgDumpall, pgRestore, psql] = ['', '', '', ''];
  return { major, version: `${major}.1`, directory: `/${major}`, pgDump, pgDumpall, pgRestore, psql };
}
