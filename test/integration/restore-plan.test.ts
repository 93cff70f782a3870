import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import type { DrillRecord } from '../../src/report/drill-record.ts';
import { missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { type BackedUp, backUp, databasesOf, nextTransaction } from './backed-up.ts';
import { clientFor } from './client-program.ts';
import { connect, untilConnected } from './connected.ts';
import { type Env, type Installation, install } from './installation.ts';
import { type CliResult, runInProcess } from './run-in-process.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15');
const NEW = ['restore', '--latest', '--to', 'copy'];
const FILLED = ['restore', '--latest', '--to', 'filled'];

describe('the plan of a restore', { skip }, () => {
  let source: PostgresServer;
  let target: PostgresServer;
  let shop: BackedUp;
  before(async () => {
    // Without a vacuum of its own, nothing but us writes to it.
    const settings = { autovacuum: 'off' };
    [source, target] = await Promise.all([startPostgres({ settings }), startPostgres({ settings })]);
    await source.createDatabase('shop');
    await source.psql(
      `CREATE ROLE keeper; CREATE ROLE "shop reader" LOGIN PASSWORD 'x'; CREATE ROLE settled;
       ALTER DATABASE shop OWNER TO keeper; ALTER ROLE settled IN DATABASE shop SET work_mem = '8MB';
       CREATE TABLE item AS SELECT generate_series(1, 1000) AS id; ALTER TABLE item OWNER TO keeper;
       CREATE TABLE note (text text); GRANT SELECT ON item TO "shop reader";
       ALTER TABLE note ENABLE ROW LEVEL SECURITY;
       CREATE POLICY p ON note FOR SELECT TO "shop reader" USING (text <> ' TO nobody USING (x)');`,
      { database: 'shop' },
    );
    shop = await backUp(source, 'shop', { PG_DUMP_EXTRA_OPTS: '--exclude-table-data=note' });
    await target.psql(
      `CREATE ROLE humble LOGIN PASSWORD 'h4'; CREATE ROLE maker CREATEDB LOGIN PASSWORD 'm4';`,
    );
    for (const database of ['filled', 'empty', 'shop']) await target.createDatabase(database);
    for (const database of ['filled', 'shop']) await target.psql('CREATE TABLE old ()', { database });
  });
  after(async () => {
    shop.remove();
    await Promise.all([source.stop(), target.stop()]);
  });

  test('tells every fact and changes nothing', async (t) => {
    const here = restoring(t);
    const before = [await nextTransaction(target), await nextTransaction(source), filesBelow(shop)];
    const { stdout, exitCode, stderr } = await here.run([...NEW, '--globals', '--no-tablespaces', '--plan']);
    assert.equal(exitCode, 0, stderr);
    assert.deepEqual(
      [await nextTransaction(target), await nextTransaction(source), filesBelow(shop)],
      before,
    );
    assert.deepEqual(here.leftovers(), []);
    assert.deepEqual(labelsOf(stdout), [
      ...[
        'backup',
        'proof',
        'dump',
        'taken from',
        'left out of it',
        'to server',
        'with',
        'to database',
        'which',
      ],
      ...['encoding', 'will take', 'missing roles', 'missing extensions', 'missing tablespaces', 'without'],
      'roles to create',
    ]);
    const { directory } = clientFor(15);
    for (const fact of [
      new RegExp(`^ {2}backup +${shop.run}, \\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$`, 'm'),
      /^ {2}proof +read back in full; fingerprint: counts$/m,
      /^ {2}dump +[\d.]+ kB \(of a database of [\d.]+ MB\), here$/m,
      new RegExp(
        `^ {2}taken from +"shop", PostgreSQL 15\\.\\d+.* \\(127\\.0\\.0\\.1:${source.port}\\); pg_dump 15\\.\\d+`,
        'm',
      ),
      /^ {2}left out of it +--exclude-table-data=note$/m,
      new RegExp(
        `^ {2}to server +127\\.0\\.0\\.1:${target.port}, PostgreSQL 15\\.\\d+.*, "postgres" \\(superuser\\)$`,
        'm',
      ),
      new RegExp(`^ {2}with +pg_restore 15\\.\\d+.*, ${directory}, -j \\d`, 'm'),
      /^ {2}to database +"copy"$/m,
      /^ {2}which +does not exist: it is created under another name and renamed when complete$/m,
      /^ {2}encoding +UTF8, C\.UTF-8 \(libc\)$/m,
      /^ {2}will take +unknown: no drill has measured it yet$/m,
      /^ {2}missing roles +keeper, settled, shop reader$/m,
      /^ {2}missing extensions +none$/m,
      /^ {2}missing tablespaces +none$/m,
      /^ {2}without +--no-tablespaces$/m,
      /^ {2}roles to create +keeper, settled, shop reader$/m,
    ]) {
      assert.match(stdout, fact);
    }
  });

  test('speaks Chinese', async (t) => {
    const { stdout, exitCode, stderr } = await ask(t, [...FILLED, '--plan'], { BACKUP_LANG: 'zh' });
    assert.equal(exitCode, 2);
    assert.match(stdout, /^恢复计划$/m);
    assert.deepEqual(labelsOf(stdout), [
      ...['备份', '验证', '转储', '来源', '备份不含', '目标服务器', '客户端', '目标库', '状态', '编码与排序'],
      ...['预计用时', '缺少的角色', '缺少的扩展', '缺少的表空间'],
    ]);
    assert.match(stdout, /已完整读回; 指纹： counts/);
    assert.match(stderr, /未恢复：数据库 "filled" 不是空库；服务器缺少角色：keeper.*未做任何改动/);
  });

  test('says how long it will take once a drill has measured it', async (t) => {
    const drills = join(shop.base, 'drills');
    mkdirSync(drills, { recursive: true });
    const bytes = statSync(shop.dump).size;
    for (const [day, recoverySeconds] of [
      [1, 900],
      [2, 30],
    ] as const) {
      const name = `${shop.run}_2026010${day}T000000000Z.json`;
      writeFileSync(
        join(drills, name),
        JSON.stringify(drillRecord(shop.run, day, recoverySeconds, bytes * 2)),
      );
    }
    t.after(() => rmSync(drills, { recursive: true }));
    const { stdout } = await ask(t, [...NEW, '--plan']);
    assert.match(stdout, /^ {2}will take +15 s$/m);
  });

  test('names who is connected, and ends nobody', async (t) => {
    connect(t, target, 'filled', 'a\u001b[2Jb');
    await untilConnected(target, `datname = 'filled'`, 1);
    const { stdout, exitCode } = await ask(t, [...FILLED, '--plan']);
    assert.equal(exitCode, 2);
    assert.match(
      stdout,
      /^ {2}which +is NOT empty \([\d.]+ MB\); one transaction, all or nothing; its own owner, /m,
    );
    // The server itself takes control characters out of such a name; should one not, the plan does.
    assert.match(
      stdout,
      /^ {2}connected now +postgres "a\S*b" 127\.0\.0\.1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/m,
    );
    assert.doesNotMatch(stdout, /\u001b/);
    await untilConnected(target, `datname = 'filled'`, 1);
    const [alone] = (await ask(t, ['restore', '--latest', '--to', 'empty', '--plan'])).stdout
      .split('\n')
      .filter((line) => /connected now/.test(line));
    assert.equal(alone, undefined);
  });

  test('names who is connected also to a user who may not monitor others', async (t) => {
    connect(t, target, 'filled', 'office');
    await untilConnected(target, `datname = 'filled' AND application_name = 'office'`, 1);
    const { stdout } = await ask(t, [...FILLED, '--plan'], {
      RESTORE_PG_USER: 'maker',
      RESTORE_PG_PASSWORD: 'm4',
    });
    assert.match(stdout, /^ {2}connected now +postgres "office" local *$/m);
  });

  test('warns of a client with known holes, and so does the doctor', async (t) => {
    const [old, fixed] = [clientThatSays(t, '15.19'), clientThatSays(t, '15.20')];
    assert.match(
      (await ask(t, [...NEW, '--plan'], { PG_BIN_DIR: old })).stdout,
      /pg_restore 15\.19, .* ! has security holes for crafted archives, fixed in 15\.20$/m,
    );
    assert.doesNotMatch((await ask(t, [...NEW, '--plan'], { PG_BIN_DIR: fixed })).stdout, /security holes/);
    const told = await ask(t, ['doctor'], { PG_BIN_DIR: old });
    assert.equal(told.exitCode, 0, told.stderr);
    assert.match(
      told.stdout,
      /^! client 15\.19, .*crafted archive can run commands.* \(fixed in 15\.20\)\n.*--only-upgrade postgresql-client-15$/m,
    );
    assert.match((await ask(t, ['doctor'], { PG_BIN_DIR: fixed })).stdout, /^✓ client 15\.20/m);
    const given = clientThatSays(t, '13.23');
    assert.match(
      (await ask(t, ['doctor'], { PG_BIN_DIR: given })).stdout,
      /apt-get install postgresql-client-14$/m,
    );
  });

  describe('refuses, and changes nothing,', () => {
    const cases: readonly [string, readonly string[], RegExp, Env?][] = [
      ['a database that is not empty', FILLED, /the database "filled" is not empty[;.]/],
      [
        'one that is not empty, with --clean only',
        [...FILLED, '--clean'],
        /--clean changes a database that is there: add --into-existing/,
      ],
      [
        'a whole backup beside what is there',
        [...FILLED, '--into-existing'],
        /"filled" is not empty, and a whole backup would meet what is there/,
      ],
      [
        'a database that shall be there and is not',
        [...NEW, '--into-existing'],
        /the database "copy" does not exist/,
      ],
      [
        'rows alone where there are no tables',
        [...NEW, '--data-only'],
        /--data-only needs the tables, and "copy" has none/,
      ],
      [
        'rows alone in an empty database',
        ['restore', '--latest', '--to', 'empty', '--data-only'],
        /--data-only needs the tables, and "empty" has none/,
      ],
      [
        'roles that are not there',
        NEW,
        /the server lacks roles: keeper, settled, shop reader; policies or user mappings are for roles that the server lacks: shop reader/,
      ],
      [
        'roles for policies, which nothing leaves out',
        [...NEW, '--no-owner', '--no-privileges'],
        /Not restored: policies or user mappings are for roles that the server lacks: shop reader\. Nothing/,
      ],
      ['a template', ['restore', '--latest', '--to', 'template1'], /"template1" is a template/],
      [
        'a database without connections',
        ['restore', '--latest', '--to', 'template0'],
        /"template0" on .* takes no connections/,
      ],
      [
        'a user who may not create databases',
        NEW,
        /the user "humble" may not create databases; the server lacks roles/,
        { RESTORE_PG_USER: 'humble', RESTORE_PG_PASSWORD: 'h4' },
      ],
      [
        'to overwrite without anybody to ask',
        [...FILLED, '--into-existing', '--clean', '--globals'],
        /there is no terminal on which to confirm that/,
      ],
    ];
    for (const [what, args, message, changes = {}] of cases) {
      test(what, async (t) => {
        const before = [await nextTransaction(target), await databasesOf(target), filesBelow(shop)];
        const { exitCode, stderr } = await ask(t, args, changes);
        assert.equal(exitCode, 2, stderr);
        assert.match(stderr, message);
        assert.deepEqual(
          [await nextTransaction(target), await databasesOf(target), filesBelow(shop)],
          before,
        );
      });
    }

    test('the source without being told twice', async (t) => {
      const over = ['restore', '--latest', '--to', 'shop', '--into-existing', '--clean', '--yes'];
      const message =
        /"shop" is the very database that this backup was taken from.*say it a second time: --over-source/;
      const before = await nextTransaction(source);
      const { exitCode, stderr, stdout } = await ask(t, over, {
        RESTORE_PG_HOST: 'localhost',
        RESTORE_PG_PORT: String(source.port),
        RESTORE_PG_PASSWORD: source.password,
      });
      assert.equal(exitCode, 2);
      assert.match(stderr, message);
      assert.match(stdout, /^ {2}warning +this is the very database that the backup was taken from$/m);
      assert.equal(await nextTransaction(source), before);
      // Another server's database of that name is another one.
      assert.doesNotMatch((await ask(t, over)).stderr, message);
    });
  });

  const ask = (t: TestContext, args: readonly string[], changes: Env = {}): Promise<CliResult> =>
    runInProcess(args, restoring(t, changes).env);

  function restoring(t: TestContext, changes: Env = {}): Installation {
    return install(t, source, 'shop', {
      ...shop.env,
      RESTORE_PG_HOST: target.host,
      RESTORE_PG_PORT: String(target.port),
      RESTORE_PG_PASSWORD: target.password,
      ...changes,
    });
  }
});

function labelsOf(plan: string): string[] {
  return plan.split('\n').flatMap((line) => /^ {2}(\S+(?: \S+)*) {2,}\S/.exec(line)?.[1] ?? []);
}

function filesBelow({ base }: BackedUp): string[] {
  return readdirSync(base, { recursive: true, encoding: 'utf8' }).sort();
}

/** A client whose programs say that they are of that version. */
function clientThatSays(t: TestContext, version: string): string {
  const directory = temporaryDirectory(t);
  for (const program of ['pg_dump', 'pg_dumpall', 'pg_restore', 'psql']) {
    const real = join(clientFor(15).directory, program);
    const script = `#!/bin/sh\n[ "$1" = --version ] && exec echo "${program} (PostgreSQL) ${version}"\nexec '${real}' "$@"\n`;
    writeFileSync(join(directory, program), script, { mode: 0o755 });
  }
  return directory;
}

function drillRecord(run: string, day: number, recoverySeconds: number, sizeBytes: number): DrillRecord {
  const startedAt = `2026-01-0${day}T00:00:00.000Z`;
  return {
    ...{
      version: 1,
      run,
      database: 'shop',
      runner: { hostname: 'h', version: '0.0.0' },
      startedAt,
      finishedAt: startedAt,
    },
    ...{
      durationSeconds: 60,
      outcome: 'equal',
      place: 'local',
      sizeBytes,
      jobs: 1,
      phases: [],
      recoverySeconds,
    },
    ...{ compared: null, differences: [], omissions: [] },
  };
}
