import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { copyFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { wrapClient } from '../harness/fake-bin.ts';
import { clientDirectories, missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { reachableDirectory, reachableServerPrograms } from '../harness/server-programs.ts';
import { startHealthchecks } from '../notify/healthchecks-server.ts';
import { startReceiver } from '../notify/webhook-receiver.ts';
import { type Env, type Installation, install } from './installation.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15');
const SECRET = `whsec_${randomBytes(24).toString('base64')}`;

describe('what people are told of', { skip }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
    for (const database of ['app', 'shop']) {
      await server.createDatabase(database);
      await server.psql('CREATE TABLE item AS SELECT 1 AS id', { database });
    }
  });
  after(() => server.stop());

  test('a failure with its reason and remedy, then the recovery, and no ordinary success', async (t) => {
    const { here, taken, pings } = await installTelling(t);
    assert.equal((await here.run(['backup'], { PGPASSWORD: 'wrong-canary' })).exitCode, 5);
    assert.deepEqual(typesOf(taken), ['backup.failed']);
    const [failed] = taken;
    assert.match(failed?.text ?? '', /app/);
    assert.match(failed?.text ?? '', /refused the user/);
    assert.match(failed?.text ?? '', /Check PG_USER and PGPASSWORD/);
    assert.doesNotMatch(JSON.stringify(failed), /wrong-canary/);

    assert.equal((await here.run(['backup'])).exitCode, 0);
    assert.deepEqual(typesOf(taken), ['backup.failed', 'backup.recovered']);
    assert.equal((await here.run(['backup'])).exitCode, 0);
    assert.equal(taken.length, 2);
    const kinds = pings.map(({ kind }) => kind);
    assert.deepEqual(kinds, ['start', 'fail', 'start', 'success', 'start', 'success']);
  });

  test('a run that was killed, once, by the next one', async (t) => {
    const { here, taken } = await installTelling(t);
    const client = wrapClient(
      clientDirectories().get(15) ?? '',
      { pg_dump: 'echo waiting >&2; exec sleep 60' },
      t,
    );
    const running = here.start(['backup'], { PG_BIN_DIR: client });
    await running.waitForOutput(/waiting/);
    running.kill('SIGKILL');
    await running.finished;
    assert.equal((await here.run(['backup'])).exitCode, 0);
    assert.deepEqual(typesOf(taken), ['backup.failed', 'backup.recovered']);
    assert.match(taken[0]?.text ?? '', /ended without a report/);
    assert.equal((await here.run(['backup'])).exitCode, 0);
    assert.equal(taken.length, 2);
  });

  test('several databases in one message that sums up', async (t) => {
    const { here, taken, pings } = await installTelling(t, {
      PG_DATABASE: '',
      PG_DATABASES: 'app gone shop lost',
    });
    assert.equal((await here.run(['backup'])).exitCode, 4);
    assert.deepEqual(typesOf(taken), ['backup.failed']);
    assert.match(taken[0]?.title ?? '', /2 of 4/);
    for (const name of ['gone', 'lost']) assert.match(taken[0]?.text ?? '', new RegExp(name));
    assert.deepEqual(
      pings.map(({ kind }) => kind),
      ['start', 'fail'],
    );
  });

  test('a damaged copy, and a drill that could not be made', async (t) => {
    const { here, taken } = await installTelling(t, {
      DRILL_PG_BIN_DIR: (await reachableServerPrograms(server.major)).directory,
      DRILL_DIRECTORY: reachableDirectory(t),
      NOTIFY_ON: 'failure recovery drill',
    });
    assert.equal((await here.run(['backup'])).exitCode, 0);
    assert.equal((await here.run(['drill'])).exitCode, 0);
    assert.deepEqual(typesOf(taken), ['drill.succeeded']);
    const dump = here.files().find((name) => name.endsWith('.dump')) ?? '';
    copyFileSync(join(here.data, dump), join(here.directory, 'dump'));
    truncateSync(join(here.data, dump), 100);
    assert.equal((await here.run(['verify'])).exitCode, 14);
    assert.equal((await here.run(['drill'])).exitCode, 14);
    assert.equal((await here.run(['verify', 'no-such-run'])).exitCode, 2);
    assert.deepEqual(typesOf(taken), ['drill.succeeded', 'verify.failed', 'drill.failed']);

    copyFileSync(join(here.directory, 'dump'), join(here.data, dump));
    for (const expected of [4, 4]) {
      assert.equal((await here.run(['verify'])).exitCode, 0);
      assert.equal(taken.length, expected, 'the recovery, once');
    }
    assert.equal(taken.at(-1)?.type, 'verify.recovered');
  });

  test('nothing that keeps a backup from its success where nobody answers', async (t) => {
    const { here } = await installTelling(t, {
      NOTIFY_WEBHOOK_URL: 'http://127.0.0.1:9/x',
      NOTIFY_ON: 'success',
    });
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 0, stderr);
    assert.match(stderr, /NOTIFY_FAILED/);
  });

  async function installTelling(t: TestContext, changes: Env = {}) {
    const receiver = await startReceiver(t, SECRET, () => new Date());
    const checks = await startHealthchecks(t, { uuid: 'a-check' });
    const here: Installation = install(t, server, 'app', {
      NOTIFY_WEBHOOK_URL: receiver.url,
      NOTIFY_WEBHOOK_SECRET: SECRET,
      NOTIFY_PING_URL: `${checks.origin}/a-check`,
      ...changes,
    });
    return { here, taken: receiver.taken, pings: checks.pings };
  }
});

function typesOf(taken: readonly { readonly type: string }[]): string[] {
  return taken.map(({ type }) => type);
}
