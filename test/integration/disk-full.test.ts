import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import type { Stage } from '../../src/report/record.ts';
import { missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { backupWithEvent } from './at-stage.ts';
import { type Installation, install } from './installation.ts';
import { type OssBucket, startOssBucket } from './oss-bucket.ts';
import { freeBytesOf, freeDisk, smallDisk } from './small-disk.ts';

const skip =
  missing('tmpfs') || missing('postgres-server-15') || missing('postgres-client-15') || missing('ossutil');
const DISK_BYTES = 3 * 1024 * 1024;
const WRITING_STAGES: readonly Stage[] = [
  'lock',
  'preflight',
  'dump',
  'globals',
  'verify',
  'fingerprint',
  'checksum',
  'report',
];

describe('a disk that fills up', { skip, concurrency: 2 }, () => {
  let server: PostgresServer;
  let bucket: OssBucket;
  before(async () => {
    server = await startPostgres();
    bucket = await startOssBucket();
    for (const database of [...WRITING_STAGES, 'upload', 'retention', 'grows', 'start']) {
      await server.createDatabase(database);
      await server.psql('CREATE TABLE item AS SELECT md5(i::text) FROM generate_series(1, 5000) AS i', {
        database,
      });
    }
  });
  after(async () => {
    await bucket.close();
    await server.stop();
  });

  for (const stage of WRITING_STAGES) {
    test(`when ${stage} starts fails that run alone`, async (t) => {
      const { here, disk } = await start(t, stage);
      assert.equal((await here.run(['backup'])).exitCode, 0);
      const older = here.newest();
      const olderFiles = contentsOf(here);

      const { exitCode, stderr } = await backupWithEvent(t, here, stage, `fill:${disk}`);
      assert.equal(exitCode, 10, stderr);
      assert.match(stderr, /No space left on the device while writing/);
      for (const [name, content] of olderFiles)
        assert.deepEqual(readFileSync(join(here.data, name)), content);
      assert.deepEqual(
        here.leftovers().filter((name) => !name.startsWith('running/')),
        [],
      );
      const wasReported = here.reports().length === 2;
      if (wasReported) {
        assert.match(
          here.newest().report.errorMessage,
          /^No space left on the device while writing .*prune --dry-run$/,
        );
        assert.deepEqual(here.leftovers(), []);
      }

      freeDisk(disk);
      const next = await here.run(['backup']);
      assert.equal(next.exitCode, 0, next.stderr);
      assert.deepEqual(here.leftovers(), []);
      assert.deepEqual(
        here.reports().map(({ report }) => report.status),
        ['SUCCESS', 'FAILED', 'SUCCESS'],
      );
      assert.deepEqual(here.reports()[0]?.report, older.report);
      if (!wasReported) assert.match(here.reports()[1]?.report.errorMessage ?? '', /the disk was full/);
      for (const { record } of here.records()) {
        if (record.artifacts.length > 0)
          assert.deepEqual([record.proof, record.awaitsUpload], ['stored', false]);
      }
    });
  }

  for (const stage of ['upload', 'retention'] as const) {
    test(`when ${stage} starts is no hindrance to what only reads`, async (t) => {
      const { here, disk } = await start(t, stage, { BACKUP_MODE: 'both' });
      const { exitCode, stderr } = await backupWithEvent(t, here, stage, `fill:${disk}`);
      freeDisk(disk);
      if (stage === 'retention') {
        assert.equal(exitCode, 0, stderr);
      } else {
        // The upload went well; the report of it had no room.
        assert.equal(exitCode, 10, stderr);
        assert.equal(bucket.objects(stage).size, 4);
      }
      assert.equal((await here.run(['backup'])).exitCode, 0);
      assert.deepEqual(here.leftovers(), []);
      assert.equal(here.reports().length, 2);
      for (const { record } of here.records()) assert.equal(record.proof, 'stored');
    });
  }

  test('because the dump is larger than it is reported with what is free', async (t) => {
    await server.psql(
      `CREATE TABLE much AS SELECT i, md5(i::text) || md5((-i)::text) AS t FROM generate_series(1, 100000) AS i`,
      { database: 'grows' },
    );
    // The globals would meet the full disk, too.
    const { here, disk } = await start(t, 'grows', { INCLUDE_GLOBALS: 'false' });
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 10, stderr);
    assert.deepEqual([here.files(), here.leftovers()], [[], []]);
    const { report, record } = here.newest();
    assert.match(report.errorMessage, /^No space left on the device while writing .*\.dump\.partial/);
    assert.deepEqual([record.error?.code, record.error?.stage], ['DISK_FULL', 'dump']);
    assert.ok(freeBytesOf(disk) > DISK_BYTES / 2);
  });

  async function start(
    t: TestContext,
    database: string,
    changes: Record<string, string> = {},
  ): Promise<{ here: Installation; disk: string }> {
    const disk = await smallDisk(t, DISK_BYTES);
    const here = install(t, server, database, {
      ...bucket.settings(database),
      BACKUP_BASE_DIR: join(disk, 'base'),
      BACKUP_LOG_DIR: join(disk, 'log'),
      ...changes,
    });
    return { here, disk };
  }
});

function contentsOf(here: Installation): Map<string, Buffer> {
  return new Map(here.files().map((name) => [name, readFileSync(join(here.data, name))]));
}
