import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { scheduleTargets } from '../../src/commands/schedule.ts';
import { PgBackupError } from '../../src/errors.ts';
import { recordingContext } from '../backup/recording-context.ts';
import { wrapClient } from '../harness/fake-bin.ts';
import { clientDirectories, missing } from '../harness/parts.ts';
import { type RunningPgBackup, startPgBackup } from '../harness/pg-backup.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { startSlack } from '../notify/slack-server.ts';
import { settingsWith } from '../notify/start-notifier.ts';
import { type Env, type Installation, install } from './installation.ts';
import { processesThatMention } from './processes.ts';
import { until } from './until.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15');
/** Hangs as long as the file is not there, and says that it does. */
const HANGING = (directory: string): string =>
  `touch '${directory}/hangs'; until [ -e '${directory}/go' ]; do sleep 0.1; done; exec "$REAL" "$@"`;

describe('the scheduler', { skip, concurrency: 4 }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
    for (const database of ['each minute', 'killed', 'stopped', 'idle', 'one', 'two']) {
      await server.createDatabase(database);
      await server.psql('CREATE TABLE item AS SELECT generate_series(1, 1000) AS id', { database });
    }
  });
  after(() => server.stop());

  test('backs up when it is due, and the health check says so', { timeout: 150_000 }, async (t) => {
    const here = install(t, server, 'each minute');
    assert.equal((await here.run(['healthcheck'])).exitCode, 24);
    const scheduler = start(t, here, { BACKUP_SCHEDULE: '* * * * *', BACKUP_TIMEZONE: 'Asia/Shanghai' });
    const [, due = ''] = await scheduler.waitForOutput(
      /next [\d-]+ [\d:]+ \+08:00 \(Asia\/Shanghai\), which is (\S+Z)/,
    );
    await scheduler.waitForOutput(/Backup succeeded/);
    assert.ok(
      here.newest().record.startedAt.startsWith(due.slice(0, 16)),
      `${here.newest().record.startedAt} ${due}`,
    );
    const healthy = await here.run(['healthcheck']);
    assert.equal(healthy.exitCode, 0, healthy.stderr);
    scheduler.kill('SIGTERM');
    await scheduler.finished;
  });

  test('goes on after a kill -9 of a run, and the next one finds what it left', {
    timeout: 120_000,
  }, async (t) => {
    const here = install(t, server, 'killed');
    const PG_BIN_DIR = wrapClient(client(), { pg_dump: HANGING(here.directory) }, t);
    const first = start(t, here, { PG_BIN_DIR, BACKUP_ON_START: 'true' });
    await until(() => existsSync(join(here.directory, 'hangs')), true);
    process.kill(runProcess(here), 'SIGKILL');
    await first.waitForOutput(
      /ended without telling why \(killed by SIGKILL\); it is started once more in 60 s/,
    );
    assert.equal(first.child.exitCode, null);
    first.kill('SIGTERM');
    assert.equal((await first.finished).exitCode, 143);
    writeFileSync(join(here.directory, 'go'), '');

    // The original was broken off, so that its time has to be served once more.
    const again = start(t, here, { PG_BIN_DIR, BACKUP_SCHEDULE: '* * * * *' });
    await again.waitForOutput(/was missed, and is caught up now/);
    await again.waitForOutput(/Backup succeeded/);
    assert.deepEqual(
      here.records().map(({ record }) => record.error?.code),
      ['KILLED', undefined],
    );
    again.kill('SIGTERM');
    await again.finished;
    assert.deepEqual(here.leftovers(), []);
  });

  test('that is stopped gives its run the time to report', { timeout: 120_000 }, async (t) => {
    const here = install(t, server, 'stopped');
    const PG_BIN_DIR = wrapClient(client(), { pg_dump: HANGING(here.directory) }, t);
    const scheduler = start(t, here, { PG_BIN_DIR, BACKUP_ON_START: 'true' });
    await until(() => existsSync(join(here.directory, 'hangs')), true);
    scheduler.kill('SIGTERM');
    const { exitCode } = await scheduler.finished;
    assert.equal(exitCode, 143);
    assert.equal(here.newest().record.error?.code, 'INTERRUPTED');
    assert.deepEqual(here.leftovers(), []);
  });

  test('that is stopped while it is idle ends normally, without having written a report', {
    timeout: 120_000,
  }, async (t) => {
    const here = install(t, server, 'idle');
    const scheduler = start(t, here, { BACKUP_SCHEDULE: '0 2 29 2 *' });
    await scheduler.waitForOutput(/No backup is on record yet/);
    scheduler.kill('SIGTERM');
    const { exitCode, stderr } = await scheduler.finished;
    assert.equal(exitCode, 0, stderr);
    assert.match(stderr, /The scheduler has ended/);
    assert.deepEqual(here.reports(), []);
  });

  test('works for every target, each with settings of its own', { timeout: 120_000 }, async (t) => {
    const here = install(t, server, '');
    const targets = join(here.directory, 'targets');
    mkdirSync(targets);
    writeFileSync(join(targets, 'first.env'), 'PG_DATABASE=one\nBACKUP_ON_START=true\n');
    // Whatever it is called, it is a name.
    writeFileSync(
      join(targets, '--version.env'),
      "PG_DATABASE=two\nBACKUP_ON_START=true\nBACKUP_SCHEDULE='@weekly'\n",
    );
    const changes = { BACKUP_ENV_FILE: targets };
    const scheduler = start(t, here, changes);
    for (const database of ['one', 'two']) {
      await until(
        () =>
          here.reports().some(({ report }) => report.database === database && report.status === 'SUCCESS'),
        true,
      );
    }
    const { stdout, exitCode } = await here.run(['healthcheck'], changes);
    assert.match(stdout, /^healthy: --version\/two 0 min old, first\/one 0 min old; next due \S+\n$/);
    assert.equal(exitCode, 0);
    await until(() => /done; next/.test(here.log()), true);
    scheduler.kill('SIGTERM');
    await scheduler.finished;
  });

  test('is refused with a pattern that never comes', { timeout: 120_000 }, async (t) => {
    const here = install(t, server, 'idle');
    for (const changes of [
      { BACKUP_SCHEDULE: '0 2 30 2 *' },
      { BACKUP_TIMEZONE: 'CST-8' },
      { TZ: 'CST-8' },
    ]) {
      const { exitCode, stderr } = await here.run(['schedule'], changes);
      assert.equal(exitCode, 2, stderr);
      assert.ok(stderr.includes(Object.values(changes)[0] ?? ''), stderr);
    }
  });
});

test('what a job cannot tell, because its settings became unusable, the scheduler tells', {
  timeout: 120_000,
}, async (t) => {
  const directory = temporaryDirectory(t);
  const slack = await startSlack(t, 'x');
  const settings = { ...settingsWith({ NOTIFY_SLACK_URL: slack.url }), BACKUP_BASE_DIR: directory };
  const controller = new AbortController();
  const { context } = recordingContext(directory, {
    settings: { ...settings, PG_DATABASE: 'community', BACKUP_ON_START: true },
    signal: controller.signal,
  });
  const lines: string[] = [];
  const output = { write: (text: string) => lines.push(text) };
  const ended = scheduleTargets([context], {
    ...{ language: 'en', signal: controller.signal, stdout: output, stderr: output },
    // There is no PG_HOST any more.
    environment: { PATH: process.env['PATH'], BACKUP_BASE_DIR: directory },
    ask: async () => undefined,
  });
  await until(() => slack.shown.length, 1);
  controller.abort(new PgBackupError('INTERRUPTED', { signal: 'SIGTERM' }));
  await ended;
  assert.match(slack.received[0]?.body ?? '', /Backup failed: community on db:5432/);
  assert.match(slack.received[0]?.body ?? '', /settings .* are refused \(exit code 2\)/);
  assert.ok(lines.join('').includes('PG_HOST'), lines.join(''));
});

/** Longer than one command may take. */
function start(t: TestContext, here: Installation, changes: Env): RunningPgBackup {
  const env = { ...here.env, ...changes };
  return startPgBackup(['schedule'], { env, cwd: here.directory, signal: t.signal });
}

function client(): string {
  const directory = clientDirectories().get(15);
  assert.ok(directory);
  return directory;
}

/** The process of the run that the scheduler of this installation has started. */
function runProcess(here: Installation): number {
  const [, pid] =
    processesThatMention(here.directory)
      .map((line) => /^process (\d+): \S*node(?: --\S+)* \S*pg-backup\.js backup /.exec(line))
      .find((match) => match !== null) ?? [];
  assert.ok(pid, processesThatMention(here.directory).join('\n'));
  return Number(pid);
}
