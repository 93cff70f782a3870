import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { artifactsOf } from '../backup/past-run.ts';
import { missing, rclonePath } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { type RcloneServer, startRcloneServer } from '../harness/rclone-server.ts';
import { type Env, install } from './installation.ts';

const skip = missing('postgres-server-15', 'postgres-client-15', 'rclone');

describe('a backup through rclone', { skip, concurrency: 2 }, () => {
  let postgres: PostgresServer;
  let s3: RcloneServer;
  let directory: string;
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'pg-backup-rclone-'));
    s3 = await startRcloneServer(directory, ['backups']);
    postgres = await startPostgres();
    for (const database of ['by variables', 'by file', 'no bucket']) {
      await postgres.createDatabase(database);
      await postgres.psql('CREATE TABLE item AS SELECT generate_series(1, 1000) AS id', { database });
    }
  });
  after(async () => {
    await postgres.stop();
    await s3.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  const settings = (path: string): Env => ({
    BACKUP_MODE: 'both',
    BACKUP_UPLOAD_TOOL: 'rclone',
    RCLONE_PATH: path,
    PATH: [dirname(rclonePath() ?? ''), process.env['PATH']].join(delimiter),
  });
  const remote = (): Env => ({
    RCLONE_CONFIG: '/dev/null',
    RCLONE_CONFIG_OSS_TYPE: 's3',
    RCLONE_CONFIG_OSS_PROVIDER: 'Other',
    RCLONE_CONFIG_OSS_ENDPOINT: `http://127.0.0.1:${s3.port}`,
    RCLONE_CONFIG_OSS_ACCESS_KEY_ID: s3.accessKeyId,
    RCLONE_CONFIG_OSS_SECRET_ACCESS_KEY: s3.secretAccessKey,
  });

  test('to a remote that variables describe holds the very files that are here', async (t) => {
    const here = install(t, postgres, 'by variables', { ...settings('backups/some/where'), ...remote() });
    const { exitCode, stdout, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 0, stderr);
    const objects = join(s3.bucketDirectory('backups'), 'some/where');
    assert.deepEqual(readdirSync(objects).sort(), here.files());
    for (const name of here.files()) {
      assert.deepEqual(readFileSync(join(objects, name)), readFileSync(join(here.data, name)));
    }
    const { name, report, record } = here.newest();
    assert.deepEqual(here.files(), artifactsOf(name).sort());
    assert.deepEqual(report.remote.urls, [`oss:backups/some/where/${name}.dump`]);
    assert.deepEqual([report.tool, report.status, record.proof], ['rclone', 'SUCCESS', 'stored']);
    for (const { crc64, md5 } of record.remote) {
      assert.equal(crc64, '');
      assert.match(md5 ?? '', /^[0-9a-f]{32}$/);
    }
    assert.doesNotMatch(stdout + stderr + here.log(), new RegExp(s3.secretAccessKey));
    assert.deepEqual(here.leftovers(), []);

    assert.match((await here.run(['list'])).stdout, /local\+remote/);
    assert.equal((await here.run(['verify', '--remote'])).exitCode, 0);
  });

  test('to a remote of rclone’s own configuration file, in mode oss', async (t) => {
    const here = install(t, postgres, 'by file', { ...settings('backups/by-file'), BACKUP_MODE: 'oss' });
    const configuration = join(here.env['HOME'] ?? '', '.config/rclone');
    mkdirSync(configuration, { recursive: true });
    const lines = Object.entries(remote()).flatMap(([name, value]) => {
      const key = /^RCLONE_CONFIG_OSS_(.*)/.exec(name)?.[1];
      return key === undefined ? [] : [`${key.toLowerCase()} = ${value}`];
    });
    writeFileSync(join(configuration, 'rclone.conf'), `[oss]\n${lines.join('\n')}\n`, { mode: 0o600 });
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 0, stderr);
    assert.deepEqual(here.files(), []);
    assert.equal(readdirSync(join(s3.bucketDirectory('backups'), 'by-file')).length, 4);
    assert.equal((await here.run(['verify', '--remote'])).exitCode, 0);
  });

  test('to a bucket that does not exist fails, keeps the files and creates none', async (t) => {
    const here = install(t, postgres, 'no bucket', { ...settings('absent/some/where'), ...remote() });
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 11, stderr);
    assert.ok(!existsSync(s3.bucketDirectory('absent')));
    assert.equal(here.files().length, 4);
    assert.equal(here.newest().record.awaitsUpload, true);
    assert.equal((await here.run(['upload'], { RCLONE_PATH: 'backups/later' })).exitCode, 0);
    assert.equal(readdirSync(join(s3.bucketDirectory('backups'), 'later')).length, 4);
  });

  test('without a remote of that name says which one is missing', async (t) => {
    const here = install(t, postgres, 'postgres', {
      ...settings('backups/x'),
      RCLONE_CONFIG: '/dev/null',
      RCLONE_REMOTE: 'nowhere',
    });
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 11, stderr);
    assert.match(here.newest().report.errorMessage, /nowhere/);
  });
});
