import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { ensureLayout } from '../../src/backup/open-run.ts';
import { layoutOf } from '../../src/files/layout.ts';
import { addPastRun } from '../backup/past-run.ts';
import { missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { type Env, type Installation, install } from './installation.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15');
const AGES = [10, 11, 12, 13];

describe('a backup that looks unlike the recent ones', { skip }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
    await server.createDatabase('app');
    await server.psql('CREATE TABLE item AS SELECT generate_series(1, 5) AS id', { database: 'app' });
  });
  after(() => server.stop());

  test('succeeds with a warning, and nothing old goes until a person accepts it', async (t) => {
    const { here, old } = await installWithPast(t);
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 0, stderr);
    const { name, report, record } = here.newest();
    assert.equal(report.status, 'SUCCESS');
    assert.deepEqual(record.warning?.anomalies, [
      { kind: 'rows', found: 5, median: 5000 },
      { kind: 'table', object: 'public.item', found: 5, median: 5000 },
    ]);
    assert.match(
      stderr,
      /looks unlike the recent ones: there are 5 rows; the median of the recent backups is 5000/,
    );
    assert.match(stderr, /Retention is held: 4 old backups stay/);
    assert.equal(dumps(here), 5);

    const plan = await here.run(['prune', '--dry-run']);
    assert.match(plan.stdout, new RegExp(`keep +${old[1]} .*the newest run looks unlike the others`));
    assert.equal((await here.run(['prune'])).exitCode, 0);
    assert.equal(dumps(here), 5, 'nor by hand');

    const accepted = await here.run(['accept']);
    assert.equal(accepted.exitCode, 0, accepted.stderr);
    assert.match(accepted.stderr, new RegExp(`${name} is accepted`));
    assert.ok(here.newest().record.warning?.acceptedAt);
    assert.equal((await here.run(['prune'])).exitCode, 0);
    assert.equal(dumps(here), 1);

    const again = await here.run(['accept']);
    assert.equal(again.exitCode, 2);
    assert.match(again.stderr, /No backup of app carries a warning/);
    const next = await here.run(['backup']);
    assert.equal(next.exitCode, 0, next.stderr);
    assert.equal(here.newest().record.warning, undefined, 'it is like the one that was accepted');
  });

  test('a normal run lets retention go on', async (t) => {
    const { here } = await installWithPast(t);
    assert.equal((await here.run(['backup'])).exitCode, 0);
    assert.equal(dumps(here), 5);
    const database = 'app';
    await server.psql('INSERT INTO item SELECT generate_series(6, 5000)', { database });
    t.after(() => server.psql('DELETE FROM item WHERE id > 5', { database }));
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 0, stderr);
    assert.equal(here.newest().record.warning, undefined);
    assert.equal(dumps(here), 2);
  });

  test('is none where that is switched off, and an ordinary run cannot be accepted', async (t) => {
    const { here } = await installWithPast(t, { BACKUP_ANOMALY_PERCENT: '0' });
    assert.equal((await here.run(['backup'])).exitCode, 0);
    const { name, record } = here.newest();
    assert.equal(record.warning, undefined);
    assert.equal(dumps(here), 1);
    const refused = await here.run(['accept', name]);
    assert.equal(refused.exitCode, 2);
    assert.match(refused.stderr, new RegExp(`${name} carries no warning`));
  });

  async function installWithPast(
    t: TestContext,
    changes: Env = {},
  ): Promise<{ here: Installation; old: string[] }> {
    const here = install(t, server, 'app', { RETENTION_DAYS: '1', ...changes });
    const layout = layoutOf(here.base);
    await ensureLayout(layout);
    const old = AGES.map((ageDays) =>
      addPastRun(layout, ageDays, {
        database: 'app',
        host: server.host,
        port: server.port,
        record: {
          fingerprint: {
            ...{ level: 'counts', status: 'complete', durationSeconds: 0, rows: 5000, sequences: 0 },
            ...{ largeObjects: 0, inventory: {}, rowsByTable: { 'public.item': 5000 } },
          },
        },
      }),
    );
    return { here, old };
  }
});

function dumps(here: Installation): number {
  return here.files().filter((name) => name.endsWith('.dump')).length;
}
