import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { RunRecord } from '../../src/report/record.ts';
import { wrapClient } from '../harness/fake-bin.ts';
import { clientDirectories, missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { assertFailed } from './assert-failed.ts';
import { connect, untilConnected } from './connected.ts';
import { type Installation, install } from './installation.ts';
import { until } from './until.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15');
const CANARY = 'canary-5ecret';

describe('commands around a run', { skip, concurrency: 2, timeout: 120_000 }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
    for (const database of ['order', 'a "b', 'failing', 'busy', 'hanging', 'late', 'killed', 'stopped']) {
      await server.createDatabase(database);
    }
  });
  after(() => server.stop());

  test('run before it connects and after its record is written, once each', async (t) => {
    const here = install(t, server, 'order');
    const seen = join(here.directory, 'seen');
    const hook = script(
      here,
      'hook',
      `echo "$PG_BACKUP_EVENT $PG_BACKUP_STATUS" >> '${seen}'
if test -e "$1"; then cat "$1" > '${seen}.record'; cat "$PG_BACKUP_REPORT" > '${seen}.report'; fi`,
    );
    const hooks = { BACKUP_HOOK_BEFORE: hook, BACKUP_HOOK_AFTER: hook };
    const { exitCode, stderr } = await here.run(['backup'], hooks);
    assert.equal(exitCode, 0, stderr);
    assert.equal(readFileSync(seen, 'utf8'), 'before \nafter SUCCESS\n');
    const { record, report } = here.newest();
    assert.equal(record.stages[0]?.name, 'before-hook');
    assert.deepEqual(JSON.parse(readFileSync(`${seen}.record`, 'utf8')), record);
    assert.deepEqual(JSON.parse(readFileSync(`${seen}.report`, 'utf8')), report);

    const refused = await here.run(['backup'], { ...hooks, PGPASSWORD: 'wrong' });
    assert.equal(refused.exitCode, 5, refused.stderr);
    assert.equal(readFileSync(seen, 'utf8'), 'before \nafter SUCCESS\nbefore \nafter FAILED\n');
    const failed = JSON.parse(readFileSync(`${seen}.record`, 'utf8')) as RunRecord;
    assert.equal(failed.error?.code, 'AUTHENTICATION_FAILED');
    assert.deepEqual(here.leftovers(), []);
  });

  test('get their words as they are written, the paths and no secret', async (t) => {
    const here = install(t, server, 'a "b');
    const seen = join(here.directory, 'seen');
    script(
      here,
      'a hook',
      `pwd > '${seen}'; for word; do echo "<$word>" >> '${seen}'; done; env -0 > '${seen}.env'; echo 'a word from canary-5ecret'`,
    );
    const bin = join(here.directory, 'bin');
    const { exitCode, stderr } = await here.run(['backup'], {
      PATH: `${bin}:${here.env['PATH']}`,
      BACKUP_HOOK_BEFORE: `'a hook' "two words" \\$HOME ';' '$(id)' * -- ''`,
      BACKUP_ENCRYPTION_PASSPHRASE: `${CANARY}-passphrase`,
      OSS_ACCESS_KEY_SECRET: CANARY,
      RCLONE_CONFIG_X_PASS: `${CANARY}-rclone`,
      AWS_SESSION_TOKEN: 'tiny',
      HARMLESS: 'seen',
    });
    assert.equal(exitCode, 0, stderr);
    const { name } = here.newest();
    const record = join(here.base, 'records', `${name}.json`);
    assert.deepEqual(readFileSync(seen, 'utf8').split('\n'), [
      '/',
      ...['two words', '$HOME', ';', '$(id)', '*', '--', '', record].map((word) => `<${word}>`),
      '',
    ]);
    const lines = readFileSync(`${seen}.env`, 'utf8').split('\0');
    const variables = Object.fromEntries(lines.map((line) => line.split(/=(.*)/s, 2) as [string, string]));
    assert.deepEqual(
      Object.fromEntries(Object.entries(variables).filter(([key]) => key.startsWith('PG_BACKUP_'))),
      {
        PG_BACKUP_EVENT: 'before',
        PG_BACKUP_RUN: name,
        PG_BACKUP_DATABASE: 'a "b',
        PG_BACKUP_RECORD: record,
        PG_BACKUP_REPORT: join(here.base, 'reports', `${name}.json`),
      },
    );
    assert.equal(variables['HARMLESS'], 'seen');
    assert.equal(variables['PG_HOST'], server.host);
    assert.doesNotMatch(lines.join('\n'), new RegExp(`${CANARY}|${server.password}|tiny`));
    assert.match(here.log(), /BACKUP_HOOK_BEFORE: a word from \*\*\*/);
  });

  test('that fail before it stop it, or only say so', async (t) => {
    const here = install(t, server, 'failing');
    const seen = join(here.directory, 'seen');
    const failing = script(here, 'failing', `echo 'still busy' >&2; exit 3`);
    const after = script(here, 'after', `echo "$PG_BACKUP_STATUS" >> '${seen}'; exit 1`);
    const hooks = { BACKUP_HOOK_BEFORE: failing, BACKUP_HOOK_AFTER: after };
    assertFailed(
      here,
      await here.run(['backup'], hooks),
      21,
      /^BACKUP_HOOK_BEFORE failed \(exit code 3\): still busy Nothing was backed up\./,
    );
    assert.deepEqual(
      [here.newest().record.error?.code, here.newest().record.error?.stage],
      ['HOOK_FAILED', 'before-hook'],
    );
    assert.match(here.log(), /BACKUP_HOOK_AFTER failed \(exit code 1\): it said nothing/);

    const { exitCode, stderr } = await here.run(['backup'], {
      ...hooks,
      BACKUP_HOOK_BEFORE_FAILURE: 'continue',
    });
    assert.equal(exitCode, 0, stderr);
    assert.match(here.log(), /BACKUP_HOOK_BEFORE failed \(exit code 3\): still busy\. The run goes on/);
    assert.equal(readFileSync(seen, 'utf8'), 'FAILED\nSUCCESS\n');

    for (const [name, message] of [
      ['nowhere-to-be-found', /failed \(not started\): nowhere-to-be-found is neither absolute nor in \//],
      ['./failing', /failed \(not started\): \.\/failing is neither absolute nor in \//],
      [here.directory, /failed \(not started\): \/.* is no program that can be executed/],
    ] as const) {
      const missingHook = await here.run(['backup'], { BACKUP_HOOK_BEFORE: name });
      assert.equal(missingHook.exitCode, 21, missingHook.stderr);
      assert.match(here.newest().report.errorMessage, message);
    }
    assert.deepEqual(here.leftovers(), []);
  });

  test('that come after it are left out where it leaves no report', async (t) => {
    const here = install(t, server, 'busy');
    const other = connect(t, server, 'busy', 'another run');
    other.stdin?.write(`SELECT pg_advisory_lock(${0x70676273}, 1);\n`);
    await untilConnected(
      server,
      `application_name = 'another run' AND query LIKE '%lock%' AND state = 'idle'`,
      1,
    );
    const seen = join(here.directory, 'seen');
    const hook = script(here, 'hook', `echo $PG_BACKUP_EVENT >> '${seen}'`);
    const { exitCode } = await here.run(['backup'], { BACKUP_HOOK_BEFORE: hook, BACKUP_HOOK_AFTER: hook });
    assert.equal(exitCode, 7);
    assert.equal(readFileSync(seen, 'utf8'), 'before\n');
  });

  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    test(`that hang end with the run, by ${signal}`, async (t) => {
      const here = install(t, server, 'hanging');
      const hook = script(here, 'hook', 'echo begun; exec sleep 1000');
      const running = here.start(['backup'], { BACKUP_HOOK_BEFORE: hook });
      await running.waitForOutput(/BACKUP_HOOK_BEFORE: begun/);
      running.kill(signal);
      const { exitCode } = await running.finished;
      assert.equal(exitCode, signal === 'SIGTERM' ? 143 : null);
      await until(() => here.leftovers().filter((name) => name.startsWith('process')), []);
    });
  }

  test('come after an interrupted run too, for some seconds', async (t) => {
    const here = install(t, server, 'stopped');
    const seen = join(here.directory, 'seen');
    const held = `echo 'held' >&2; exec sleep 1000`;
    const client = wrapClient(clientDirectories().get(15) ?? '', { pg_dump: held }, t);
    const after = script(
      here,
      'after',
      `echo "$PG_BACKUP_STATUS" > '${seen}'; trap '' TERM; sleep 1000 & wait; sleep 1000`,
    );
    const running = here.start(['backup'], { PG_BIN_DIR: client, BACKUP_HOOK_AFTER: after });
    await running.waitForOutput(/held/);
    running.kill('SIGTERM');
    assert.equal((await running.finished).exitCode, 143);
    assert.equal(readFileSync(seen, 'utf8'), 'FAILED\n');
    assert.match(here.log(), /BACKUP_HOOK_AFTER failed \(ended by pg-backup\): its time was over/);
    assert.deepEqual(here.leftovers(), []);
  });

  test('that talk without end do not fill the log', async (t) => {
    const here = install(t, server, 'late');
    const hook = script(here, 'hook', 'seq 1 2000; seq 1 10 >&2; printf "no end of line"');
    const { exitCode, stderr } = await here.run(['backup'], { BACKUP_HOOK_BEFORE: hook });
    assert.equal(exitCode, 0, stderr);
    assert.equal(here.log().match(/BACKUP_HOOK_BEFORE: /g)?.length, 500);
    assert.equal(here.log().match(/says more than 500 lines/g)?.length, 1);
  });

  test('are not run again for a run that was killed, which the next one reports', async (t) => {
    const here = install(t, server, 'killed');
    const seen = join(here.directory, 'seen');
    const held = `echo 'held' >&2; exec sleep 1000`;
    const client = wrapClient(clientDirectories().get(15) ?? '', { pg_dump: held }, t);
    const after = script(here, 'after', `echo "$PG_BACKUP_RUN $PG_BACKUP_STATUS" >> '${seen}'`);
    const running = here.start(['backup'], { PG_BIN_DIR: client, BACKUP_HOOK_AFTER: after });
    await running.waitForOutput(/held/);
    running.kill('SIGKILL');
    await running.finished;
    assert.ok(!existsSync(seen));
    await until(() => here.leftovers().filter((name) => name.startsWith('process')), []);
    assert.equal((await here.run(['backup'], { BACKUP_HOOK_AFTER: after })).exitCode, 0);
    assert.equal(readFileSync(seen, 'utf8'), `${here.newest().name} SUCCESS\n`);
  });
});

/** An executable script in a directory whose name has blanks nowhere, so that its path is one word. */
function script(here: Installation, name: string, text: string): string {
  const directory = join(here.directory, 'bin');
  mkdirSync(directory, { recursive: true });
  const path = join(directory, name);
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}
