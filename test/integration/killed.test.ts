import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { STAGES, type Stage } from '../../src/report/record.ts';
import { artifactsOf } from '../backup/past-run.ts';
import { wrapClient } from '../harness/fake-bin.ts';
import { clientDirectories, missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { backupWithEvent } from './at-stage.ts';
import { install } from './installation.ts';
import { type OssBucket, startOssBucket } from './oss-bucket.ts';
import { until } from './until.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15') || missing('ossutil');
/** Which files had their names, as they get them one by one, the dump last; and those that had none. */
const NAMED_FILES = new Map([
  ['the fingerprint alone', /\.dump|_globals\.sql$/],
  ['all but the dump', /\.dump$/],
]);

describe('a run that was killed', { skip, concurrency: 2 }, () => {
  let server: PostgresServer;
  let bucket: OssBucket;
  before(async () => {
    server = await startPostgres();
    bucket = await startOssBucket();
    for (const database of [...STAGES, 'in the dump', 'pruned', 'no report', ...NAMED_FILES.keys()]) {
      await server.createDatabase(database);
      await server.psql('CREATE TABLE item AS SELECT generate_series(1, 1000) AS id', { database });
    }
  });
  after(async () => {
    await bucket.close();
    await server.stop();
  });

  for (const stage of STAGES) {
    test(`at the start of ${stage} is repaired by the next backup`, async (t) => {
      const here = install(t, server, stage, bucket.settings(stage));
      const killed = await backupWithEvent(t, here, stage, 'SIGKILL');
      assert.equal(killed.signal, 'SIGKILL');
      await until(() => here.leftovers().filter((name) => name.startsWith('process')), []);
      const before = here.reports();
      assert.deepEqual(
        before.map(({ report }) => report.status),
        stage === 'retention' ? ['SUCCESS'] : [],
      );

      const next = await here.run(['backup']);
      assert.equal(next.exitCode, 0, next.stderr);
      assert.deepEqual(here.leftovers(), []);
      const [repaired, good] = here.reports();
      assert.equal(good?.report.status, 'SUCCESS');
      if (stage === 'retention') assert.deepEqual(repaired, before[0]);
      else assertReportedAsKilled(repaired?.report, AFTER_THE_FILES.includes(stage));

      // Whatever was complete is sent: nothing waits any more.
      const runsWithFiles = here.records().filter(({ record }) => record.artifacts.length > 0);
      assert.equal(runsWithFiles.length, AFTER_THE_FILES.includes(stage) ? 2 : 1);
      for (const { record } of runsWithFiles)
        assert.deepEqual([record.proof, record.awaitsUpload], ['stored', false]);
      const names = runsWithFiles.flatMap(({ name }) => artifactsOf(name));
      assert.deepEqual(
        runsWithFiles.flatMap(({ record }) => record.artifacts.map((artifact) => artifact.name)),
        names,
      );
      assert.deepEqual(here.files(), names.sort());
      assert.deepEqual([...bucket.objects(stage).keys()].sort(), names.sort());

      const reports = here.reports();
      assert.equal((await here.run(['prune'])).exitCode, 0);
      assert.deepEqual(here.reports(), reports);
      assert.deepEqual(here.files(), names.sort());
    });
  }

  test('is repaired by prune as well', async (t) => {
    const here = install(t, server, 'pruned');
    await backupWithEvent(t, here, 'verify', 'SIGKILL');
    const { exitCode, stderr } = await here.run(['prune']);
    assert.equal(exitCode, 0, stderr);
    assert.match(stderr, /was killed before it ended; it is now reported as FAILED/);
    assert.deepEqual(here.leftovers(), []);
    assert.deepEqual(here.files(), []);
    assertReportedAsKilled(here.newest().report, false);
    assert.equal(here.reports().length, 1);
  });

  test('between the record and the report is reported, and what it was writing goes', async (t) => {
    const here = install(t, server, 'no report');
    await backupWithEvent(t, here, 'retention', 'SIGKILL');
    const { name } = here.newest();
    renameSync(
      join(here.base, 'reports', `${name}.json`),
      join(here.base, 'reports', `${name}.json.1234567`),
    );
    const next = await here.run(['backup']);
    assert.equal(next.exitCode, 0, next.stderr);
    assert.deepEqual(here.leftovers(), []);
    assertReportedAsKilled(here.reports()[0]?.report, true);
    assert.equal(here.records()[0]?.record.error?.code, 'KILLED');
  });

  for (const [named, unnamed] of NAMED_FILES) {
    test(`when ${named} had a name leaves none of its files`, async (t) => {
      const here = install(t, server, named);
      await backupWithEvent(t, here, 'report', 'SIGKILL');
      assert.equal(here.files().length, 4);
      for (const name of here.files().filter((file) => unnamed.test(file)))
        renameSync(join(here.data, name), join(here.data, `.${name}.partial`));
      assert.ok(here.files().some((name) => name.endsWith('_fingerprint.json')));
      const { exitCode, stderr } = await here.run(['prune']);
      assert.equal(exitCode, 0, stderr);
      assert.deepEqual(here.leftovers(), []);
      assert.deepEqual(here.files(), []);
      assertReportedAsKilled(here.newest().report, false);
    });
  }

  test('in the middle of the dump takes pg_dump with it', async (t) => {
    const binDirectory = clientDirectories().get(15) ?? '';
    const here = install(t, server, 'in the dump');
    const gate = join(here.directory, 'gate');
    const client = wrapClient(
      binDirectory,
      {
        pg_dump: `mkfifo '${gate}'
          for argument; do case $argument in --file=*) printf 'PGDMP' >"\${argument#--file=}" ;; esac; done
          echo 'half is written' >&2
          read -r <'${gate}'`,
      },
      t,
    );
    const running = here.start(['backup'], { PG_BIN_DIR: client, BACKUP_COMPRESS_THREADS: '0' });
    await running.waitForOutput(/half is written/);
    assert.ok(here.leftovers().some((name) => name.endsWith('.dump.partial')));
    assert.ok(here.leftovers().some((name) => /process.*pg_dump.*--file=/.test(name)));
    running.kill('SIGKILL');
    await running.finished;
    await until(() => here.leftovers().filter((name) => name.startsWith('process')), []);

    const next = await here.run(['backup']);
    assert.equal(next.exitCode, 0, next.stderr);
    assert.deepEqual(here.leftovers(), []);
    assert.deepEqual(
      here.reports().map(({ report }) => report.status),
      ['FAILED', 'SUCCESS'],
    );
  });
});

const AFTER_THE_FILES: readonly Stage[] = ['upload', 'confirm', 'report', 'retention'];

function assertReportedAsKilled(
  report: { status: string; errorMessage: string } | undefined,
  isComplete: boolean,
) {
  assert.equal(report?.status, 'FAILED');
  assert.match(report.errorMessage, /ended without a report/);
  assert.match(report.errorMessage, isComplete ? /complete and were kept/ : /unfinished files were removed/);
}
