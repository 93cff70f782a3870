import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDatabaseAccess } from '../../src/backup/database-access.ts';
import { sessionTo } from '../fingerprint/fingerprint-of.ts';
import { missing } from '../harness/parts.ts';
import { startPostgres } from '../harness/postgres-server.ts';
import { clientFor } from '../integration/client-program.ts';

test('whoever comes right after a run finds the database free', {
  skip: missing('postgres-server-15'),
}, async (t) => {
  const server = await startPostgres();
  t.after(() => server.stop());
  await server.createDatabase('shop');
  const { host, port, user, password } = server;
  const watcher = sessionTo(server, 'shop');
  t.after(() => watcher.close());
  const access = await openDatabaseAccess({
    target: { host, port, user, database: 'shop' },
    psql: join(clientFor(server.major).directory, 'psql'),
    environment: { PGPASSWORD: password, LC_ALL: 'C' },
    hostname: 'here',
    onToolLine: () => {},
    signal: new AbortController().signal,
  });
  // Their removal makes the end of the server's process last; its locks go after that.
  await access.session.execute(
    `DO $$ BEGIN FOR i IN 1..2000 LOOP EXECUTE format('CREATE TEMPORARY TABLE slow_%s ()', i); END LOOP; END $$`,
  );
  const held = () => watcher.query(`SELECT pid FROM pg_locks WHERE locktype = 'advisory'`);
  assert.equal((await held()).length, 1);

  await access.close();
  assert.deepEqual(await held(), []);
  await access.close();
});
