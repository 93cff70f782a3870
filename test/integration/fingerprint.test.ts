import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { parseFingerprint } from '../../src/fingerprint/fingerprint.ts';
import { artifactsOf } from '../backup/past-run.ts';
import { wrapClient } from '../harness/fake-bin.ts';
import { clientDirectories, missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { assertFailed } from './assert-failed.ts';
import { untilConnected } from './connected.ts';
import { type Env, type Installation, install } from './installation.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15');
const client15 = clientDirectories().get(15) ?? '';
const NO_SUCH_SNAPSHOT = '"$REAL" "${@/#--snapshot=*/--snapshot=00000003-0000001B-1}"';

describe('the fingerprint of a run', { skip, concurrency: 2 }, () => {
  let server: PostgresServer;
  let databases = 0;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server.stop());

  test('is not taken where the user has no connection left for it, and the dump is', async (t) => {
    const here = await start(t);
    const database = here.env['PG_DATABASE'] ?? '';
    await server.psql(
      `CREATE ROLE busy LOGIN PASSWORD 'p4ss' CONNECTION LIMIT 2; GRANT SELECT ON item TO busy;`,
      { database },
    );
    const result = await here.run(['backup'], { PG_USER: 'busy', PGPASSWORD: 'p4ss' });
    assertWithoutFingerprint(here, result, /The fingerprint was given up: .*third connection/);
  });

  test('is not taken for want of the right to share a snapshot, and the dump is', async (t) => {
    const here = await start(t);
    const database = here.env['PG_DATABASE'] ?? '';
    await server.psql(
      `CREATE ROLE alone LOGIN PASSWORD 'p4ss'; GRANT SELECT ON item TO alone;
       REVOKE EXECUTE ON FUNCTION pg_export_snapshot() FROM PUBLIC;`,
      { database },
    );
    const result = await here.run(['backup'], { PG_USER: 'alone', PGPASSWORD: 'p4ss' });
    assertWithoutFingerprint(here, result, /No fingerprint is taken: permission denied for function/);
  });

  test('is not taken where pg_dump shares its snapshot with nobody', async (t) => {
    const here = await start(t, { PG_DUMP_EXTRA_OPTS: '--serializable-deferrable' });
    assertWithoutFingerprint(
      here,
      await here.run(['backup']),
      /No fingerprint is taken: --serializable-deferrable/,
    );
  });

  for (const [what, changes] of [
    ['', {}],
    [', encrypted', { BACKUP_ENCRYPTION: 'age', BACKUP_ENCRYPTION_PASSPHRASE: 'correct horse' }],
  ] as const) {
    test(`is given up where pg_dump reaches a server that does not know the snapshot${what}`, async (t) => {
      const client = wrapClient(client15, { pg_dump: NO_SUCH_SNAPSHOT }, t);
      const here = await start(t, { ...changes, PG_BIN_DIR: client });
      assertWithoutFingerprint(here, await here.run(['backup']), /The fingerprint was given up/);
    });
  }

  test('does not keep a run that has failed from ending', async (t) => {
    const { here, running, goOn } = await startBlocked(t, 'exit 3');
    goOn();
    assertFailed(here, await running.finished, 8, /^pg_dump failed \(exit code 3\)/);
  });

  test('ends with the run that is told to stop while it waits for it', async (t) => {
    const { here, running, goOn } = await startBlocked(t, 'exit 0');
    goOn();
    await running.waitForOutput(/"verify: done/);
    await running.waitForOutput(/"globals: done/);
    running.kill('SIGTERM');
    assertFailed(here, await running.finished, 143, /^Interrupted by SIGTERM/);
    assert.equal(here.newest().record.error?.stage, 'fingerprint');
  });

  test('is partial where its connection is lost, and the backup is whole', async (t) => {
    const { here, running, goOn, isMeasuring } = await startBlocked(t, 'exit 0');
    await server.psql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${isMeasuring}`);
    goOn();
    const { exitCode, stderr } = await running.finished;
    assert.equal(exitCode, 0, stderr);
    const { name, record } = here.newest();
    assert.deepEqual([record.status, record.proof], ['SUCCESS', 'read']);
    const { status, reason, detail = '' } = record.fingerprint ?? {};
    assert.deepEqual([status, reason], ['partial', 'failed']);
    assert.match(detail, /^The connection to 127\.0\.0\.1:\d+ was lost: /);
    assert.match(here.log(), /The fingerprint is partial: it failed\. The connection to .* was lost/);
    assert.deepEqual(here.files(), artifactsOf(name).sort());
    const fingerprint = parseFingerprint(readFileSync(join(here.data, artifactsOf(name)[3]), 'utf8'));
    assert.deepEqual(fingerprint?.tables, [{ schema: 'public', name: 'item', state: 'notReached' }]);
    assert.deepEqual(here.leftovers(), []);
  });

  /** A backup whose fingerprint waits for somebody who has locked the table, and whose pg_dump ends as told once it goes on. */
  async function startBlocked(t: TestContext, end: string) {
    const here = await start(t);
    const database = here.env['PG_DATABASE'] ?? '';
    const [first, second] = [join(here.directory, 'first gate'), join(here.directory, 'second gate')];
    execFileSync('mkfifo', [first, second]);
    const pgDump = `for argument; do case $argument in --file=*) file=\${argument#--file=} ;; esac; done
      "$REAL" "\${@/#--file=*/--file=$TMPDIR/dump}" || exit
      echo 'it is dumped' >&2; read -r <'${first}'
      cat "$TMPDIR/dump" >"$file"; read -r <'${second}'
      ${end}`;
    const client = wrapClient(client15, { pg_dump: pgDump }, t);
    const running = here.start(['backup'], { PG_BIN_DIR: client, BACKUP_COMPRESS_THREADS: '0' });
    await running.waitForOutput(/it is dumped/);
    const locking = Promise.allSettled([
      server.psql('BEGIN; LOCK TABLE item; SELECT pg_sleep(600);', { database }),
    ]);
    const isLocker = `datname = '${database}' AND query LIKE '%pg_sleep(600)%'`;
    t.after(async () => {
      await server.psql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${isLocker}`);
      await locking;
    });
    await untilConnected(server, `${isLocker} AND wait_event = 'PgSleep'`, 1);
    writeFileSync(first, '\n');
    const isMeasuring = `datname = '${database}' AND application_name LIKE 'pg-backup fingerprint%'`;
    await untilConnected(server, `${isMeasuring} AND wait_event_type = 'Lock'`, 1);
    return { here, running, goOn: () => writeFileSync(second, '\n'), isMeasuring };
  }

  async function start(t: TestContext, changes: Env = {}): Promise<Installation> {
    databases += 1;
    const database = `shop ${databases}`;
    await server.createDatabase(database);
    await server.psql('CREATE TABLE item AS SELECT generate_series(1, 1000) AS id', { database });
    return install(t, server, database, changes);
  }
});

function assertWithoutFingerprint(
  here: Installation,
  { exitCode, stderr }: { exitCode: number | null; stderr: string },
  told: RegExp,
): void {
  assert.equal(exitCode, 0, stderr);
  const { record } = here.newest();
  assert.deepEqual([record.status, record.proof, record.fingerprint], ['SUCCESS', 'read', undefined]);
  assert.equal(here.files().length, 3);
  assert.ok(!here.files().some((name) => name.includes('_fingerprint')));
  assert.match(here.log(), told);
  assert.deepEqual(here.leftovers(), []);
}
