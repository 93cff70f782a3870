import assert from 'node:assert/strict';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { layoutOf } from '../../src/files/layout.ts';
import { runPgBackup } from '../harness/pg-backup.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { recordRun } from '../schedule/recorded-run.ts';

const HOUR = 3600 * 1000;

test('the health check is one line and an exit code, needs no database, and writes nothing', {
  timeout: 60_000,
}, async (t) => {
  const directory = temporaryDirectory(t);
  const base = join(directory, 'base');
  const logs = join(directory, 'logs');
  const env = { BACKUP_BASE_DIR: base, BACKUP_LOG_DIR: logs };
  const full = { ...env, PG_HOST: 'db', PG_DATABASE: 'community', PG_USER: 'backup' };
  const check = (more = {}) => runPgBackup(['healthcheck'], { env: { ...full, ...more }, signal: t.signal });

  const none = await check();
  assert.equal(none.exitCode, 24);
  assert.match(none.stdout, /^unhealthy: community: no good backup yet; .*BACKUP_ON_START=true\n$/);
  assert.deepEqual([existsSync(base), existsSync(logs)], [false, false]);

  const layout = layoutOf(base);
  recordRun(layout, { startedAt: new Date(Date.now() - 30 * HOUR) });
  const stale = await check({ BACKUP_GRACE_MINUTES: '60', BACKUP_SCHEDULE: '@hourly' });
  assert.equal(stale.exitCode, 24);
  assert.match(
    stale.stdout,
    /^unhealthy: community: the newest good backup is 30 h old, but one was due at .*\n$/,
  );
  assert.equal(stale.stdout.split('\n').length, 2);

  recordRun(layout, { startedAt: new Date(Date.now() - HOUR / 60) });
  const before = readdirSync(directory, { recursive: true }).sort();
  const healthy = await check();
  assert.deepEqual([healthy.exitCode, healthy.stderr], [0, '']);
  assert.match(healthy.stdout, /^healthy: community 1 min old; next due .*\n$/);
  const bare = await runPgBackup(['healthcheck'], { env, signal: t.signal });
  assert.deepEqual([bare.exitCode, bare.stdout], [0, healthy.stdout]);
  assert.deepEqual(readdirSync(directory, { recursive: true }).sort(), before);

  rmSync(layout.records, { recursive: true });
  assert.equal((await check()).exitCode, 0, 'reports alone do');
});

test('a pattern or a zone that cannot be used is a fault of the settings', { timeout: 60_000 }, async (t) => {
  const env = { BACKUP_BASE_DIR: temporaryDirectory(t) };
  for (const change of [{ BACKUP_SCHEDULE: '0 2 30 2 *' }, { TZ: 'CST-8' }]) {
    const { exitCode, stderr } = await runPgBackup(['healthcheck'], {
      env: { ...env, ...change },
      signal: t.signal,
    });
    assert.equal(exitCode, 2, stderr);
  }
});
