import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { runName } from '../../src/backup/run-name.ts';
import { missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { type BackedUp, backUp, databasesOf } from './backed-up.ts';
import { type Env, install } from './installation.ts';
import { type OssBucket, startOssBucket } from './oss-bucket.ts';
import { type CliResult, runInProcess } from './run-in-process.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15');

describe('which backup is restored', { skip }, () => {
  let server: PostgresServer;
  let bucket: OssBucket;
  /** Runs of `shop` of three days, and one of `yard`, all with the same base directory. */
  let first: BackedUp;
  let yard: string;
  const days = ['2026-03-01T02:00:00Z', '2026-03-02T02:00:00Z', '2026-03-03T02:00:00Z'] as const;
  const runs = days.map((day) => runName({ database: 'shop', startedAt: new Date(day), host: 'h' })) as [
    string,
    string,
    string,
  ];
  before(async () => {
    server = await startPostgres();
    bucket = await startOssBucket();
    for (const database of ['shop', 'yard']) {
      await server.createDatabase(database);
      await server.psql('CREATE TABLE marker AS SELECT current_database() AS text', { database });
    }
    first = await backUp(server, 'shop');
    for (const [index, run] of runs.entries()) copyRun(first.base, first.run, run, days[index] ?? '');
    removeRun(first.base, first.run);
    yard = (await backUp(server, 'yard', { BACKUP_BASE_DIR: first.base })).run;
  });
  after(async () => {
    first.remove();
    await bucket.close();
    await server.stop();
  });

  const chosen: readonly [string, readonly string[], () => string][] = [
    ['by its name', [runs[0]], () => runs[0]],
    ['the latest', ['--latest'], () => runs[2]],
    ['at a time in UTC', ['--at', '2026-03-02 02:00'], () => runs[1]],
    ['just before a run', ['--at', '2026-03-02 01:59:59'], () => runs[0]],
    ['at a time with a zone', ['--at', '2026-03-02T10:00+08:00'], () => runs[1]],
    ['just before it in that zone', ['--at', '2026-03-02 09:59 +0800'], () => runs[0]],
    ['of a day', ['--at', '2026-03-02'], () => runs[1]],
    ['of another database, by its name', ['yard'], () => yard],
  ];
  for (const [what, choice, run] of chosen) {
    test(what, async (t) => {
      const args = choice[0] === 'yard' ? [yard] : choice;
      const { stdout, stderr, exitCode } = await ask(t, ['restore', ...args, '--to', 'copy', '--plan']);
      assert.equal(exitCode, 0, stderr);
      assert.match(stdout, new RegExp(`^ {2}backup +${run()}, `, 'm'));
      assert.match(stdout, new RegExp(`^ {2}taken from +"${run() === yard ? 'yard' : 'shop'}", `, 'm'));
    });
  }

  const refused: readonly [string, readonly string[], RegExp][] = [
    [
      'before the first one',
      ['--at', '2026-02-28'],
      new RegExp(`no backup from 2026-02-28T23:59:59.999Z or before; the oldest is ${runs[0]}`),
    ],
    ['at what is no time', ['--at', 'yesterday'], /yesterday is no time; write it as 2026-11-20 03:00/],
    ['on a day that no month has', ['--at', '2026-02-30'], /2026-02-30 is no time/],
    ['at an hour that no day has', ['--at', '2026-02-03 25:00'], /2026-02-03 25:00 is no time/],
    [
      'of an unknown name',
      [runs[1].replace('0302', '0304')],
      new RegExp(
        `There is no backup shop_20260304T020000Z_h. The most alike: (?=.*${runs[0]})(?=.*${runs[1]})(?=.*${runs[2]})`,
      ),
    ],
    [
      'with a typing error in its database',
      [runs[1].replace('shop', 'shpo')],
      new RegExp(`The most alike: ${runs[1]}`),
    ],
    ['that was not said', [], /say which backup: a run .*, --latest, or --at/],
    ['said twice', ['--latest', '--at', '2026-03-02'], /mutually exclusive/],
    ['said twice by two times', ['--at', '2026-03-02', '--at', '2026-03-01'], /--at is given more than once/],
  ];
  for (const [what, choice, message] of refused) {
    test(`none ${what}`, async (t) => {
      const { stderr, stdout, exitCode } = await ask(t, ['restore', ...choice, '--to', 'copy']).catch(
        asResult,
      );
      assert.equal(exitCode, 2, stderr);
      assert.match(stderr, message);
      assert.equal(stdout, '');
      assert.deepEqual(await databasesOf(server), ['shop', 'yard']);
    });
  }

  for (const [what, target, message] of [
    ['twice', ['--to', 'a', '--to', 'b'], /--to is given more than once/],
    ['by a name that PostgreSQL would cut', ['--to', 'é'.repeat(32)], /at most 63 bytes/],
    ['by a name of two lines', ['--to', 'a\nb'], /at most 63 bytes, on one line/],
    ['by nothing', ['--to', ''], /say where to: --to <database>/],
  ] as const) {
    test(`a target that is given ${what} is refused`, async (t) => {
      const { stderr, exitCode } = await ask(t, ['restore', '--latest', ...target]);
      assert.equal(exitCode, 2);
      assert.match(stderr, message);
    });
  }

  test('one that failed counts where its dump is complete, and not where it is not', async (t) => {
    const here = await installed(t);
    const failed = await runInProcess(['backup'], {
      ...here.env,
      ...bucket.settings('failed'),
      BACKUP_UPLOAD_TOOL: 'sdk',
      OSS_ACCESS_KEY_SECRET: 'wrong',
    });
    assert.equal(failed.exitCode, 11, failed.stderr);
    const failedRun = here.reports().findLast(({ name }) => name.startsWith('shop_'));
    const name = failedRun?.name ?? '';
    assert.equal(failedRun?.report.status, 'FAILED');
    const plan = ['restore', '--latest', '--to', 'copy', '--plan'];
    assert.match((await runInProcess(plan, here.env)).stdout, new RegExp(`^ {2}backup +${name}, `, 'm'));
    // What a failed run left that was never complete is no backup.
    const path = join(here.base, 'records', `${name}.json`);
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), artifacts: [] }));
    assert.match((await runInProcess(plan, here.env)).stdout, new RegExp(`^ {2}backup +${runs[2]}, `, 'm'));
    rmSync(join(here.data, `${name}.dump`));
    const { stderr, exitCode } = await runInProcess(['restore', name, '--to', 'copy', '--plan'], here.env);
    assert.equal(exitCode, 2);
    assert.match(stderr, new RegExp(`The dump of ${name} is in no place any more`));
  });

  test('one that lies here is restored while the store cannot be reached', async (t) => {
    const away: Env = {
      ...bucket.settings('away'),
      BACKUP_UPLOAD_TOOL: 'sdk',
      OSS_ENDPOINT: 'http://127.0.0.1:9',
    };
    const named = await ask(t, ['restore', runs[0], '--to', 'of a name'], away);
    assert.equal(named.exitCode, 0, named.stderr);
    assert.doesNotMatch(named.stderr, /The store/);
    const latest = await ask(t, ['restore', '--latest', '--to', 'of the latest'], away);
    assert.equal(latest.exitCode, 0, latest.stderr);
    assert.match(
      latest.stderr,
      /The store cannot be asked now .*; only the backups that are here are looked at/,
    );
    for (const database of ['of a name', 'of the latest']) {
      assert.equal(await server.psql('SELECT text FROM marker', { database }), 'shop');
    }
    // Of one that may be there, the store's refusal is the reason.
    bucket.server.fail({ fault: { kind: 'error', code: 'AccessDenied' }, times: Number.POSITIVE_INFINITY });
    const absent = await ask(t, ['restore', runs[0].replace('0301', '0305'), '--to', 'copy'], {
      ...away,
      ...bucket.settings('away'),
    });
    bucket.server.heal();
    assert.equal(absent.exitCode, 15, absent.stderr);
    assert.match(absent.stderr, /AccessDenied/);
    for (const database of ['of a name', 'of the latest']) await server.psql(`DROP DATABASE "${database}"`);
  });

  test('--list shows what is in it', async (t) => {
    const { stdout, stderr, exitCode } = await ask(t, ['restore', '--latest', '--list']);
    assert.equal(exitCode, 0, stderr);
    assert.match(stdout, /^; {5}dbname: shop$/m);
    assert.match(stdout, /^\d+; \d+ \d+ TABLE DATA public marker postgres$/m);
    assert.deepEqual(await databasesOf(server), ['shop', 'yard']);
    assert.equal((await ask(t, ['restore', '--list'])).exitCode, 2);
  });

  async function ask(t: TestContext, args: readonly string[], changes: Env = {}): Promise<CliResult> {
    return runInProcess(args, { ...(await installed(t)).env, ...changes });
  }

  /** With a copy of all backups. */
  async function installed(t: TestContext) {
    const here = install(t, server, 'shop');
    cpSync(first.base, here.base, { recursive: true });
    return here;
  }
});

/** Of an error that is thrown before there is a log. */
function asResult(error: unknown): CliResult {
  return { exitCode: 2, stdout: '', stderr: String(error) };
}

/** The files of a run once more under another name, as if it had been made at that time. */
function copyRun(base: string, from: string, to: string, startedAt: string): void {
  for (const directory of ['data', 'reports', 'records']) {
    mkdirSync(join(base, directory), { recursive: true });
    for (const name of readdirSync(join(base, directory)).filter((file) => file.startsWith(from))) {
      const path = join(base, directory, name.replace(from, to));
      cpSync(join(base, directory, name), path);
      if (!/json$|sha256$/.test(name)) continue;
      const text = readFileSync(path, 'utf8').replaceAll(from, to);
      writeFileSync(path, text.replace(/("startedAt": ?)"[^"]*"/, `$1"${startedAt}"`));
    }
  }
}

function removeRun(base: string, run: string): void {
  for (const directory of ['data', 'reports', 'records']) {
    for (const name of readdirSync(join(base, directory)).filter((file) => file.startsWith(run))) {
      rmSync(join(base, directory, name));
    }
  }
}
