import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ensureLayout } from '../../src/backup/open-run.ts';
import { layoutOf } from '../../src/files/layout.ts';
import { addPastRun, artifactsOf } from '../backup/past-run.ts';
import { missing } from '../harness/parts.ts';
import { startPostgres } from '../harness/postgres-server.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import type { Fault } from '../oss-server/server.ts';
import { type Env, install } from './installation.ts';
import { BUCKET, startOssBucket } from './oss-bucket.ts';
import { runInProcess } from './run-in-process.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15') || missing('ossutil');
const PREFIX = 'backups/shop';
const NO_RIGHT: Fault = { kind: 'error', code: 'AccessDenied', status: 403 };

test('list', { skip }, async (t) => {
  const server = await startPostgres();
  t.after(() => server.stop());
  await server.createDatabase('shop');
  const bucket = await startOssBucket();
  t.after(() => bucket.close());
  const here = install(t, server, 'shop', bucket.settings(PREFIX));

  await t.test('tells what to do next where there is nothing', async () => {
    const { exitCode, stdout } = await here.run(['list']);
    assert.deepEqual([exitCode, stdout], [0, 'No backups yet. Make the first one: pg-backup backup\n']);
    assert.deepEqual((await runInProcess(['list', '--json'], here.env)).stdout, '[]\n');
  });

  // One run of each kind, oldest first.
  const layout = layoutOf(here.base);
  await ensureLayout(layout);
  const facts = { database: 'shop', host: server.host, port: server.port };
  const urlOf = (name: string) => `oss://${BUCKET}/${PREFIX}/${name}`;
  const old = addPastRun(layout, 300, { ...facts, local: false, urlOf });
  const gone = addPastRun(layout, 400, { ...facts, local: false, urlOf });
  const script = addPastRun(layout, 200, facts);
  rmSync(join(here.base, 'records', `${script}.json`));
  const stranger = 'shop_20260101T000000Z_db09';
  addPastRun(layout, 100, { ...facts, database: 'other' });
  const source = layoutOf(temporaryDirectory(t));
  await ensureLayout(source);
  assert.equal(addPastRun(source, 300, facts), old);
  for (const name of artifactsOf(old)) {
    await bucket.put(`${PREFIX}/${name}`, readFileSync(join(source.data, name)));
  }
  await bucket.put(`${PREFIX}/${stranger}.dump`, 'from elsewhere');
  await bucket.put(`${PREFIX}/${stranger}_fingerprint.json`, 'from elsewhere');
  await bucket.put(`${PREFIX}/notes.txt`, '');
  for (const name of ['notes.txt', `${stranger}_fingerprint.json`]) writeFileSync(join(here.data, name), '');
  mkdirSync(join(here.data, 'lost+found'));
  bucket.server.fail({ fault: NO_RIGHT, operation: 'PutObject', times: Number.POSITIVE_INFINITY });
  assert.equal((await here.run(['backup'])).exitCode, 11);
  const waiting = here.newest().name;
  bucket.server.heal();
  // In mode local nothing is sent, so that the one before still waits.
  const local = { BACKUP_MODE: 'local', RETENTION_DAYS: '36500' };
  assert.equal((await here.run(['backup'], local)).exitCode, 0);
  const newest = here.newest().name;
  const list = (args: string[] = [], changes: Env = {}) =>
    runInProcess(['list', ...args], { ...here.env, ...changes });

  await t.test('shows local and remote side by side, newest first, and counts what is foreign', async () => {
    const { exitCode, stdout, stderr } = await list();
    assert.equal(exitCode, 0, stderr);
    const lines = stdout.trimEnd().split('\n');
    const rows = lines.slice(0, -2).map((line) => line.split(/ {2,}/));
    assert.deepEqual(
      rows.map(([run, , , ...facts]) => [run, ...facts]),
      [
        ['RUN', 'WHERE', 'STATUS', 'PROOF'],
        [newest, 'local', 'SUCCESS', 'read'],
        [waiting, 'local (waiting)', 'FAILED', 'read'],
        [script, 'local', 'SUCCESS', '-'],
        [stranger, 'remote', '-', '-'],
        [old, 'remote', 'SUCCESS', 'stored'],
      ].toSorted(([a = ''], [b = '']) => Number(b === 'RUN') - Number(a === 'RUN') || timeOf(b) - timeOf(a)),
    );
    for (const [, time = '', size = ''] of rows.slice(1)) {
      assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      assert.match(size, /^[\d.]+ k?B$/);
    }
    assert.deepEqual(lines.slice(-2), [
      '3 files below data/ belong to no run that is known here.',
      '3 objects belong to no run that is known here.',
    ]);
    assert.ok(!stdout.includes(gone), 'nothing is left of it, and newer ones are there');
  });

  await t.test('prints JSON with keys that stay', async () => {
    const { exitCode, stdout } = await list(['--json']);
    assert.equal(exitCode, 0);
    const backups = JSON.parse(stdout) as Record<string, unknown>[];
    assert.deepEqual(
      backups.find(({ run }) => run === waiting),
      {
        run: waiting,
        database: 'shop',
        startedAt: waiting.replace(/.*_(....)(..)(..T..)(..)(..Z)_.*/, '$1-$2-$3:$4:$5'),
        sizeBytes: readFileSync(join(here.data, `${waiting}.dump`)).length,
        ...{ local: true, remote: false, remoteDiffers: null, waiting: true },
        ...{ status: 'FAILED', proof: 'read', encryption: 'none' },
      },
    );
    const found = backups.find(({ run }) => run === stranger);
    assert.deepEqual([found?.['status'], found?.['proof'], found?.['remote']], [null, null, true]);
  });

  await t.test('shows the local side where the remote one cannot be listed, and says why', async () => {
    bucket.server.fail({ fault: NO_RIGHT, operation: 'ListObjectsV2', times: Number.POSITIVE_INFINITY });
    const { exitCode, stdout, stderr } = await list();
    assert.equal(exitCode, 15);
    assert.match(stdout, new RegExp(`^${waiting} .* local \\(waiting\\) `, 'm'));
    assert.match(stdout, /^The remote side is not shown: The remote store failed at oss:\/\/.*AccessDenied/m);
    assert.match(stderr, /\[STORE_FAILED\]/);
    const json = await list(['--json']);
    assert.equal(json.exitCode, 15);
    for (const { remote } of JSON.parse(json.stdout) as { remote: unknown }[]) assert.equal(remote, null);
    bucket.server.heal();
  });

  await t.test('misses the newest good backup where somebody removed it', async () => {
    const other = join(temporaryDirectory(t), 'base');
    cpSync(here.base, other, { recursive: true });
    for (const name of artifactsOf(newest)) rmSync(join(other, 'data', name));
    const { stdout } = await list([], { BACKUP_BASE_DIR: other });
    assert.match(stdout, new RegExp(`^${newest} .* missing +SUCCESS`, 'm'));
  });

  await t.test('asks no store in mode local', async () => {
    const before = bucket.server.requests.length;
    const { exitCode, stdout } = await list([], { BACKUP_MODE: 'local', BACKUP_LANG: 'zh' });
    assert.equal(exitCode, 0);
    assert.equal(bucket.server.requests.length, before);
    assert.match(stdout, /^备份 +时间 +大小 +位置 +状态 +验证\n/);
  });
});

function timeOf(run: string): number {
  return Number(run.replace(/.*_(\d{8})T(\d{6})Z_.*/, '$1$2'));
}
