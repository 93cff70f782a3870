import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { artifactsOf } from '../backup/past-run.ts';
import { missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { type Installation, install } from './installation.ts';
import { BUCKET, type OssBucket, startOssBucket } from './oss-bucket.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15') || missing('ossutil');

describe('a backup to OSS', { skip, concurrency: 2 }, () => {
  let server: PostgresServer;
  let bucket: OssBucket;
  before(async () => {
    server = await startPostgres();
    bucket = await startOssBucket();
    for (const database of ['both', 'oss', 'again', 'large', '东 西/one']) {
      await server.createDatabase(database);
      await server.psql('CREATE TABLE item AS SELECT generate_series(1, 1000) AS id', { database });
    }
  });
  after(async () => {
    await bucket.close();
    await server.stop();
  });

  test('in mode both holds the very files that are here', async (t) => {
    const here = install(t, server, 'both', bucket.settings('some/where'));
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 0, stderr);
    const { name, report, record } = here.newest();
    const expected = artifactsOf(name).sort();
    assert.deepEqual(here.files(), expected);
    const objects = bucket.objects('some/where');
    assert.deepEqual([...objects.keys()], expected);
    assert.deepEqual(bucket.arrivals('some/where'), artifactsOf(name).toReversed(), 'the dump last');
    for (const artifact of record.artifacts) {
      const object = objects.get(artifact.name);
      assert.deepEqual(object?.content, readFileSync(join(here.data, artifact.name)));
      assert.deepEqual(object.metadata, { sha256: artifact.sha256 });
      assert.equal(object.crc64, artifact.crc64);
    }

    assert.deepEqual(report.remote.urls, [`oss://${BUCKET}/some/where/${name}.dump`]);
    assert.deepEqual([report.mode, report.tool, report.status], ['both', 'ossutil', 'SUCCESS']);
    assert.equal(report.local.file, join(here.data, `${name}.dump`));
    assert.equal(record.proof, 'stored');
    assert.deepEqual(
      record.remote.map(({ url }) => url),
      record.artifacts.map((artifact) => `oss://${BUCKET}/some/where/${artifact.name}`),
    );
    assertNoLitter(here);
  });

  test('in mode oss clears at the next run what a killed one had confirmed but not cleared', async (t) => {
    const here = install(t, server, 'again', bucket.settings('again', 'oss'));
    assert.equal((await here.run(['backup'])).exitCode, 0);
    const { name } = here.newest();
    for (const [artifact, { content }] of bucket.objects('again')) {
      writeFileSync(join(here.data, artifact), content);
    }
    assert.deepEqual(here.files(), artifactsOf(name).sort());
    assert.equal((await here.run(['backup'])).exitCode, 0);
    assert.deepEqual(here.files(), []);
    assert.ok(bucket.objects('again').has(`${name}.dump`));
  });

  test('in mode oss leaves nothing here once it is confirmed', async (t) => {
    const here = install(t, server, 'oss', bucket.settings('mode-oss', 'oss'));
    const { exitCode, stderr } = await here.run(['backup'], { INCLUDE_GLOBALS: 'false' });
    assert.equal(exitCode, 0, stderr);
    assert.deepEqual(here.files(), []);
    const { name, report, record } = here.newest();
    const [dump, checksum, , fingerprint] = artifactsOf(name);
    assert.deepEqual([...bucket.objects('mode-oss').keys()], [dump, checksum, fingerprint]);
    assert.deepEqual([report.local.file, report.local.globalsFile], ['', '']);
    assert.equal(report.local.sizeBytes, bucket.objects('mode-oss').get(`${name}.dump`)?.sizeBytes);
    assert.match(report.local.checksumSha256, /^[0-9a-f]{64}$/);
    assert.equal(record.proof, 'stored');
    assertNoLitter(here);
  });

  test('works without a prefix, with the handbook’s name of ossutil, and for a name that needs encoding', async (t) => {
    const { OSS_PREFIX: _, ...settings } = bucket.settings('');
    const here = install(t, server, '东 西/one', settings);
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 0, stderr);
    const { name, report } = here.newest();
    assert.match(name, /^东%20西%2Fone_/);
    assert.deepEqual(report.remote.urls, [`oss://${BUCKET}/${name}.dump`]);
    const path = bucket.server.objectPath(BUCKET, `${name}.dump`);
    assert.deepEqual(readFileSync(path), readFileSync(report.local.file));
  });

  test('of more than 100 MB goes in parts, one of which is sent again after a reset', async (t) => {
    await server.psql(
      `CREATE TABLE big AS SELECT repeat(md5(i::text), 32000) AS t FROM generate_series(1, 105) AS i`,
      { database: 'large' },
    );
    const here = install(t, server, 'large', { ...bucket.settings('large', 'oss'), BACKUP_COMPRESS: '0' });
    bucket.server.fail({ fault: { kind: 'reset', afterBytes: 100_000 }, operation: 'UploadPart' });
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 0, stderr);
    const parts = bucket.server.requests.filter(({ operation }) => operation === 'UploadPart');
    assert.ok(parts.some(({ status }) => status === 'dropped') && parts.length > 2, JSON.stringify(parts));
    const { name, record } = here.newest();
    const dump = bucket.server.objects(BUCKET).find(({ key }) => key === `large/${name}.dump`);
    assert.ok(dump && dump.sizeBytes > 100 * 1024 * 1024);
    assert.deepEqual([record.proof, record.artifacts[0]?.crc64], ['stored', dump.crc64]);
    assertNoLitter(here);
  });
});

/** ossutil writes folders into its working directory and its home unless it is told otherwise. */
function assertNoLitter(here: Installation): void {
  assert.deepEqual(here.leftovers(), []);
  assert.deepEqual(readdirSync(here.directory).sort(), ['base', 'home', 'log', 'tmp']);
  assert.deepEqual(readdirSync(join(here.directory, 'home')), []);
}
