import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { wrapClient } from '../harness/fake-bin.ts';
import { missing } from '../harness/parts.ts';
import type { PostgresServer } from '../harness/postgres-server.ts';
import { assertFailed } from './assert-failed.ts';
import { clientFor } from './client-program.ts';
import { untilConnected } from './connected.ts';
import { inGerman, missingGerman } from './german-server.ts';
import { holdDump } from './held-dump.ts';
import { type Env, install } from './installation.ts';
import { startReplicated, untilTrue } from './replicated.ts';
import { until } from './until.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15');

/** More than the buffers between server and client take, so that a client that stands still stops the server. */
const BIG_TABLE = `CREATE TABLE big AS SELECT id, repeat(md5(id::text), 4) AS filler FROM generate_series(1, 200000) AS id`;
const PAUSE: Env = { BACKUP_PAUSE_REPLAY: 'true' };
const RESUMED = `NOT pg_is_wal_replay_paused()`;

for (const [major, client] of [
  [14, 15],
  [15, 15],
  [18, 18],
] as const) {
  const isMissing = missing(`postgres-server-${major}`) || missing(`postgres-client-${client}`);
  describe(`a dump of a standby server ${major}`, { skip: isMissing, timeout: 120_000 }, () => {
    test('that replay cancels is told as such, with what helps', async (t) => {
      const { primary, standby, caughtUp } = await startReplicated(t, { major, script: BIG_TABLE });
      const dump = holdDump(t, standby, 'in the midst');
      const here = install(t, standby, 'postgres', { ...dump.settings, BACKUP_COMPRESS: '0' });
      const running = here.start(['backup']);
      await dump.held();
      await removeRows(primary, caughtUp);
      await untilTrue(standby, `pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn()`);
      dump.letGo();
      assertFailed(
        here,
        await running.finished,
        8,
        new RegExp(
          `^The standby server 127\\.0\\.0\\.1:${standby.port} cancelled the dump, .*due to conflict with recovery.*BACKUP_PAUSE_REPLAY=true; or .*hot_standby_feedback`,
        ),
      );
      assert.equal(here.newest().record.error?.code, 'REPLAY_CONFLICT');
    });

    test('goes well while replay is paused, which goes on afterwards', async (t) => {
      const replicated = await startReplicated(t, { major, script: BIG_TABLE });
      const { primary, standby } = replicated;
      const dump = holdDump(t, standby, 'in the midst');
      const here = install(t, standby, 'postgres', { ...dump.settings, ...PAUSE, BACKUP_COMPRESS: '0' });
      const running = here.start(['backup']);
      await dump.held();
      assert.equal(await standby.psql('SELECT pg_get_wal_replay_pause_state()'), 'paused');
      await removeRows(primary);
      await untilTrue(standby, `pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn()`);
      dump.letGo();
      const { exitCode, stderr } = await running.finished;
      assert.equal(exitCode, 0, stderr);
      const { record } = here.newest();
      assert.deepEqual([record.fingerprint?.status, record.fingerprint?.rows], ['complete', 200_000]);
      assert.match(here.log(), /Replay of WAL on 127\.0\.0\.1:\d+ is paused;/);
      assert.match(here.log(), /goes on again; it was paused for \d+ s/);
      await replicated.caughtUp();
      assert.equal(await standby.psql('SELECT count(*) FROM big'), '100000');
      assert.deepEqual(here.leftovers(), []);
    });
  });
}

test('a database that is dropped on the primary while it is backed up on the standby is told as a conflict', {
  skip,
  timeout: 120_000,
}, async (t) => {
  const { primary, standby } = await startReplicated(t, { script: 'CREATE DATABASE doomed' });
  const dump = holdDump(t, standby, 'before it begins');
  const here = install(t, standby, 'doomed', dump.settings);
  const running = here.start(['backup']);
  await dump.held();
  await primary.psql('DROP DATABASE doomed');
  assertFailed(
    here,
    await running.finished,
    8,
    /cancelled the dump, .*terminating connection due to conflict with recovery/,
  );
});

test('what a standby server says of a conflict in German is understood', {
  skip: skip || missingGerman(),
  timeout: 120_000,
}, async (t) => {
  const { primary, standby, caughtUp } = await startReplicated(t, { script: BIG_TABLE, files: inGerman(t) });
  const dump = holdDump(t, standby, 'in the midst');
  const here = install(t, standby, 'postgres', { ...dump.settings, BACKUP_COMPRESS: '0' });
  const running = here.start(['backup']);
  await dump.held();
  await removeRows(primary, caughtUp);
  await untilTrue(standby, `pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn()`);
  dump.letGo();
  assertFailed(here, await running.finished, 8, /cancelled the dump, .*Konflikt mit der Wiederherstellung/);
  assert.equal(here.newest().record.error?.code, 'REPLAY_CONFLICT');
});

describe('a pause of replay', { skip, timeout: 120_000 }, () => {
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    test(`ends by itself after a ${signal}`, async (t) => {
      const { standby } = await startReplicated(t);
      const dump = holdDump(t, standby, 'before it begins');
      const here = install(t, standby, 'postgres', { ...dump.settings, ...PAUSE });
      const running = here.start(['backup']);
      await dump.held();
      assert.equal(await standby.psql('SELECT pg_get_wal_replay_pause_state()'), 'paused');
      running.kill(signal);
      await running.finished;
      await untilTrue(standby, RESUMED);
      await until(() => here.leftovers().filter((name) => name.startsWith('process')), []);
      await untilNobodyConnected(standby);
    });
  }

  test('ends with the work on the server, and not only when the dump has been read back', async (t) => {
    const { standby } = await startReplicated(t, { script: 'CREATE TABLE item AS SELECT 1 AS id' });
    const here = install(t, standby, 'postgres', PAUSE);
    const go = join(here.directory, 'go');
    const waiting = `echo waiting >&2; until [[ -e '${go}' ]]; do sleep 0.05; done; exec "$REAL" "$@"`;
    const client = wrapClient(clientFor(15).directory, { pg_restore: waiting }, t);
    const running = here.start(['backup'], { PG_BIN_DIR: client });
    await running.waitForOutput(/goes on again; it was paused for/);
    assert.deepEqual(here.reports(), []);
    assert.equal(await standby.psql(`SELECT ${RESUMED}`), 't');
    writeFileSync(go, '');
    assert.equal((await running.finished).exitCode, 0);
    assert.equal(here.log().match(/goes on again/g)?.length, 1);
  });

  test('of somebody else is left to him', async (t) => {
    const { standby } = await startReplicated(t);
    await standby.psql('SELECT pg_wal_replay_pause()');
    const here = install(t, standby, 'postgres', PAUSE);
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 0, stderr);
    assert.match(here.log(), /was paused already, by another run or by somebody else/);
    assert.doesNotMatch(here.log(), /goes on again/);
    await untilNobodyConnected(standby);
    assert.equal(await standby.psql('SELECT pg_is_wal_replay_paused()'), 't');
  });

  test('of somebody else that ends too early is taken over, and then ended', async (t) => {
    const { standby } = await startReplicated(t);
    await standby.psql('SELECT pg_wal_replay_pause()');
    const dump = holdDump(t, standby, 'before it begins');
    const here = install(t, standby, 'postgres', { ...dump.settings, ...PAUSE });
    const running = here.start(['backup']);
    await dump.held();
    await standby.psql('SELECT pg_wal_replay_resume()');
    await untilTrue(standby, `pg_get_wal_replay_pause_state() = 'paused'`);
    dump.letGo();
    assert.equal((await running.finished).exitCode, 0);
    await untilTrue(standby, RESUMED);
  });

  test('lasts until the last of two runs is through, whichever paused', async (t) => {
    const { standby } = await startReplicated(t, { script: 'CREATE DATABASE other' });
    const [first, second] = [0, 1].map(() => holdDump(t, standby, 'before it begins'));
    assert.ok(first && second);
    const runs = [
      install(t, standby, 'postgres', { ...first.settings, ...PAUSE }).start(['backup']),
      install(t, standby, 'other', { ...second.settings, ...PAUSE }).start(['backup']),
    ];
    await Promise.all([first.held(), second.held()]);
    first.letGo();
    assert.equal((await runs[0]?.finished)?.exitCode, 0);
    await untilConnected(standby, `application_name LIKE 'pg-backup on %'`, 1);
    assert.equal(await standby.psql('SELECT pg_get_wal_replay_pause_state()'), 'paused');
    second.letGo();
    assert.equal((await runs[1]?.finished)?.exitCode, 0);
    await untilTrue(standby, RESUMED);
  });

  for (const how of ['cancel', 'terminate'] as const) {
    test(`whose guard is gone by pg_${how}_backend ends, and the run says so`, async (t) => {
      const { standby } = await startReplicated(t);
      const dump = holdDump(t, standby, 'before it begins');
      const here = install(t, standby, 'postgres', { ...dump.settings, ...PAUSE });
      const running = here.start(['backup']);
      await dump.held();
      await standby.psql(
        `SELECT pg_${how}_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'pg-backup replay guard%'`,
      );
      await untilTrue(standby, RESUMED);
      dump.letGo();
      assert.equal((await running.finished).exitCode, 0);
      assert.match(here.log(), /goes on before this run is through with the database/);
      assert.equal(await standby.psql(`SELECT ${RESUMED}`), 't');
    });
  }

  test('that the user may not make fails with the right that helps', async (t) => {
    const replicated = await startReplicated(t, {
      script: `CREATE ROLE "Lister" LOGIN PASSWORD 'p4ss'; GRANT pg_read_all_data TO "Lister"`,
    });
    const { primary, standby } = replicated;
    const here = install(t, standby, 'postgres', {
      ...PAUSE,
      ...{ PG_USER: 'Lister', PGPASSWORD: 'p4ss', INCLUDE_GLOBALS: 'false' },
    });
    assertFailed(
      here,
      await here.run(['backup']),
      6,
      /could not be paused: the user "Lister" may not execute pg_wal_replay_pause\(\).* on the primary, in the database "postgres": GRANT/,
    );
    const { error } = here.newest().record;
    assert.equal(error?.code, 'REPLAY_PAUSE_FAILED');
    await primary.psql(/GRANT .*;/.exec(error.hint)?.[0] ?? '');
    await replicated.caughtUp();
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 0, stderr);
    assert.match(here.log(), /goes on again/);
  });

  test('needs plpgsql, and says so where it is not there', async (t) => {
    const { standby } = await startReplicated(t, { script: 'DROP EXTENSION plpgsql' });
    const here = install(t, standby, 'postgres', PAUSE);
    assertFailed(here, await here.run(['backup']), 6, /the database has no language plpgsql/);
    assert.equal(await standby.psql(`SELECT ${RESUMED}`), 't');
  });

  test('is not made where there is nothing to pause', async (t) => {
    const { primary } = await startReplicated(t);
    const here = install(t, primary, 'postgres', PAUSE);
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 0, stderr);
    assert.match(here.log(), /is no standby server, so there is nothing to pause/);
  });

  test('outlives neither the promotion of the server nor hinders it', async (t) => {
    const { standby } = await startReplicated(t);
    const dump = holdDump(t, standby, 'before it begins');
    const here = install(t, standby, 'postgres', { ...dump.settings, ...PAUSE });
    const running = here.start(['backup']);
    await dump.held();
    await standby.psql('SELECT pg_promote()');
    await untilTrue(standby, 'NOT pg_is_in_recovery()');
    dump.letGo();
    const { exitCode, stderr } = await running.finished;
    assert.equal(exitCode, 0, stderr);
    await untilNobodyConnected(standby);
  });
});

/** Removes what a dump that began before needs to see; where `deleted` is given, vacuums only once it has resolved. */
async function removeRows(primary: PostgresServer, deleted?: () => Promise<void>): Promise<void> {
  await primary.psql('DELETE FROM big WHERE id % 2 = 0');
  await deleted?.();
  await primary.psql('VACUUM big');
}

function untilNobodyConnected(server: PostgresServer): Promise<void> {
  return untilConnected(server, `application_name LIKE 'pg-backup%'`, 0);
}
