import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { STAGES, type Stage } from '../../src/report/record.ts';
import { wrapClient } from '../harness/fake-bin.ts';
import { clientDirectories, missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { backupWithEvent } from './at-stage.ts';
import { install } from './installation.ts';
import { type OssBucket, startOssBucket } from './oss-bucket.ts';
import { until } from './until.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15') || missing('ossutil');
const EXIT_CODES = { SIGTERM: 143, SIGINT: 130 } as const;
const BEFORE_THE_FILES: readonly Stage[] = [
  'before-hook',
  'lock',
  'preflight',
  'dump',
  'globals',
  'verify',
  'fingerprint',
];

describe('a run that is told to stop', { skip, concurrency: 2 }, () => {
  let server: PostgresServer;
  let bucket: OssBucket;
  before(async () => {
    server = await startPostgres();
    bucket = await startOssBucket();
    for (const stage of STAGES) {
      for (const signal of ['SIGTERM', 'SIGINT']) {
        const database = `${stage} ${signal}`;
        await server.createDatabase(database);
        await server.psql('CREATE TABLE item AS SELECT generate_series(1, 1000) AS id', { database });
      }
    }
  });
  after(async () => {
    await bucket.close();
    await server.stop();
  });

  for (const stage of STAGES) {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      test(`by ${signal} at the start of ${stage} ends with a report`, async (t) => {
        const prefix = `${stage}-${signal}`;
        const here = install(t, server, `${stage} ${signal}`, bucket.settings(prefix));
        const { exitCode, stderr } = await backupWithEvent(t, here, stage, signal);
        assert.equal(exitCode, EXIT_CODES[signal], stderr);
        assert.deepEqual(here.leftovers(), []);
        assert.equal(here.reports().length, 1);
        const { report, record } = here.newest();
        assert.deepEqual(here.files(), record.artifacts.map((artifact) => artifact.name).sort());
        if (BEFORE_THE_FILES.includes(stage)) assert.deepEqual(here.files(), []);

        // From the report on, the run is done: the signal only spares what comes after it.
        if (stage === 'retention') assert.equal(report.status, 'SUCCESS');
        else if (stage !== 'report') assert.equal(report.status, 'FAILED');
        if (report.status === 'SUCCESS') {
          assert.equal(record.proof, 'stored');
          return;
        }
        assert.match(report.errorMessage, new RegExp(`^Interrupted by ${signal}\\.`));
        assert.deepEqual([record.error?.code, record.error?.exitCode], ['INTERRUPTED', exitCode]);
        assert.match(here.log(), new RegExp(`${signal} received: stopping`));
      });
    }
  }

  test('while pg_dump works tells it to stop', async (t) => {
    const trap = `trap 'echo "told to stop" >&2; exit 1' TERM`;
    const { here, running } = await startBlockedBackup(t, 'lock SIGTERM', trap);
    running.kill('SIGTERM');
    assert.equal((await running.finished).exitCode, 143);
    assert.match(here.log(), /pg_dump: told to stop/);
    assert.deepEqual(here.leftovers(), []);
    assert.match(here.newest().report.errorMessage, /^Interrupted by SIGTERM\./);
  });

  test('ends a pg_dump that does not listen after five seconds', async (t) => {
    const { here, running } = await startBlockedBackup(t, 'lock SIGINT', "trap '' TERM INT");
    running.kill('SIGINT');
    assert.equal((await running.finished).exitCode, 130);
    assert.deepEqual(here.leftovers(), []);
    assert.match(here.newest().report.errorMessage, /^Interrupted by SIGINT\./);
  });

  test('twice ends at once, and the next start reports it', async (t) => {
    const { here, running } = await startBlockedBackup(t, 'dump SIGTERM', "trap '' TERM INT");
    running.kill('SIGTERM');
    await running.waitForOutput(/SIGTERM received: stopping/);
    running.kill('SIGTERM');
    assert.equal((await running.finished).exitCode, 143);
    // There was no time for a report.
    assert.deepEqual(here.reports(), []);
    await until(() => here.leftovers().filter((name) => name.startsWith('process')), []);

    assert.equal((await here.run(['prune'])).exitCode, 0);
    assert.deepEqual(here.leftovers(), []);
    assert.equal(here.newest().report.status, 'FAILED');
  });

  /** A backup whose pg_dump has written a part and waits for ever. */
  async function startBlockedBackup(t: TestContext, database: string, firstLine: string) {
    const here = install(t, server, database);
    const gate = join(here.directory, 'gate');
    const pgDump = `${firstLine}
      mkfifo '${gate}'
      for argument; do case $argument in --file=*) printf 'PGDMP' >"\${argument#--file=}" ;; esac; done
      exec 3<>'${gate}'
      echo 'half is written' >&2
      while true; do read -r <&3; done`;
    const client = wrapClient(clientDirectories().get(15) ?? '', { pg_dump: pgDump }, t);
    const running = here.start(['backup'], { PG_BIN_DIR: client, BACKUP_COMPRESS_THREADS: '0' });
    await running.waitForOutput(/half is written/);
    return { here, running };
  }
});
