import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { wrapClient } from '../harness/fake-bin.ts';
import { clientDirectories, missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { assertFailed } from './assert-failed.ts';
import { holdDump } from './held-dump.ts';
import { install } from './installation.ts';
import { until } from './until.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15');
const client15 = clientDirectories().get(15) ?? '';

describe('beside the dump', { skip, concurrency: 2 }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
    await server.psql(`CREATE TABLE item AS SELECT md5(i::text) FROM generate_series(1, 20000) AS i;
      CREATE ROLE few LOGIN PASSWORD 'p4ss' CONNECTION LIMIT 3; GRANT SELECT ON item TO few`);
    for (const database of ['held', 'noticed', 'refused', 'damaged', 'locked', 'looped']) {
      await server.psql(`CREATE DATABASE ${database} TEMPLATE postgres`, { database: 'template1' });
    }
  });
  after(() => server.stop());

  test('the globals are dumped and the dump is read back, and the record tells when', async (t) => {
    const here = install(t, server, 'held');
    const dump = holdDump(t, server, 'in the midst');
    const running = here.start(['backup'], dump.settings);
    await dump.held();
    await until(() => /globals: done/.test(here.log()), true);
    dump.letGo();
    const { exitCode, stderr } = await running.finished;
    assert.equal(exitCode, 0, stderr);
    const { stages } = here.newest().record;
    const [beginDump, endDump] = timesOf('dump');
    const [beginVerify, endVerify] = timesOf('verify');
    assert.ok(beginDump < beginVerify && beginVerify < endDump && endDump < endVerify + 1);
    assert.ok(timesOf('globals')[1] < endDump);
    const begins = stages.map(({ startedAt }) => startedAt);
    assert.deepEqual(begins, begins.toSorted());

    function timesOf(name: string): [number, number] {
      const stage = stages.find((candidate) => candidate.name === name) ?? assert.fail(name);
      const begin = Date.parse(stage.startedAt);
      return [begin, begin + stage.durationSeconds * 1000];
    }
  });

  test('the globals wait where the user has no further connection', async (t) => {
    const user = { PG_USER: 'few', PGPASSWORD: 'p4ss' };
    const here = install(t, server, 'postgres', user);
    const dump = holdDump(t, server, 'in the midst');
    const running = here.start(['backup'], dump.settings);
    await dump.held();
    await until(() => /pg_dumpall: error: could not connect/.test(here.log()), true);
    dump.letGo();
    const { exitCode, stderr } = await running.finished;
    assert.equal(exitCode, 0, stderr);
    const { record } = here.newest();
    assert.deepEqual([record.globals, record.fingerprint?.status], ['without passwords', 'complete']);
    assert.deepEqual(here.leftovers(), []);
  });

  test('the globals wait, too, until the server has noticed that pg_dump has ended', async (t) => {
    // The server's process of a client that has ended lives for a moment; here, as long as pg_dumpall is refused.
    const script = `echo tried >>"$0.tries"
      if (( $(wc -l <"$0.tries") < 4 )); then
        echo 'pg_dumpall: error: connection to server at "here", port 1 failed: FATAL:  too many connections for role "few"' >&2
        exit 1
      fi
      exec "$REAL" "$@"`;
    const client = wrapClient(client15, { pg_dumpall: script }, t);
    const here = install(t, server, 'noticed', { PG_BIN_DIR: client });
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 0, stderr);
    assert.equal(here.newest().record.globals, 'with passwords');
    assert.deepEqual(here.leftovers(), []);
  });

  test('what fails ends the dump, and is the one thing that is told', async (t) => {
    const script = '"$REAL" "$@"; echo "it lingers" >&2; exec sleep 1000';
    const programs = { pg_dump: script, pg_dumpall: 'echo "no luck" >&2; exit 1' };
    const here = install(t, server, 'refused', { PG_BIN_DIR: wrapClient(client15, programs, t) });
    assertFailed(here, await here.run(['backup']), 8, /^pg_dumpall --globals-only failed .*no luck/);
    const { stages, error } = here.newest().record;
    assert.equal(error?.stage, 'globals');
    assert.deepEqual(
      stages.map(({ name, outcome }) => `${name} ${outcome}`),
      ['lock done', 'preflight done', 'globals failed'],
    );
    assert.equal(here.log().match(/: failed after/g)?.length, 1);
  });

  test('a failure does not wait for a fingerprint that waits for somebody’s lock', async (t) => {
    const psql = `env PGPASSWORD='${server.password}' '${client15}/psql' -h '${server.host}' -p ${server.port} -U ${server.user} locked`;
    const held = `SELECT 1 FROM pg_locks WHERE granted AND mode = 'AccessExclusiveLock' AND relation = 'item'::regclass`;
    const programs = {
      pg_dump: `"$REAL" "$@" > "$TMPDIR/dump" || exit
        ${psql} -c 'BEGIN; LOCK TABLE item; SELECT pg_sleep(1000)' >/dev/null 2>&1 &
        until ${psql} -Atc "${held}" | grep -q 1; do :; done
        cat "$TMPDIR/dump"; kill $!; rm "$TMPDIR/dump"`,
      pg_restore: 'cat >/dev/null; echo "pg_restore: error: damaged" >&2; exit 1',
    };
    const here = install(t, server, 'locked', { PG_BIN_DIR: wrapClient(client15, programs, t) });
    assertFailed(here, await here.run(['backup']), 9, /damaged/);
    const { stages, proof } = here.newest().record;
    assert.deepEqual([stages.find(({ name }) => name === 'fingerprint'), proof], [undefined, 'none']);
    assert.doesNotMatch(here.log(), /fingerprint/i);
  });

  test('a dump that cannot be opened is told as the fault of reading it back', async (t) => {
    const script = `for word; do if [[ $word == --file=* ]]; then file=\${word#--file=}; fi; done
rm "$file"; ln --symbolic "$file" "$file"; exec sleep 1000`;
    const PG_BIN_DIR = wrapClient(client15, { pg_dump: script }, t);
    const here = install(t, server, 'looped', { PG_BIN_DIR, BACKUP_COMPRESS_THREADS: '0' });
    assertFailed(here, await here.run(['backup']), 10, /ELOOP/);
    assert.equal(here.newest().record.error?.stage, 'verify');
  });

  test('damage ends the dump as soon as it is read', async (t) => {
    const script = `for word; do if [[ $word == --file=* ]]; then file=\${word#--file=}; fi; done
      "$REAL" "\${@/#--file=*/--file=$TMPDIR/dump}"
      { head -c 100000 "$TMPDIR/dump"; head -c 20000 /dev/zero; } > "$file"
      exec sleep 1000`;
    const client = wrapClient(client15, { pg_dump: script }, t);
    const here = install(t, server, 'damaged', { PG_BIN_DIR: client, BACKUP_COMPRESS_THREADS: '0' });
    assertFailed(here, await here.run(['backup']), 9, /^The dump cannot be read back/);
    assert.equal(here.newest().record.error?.stage, 'verify');
  });
});
