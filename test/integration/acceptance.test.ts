import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { appendFileSync, chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import type { ListedItem } from '../../src/acceptance/acceptance.ts';
import { missing } from '../harness/parts.ts';
import { freePort, type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { changeRecord, installDrills } from './drill-installation.ts';
import { type Env, type Installation, install } from './installation.ts';
import { BUCKET, type OssBucket, startOssBucket } from './oss-bucket.ts';
import { type CliResult, runInProcess } from './run-in-process.ts';

const skip = missing('postgres-server-15', 'postgres-client-15', 'ossutil');
/** Whatever is made now is made within the grace after a time of it. */
const OFTEN = { BACKUP_SCHEDULE: '*/10 * * * *' };

interface Answer {
  readonly version: number;
  readonly items: readonly ListedItem[];
}

describe('the acceptance', { skip }, () => {
  let server: PostgresServer;
  let bucket: OssBucket;
  before(async () => {
    server = await startPostgres();
    for (const name of ['shop', 'office', 'pods']) {
      await server.createDatabase(name);
      await server.psql('CREATE TABLE item AS SELECT generate_series(1, 1000) AS id', { database: name });
    }
    bucket = await startOssBucket();
  });
  after(async () => {
    await server.stop();
    await bucket.close();
  });

  test('of a new installation ticks nothing that a backup would show, and leaves nothing', async (t) => {
    const here = install(t, server, 'shop', bucket.settings('new'));
    const { exitCode, stdout, stderr } = await here.run(['acceptance']);
    assert.equal(exitCode, 26, stdout + stderr);
    assert.match(stdout, /^12\. Before going live \(shop\)$/m);
    assert.match(
      stdout,
      /^\[ \] A backup came to its end: there is no good backup yet\n {4}pg-backup backup$/m,
    );
    assert.match(stdout, /^\[ \] A drill restored a backup, .*: never drilled: .*\n {4}pg-backup drill$/m);
    assert.match(stdout, /^\[-\] The backup is encrypted: BACKUP_ENCRYPTION=none/m);
    assert.match(stderr, /ACCEPTANCE_OPEN\] Not accepted yet: \d+ of \d+ items are open/);
    assert.deepEqual([here.files(), here.leftovers(), [...bucket.objects('new')]], [[], [], []]);
    const { items } = await ask(here);
    const done = items.filter(({ state }) => state === 'done').map(({ id }) => id);
    assert.deepEqual(done.sort(), ['bucket', 'database', 'programs', 'recovery', 'volume', 'waiting']);
    for (const { id, state, remedies } of items)
      assert.equal((remedies ?? []).length > 0, state === 'open', `${id}: ${state}`);
  });

  test('ticks all of it after a backup on time, a drill, and an answer of the report server', async (t) => {
    const here = await installDrills(t, server, 'shop', { ...bucket.settings('whole'), ...OFTEN });
    const envFile = join(here.directory, 'my.env');
    writeFileSync(envFile, 'RETENTION_DAYS=7\n', { mode: 0o600 });
    const env = { BACKUP_ENV_FILE: envFile };
    assert.equal((await here.run(['backup'], env)).exitCode, 0);
    assert.equal((await here.run(['drill'], env)).exitCode, 0);
    const address = await serve(t, here);
    const { exitCode, stdout, stderr } = await here.run(['acceptance', '--server', address], env);
    assert.equal(exitCode, 0, stdout + stderr);
    const { name } = here.newest();
    for (const line of [
      `\\[x\\] A backup came to its end: ${name}, SUCCESS, .* \\[20\\d\\d-.*Z\\]`,
      `\\[x\\] Its copy is in the store, of the right size: ${name}, .*`,
      `\\[x\\] A drill restored a backup, .*: ${name}: 1 tables with 1000 rows compared, no difference; .*`,
      `\\[x\\] The schedule works: ${name} began \\d min after .*, which is a time of \\*/10 \\* \\* \\* \\*; .*`,
      `\\[x\\] The platform can read the newest report: .*${name}\\.json has exactly the agreed keys, .*`,
      `\\[x\\] The reports are shown .*: ${address}/ shows ${name} among 1 reports; .*`,
      `\\[x\\] The dump was read back in full: ${name}, and a drill restored it .*`,
      '\\[x\\] Its log has no ERROR: .*',
      `\\[x\\] The env file is private: ${envFile} has mode 600 .*`,
      `\\[x\\] The files of the backup are private: 4 files of ${name} .*`,
    ])
      assert.match(stdout, new RegExp(`^${line}$`, 'm'));
    assert.doesNotMatch(stdout, /^\[ \]/m);

    const open = async (changes: Env = {}) => openIn(await ask(here, { ...env, ...changes }, address));
    chmodSync(envFile, 0o644);
    chmodSync(join(here.data, `${name}_globals.sql`), 0o644);
    chmodSync(join(here.base, 'reports', `${name}.json`), 0o600);
    assert.deepEqual(await open(), ['env-file', 'private-files', 'report-file']);
    for (const { id, remedies } of (await ask(here, env, address)).items)
      if (['env-file', 'private-files', 'report-file'].includes(id))
        await promisify(execFile)('bash', ['-euc', remedies?.[0] ?? '']);
    assert.deepEqual(await open(), []);
  });

  test('sees what is lost, altered, failed and forgotten since', async (t) => {
    const here = await installDrills(t, server, 'office', { ...bucket.settings('lost'), ...OFTEN });
    assert.equal((await here.run(['backup'])).exitCode, 0);
    assert.equal((await here.run(['drill'])).exitCode, 0);
    const { name, record } = here.newest();
    const open = async (changes: Env = {}) => openIn(await ask(here, changes));
    assert.deepEqual(await open(), ['report-server']);

    assert.deepEqual(await open({ BACKUP_MODE: 'local' }), ['mode', 'report-server']);
    const rolledBack = (await ask(here, { BACKUP_MODE: 'local' })).items.find(({ id }) => id === 'mode');
    assert.deepEqual(rolledBack?.remedies, ['set BACKUP_MODE=both']);
    assert.deepEqual(await open({ OSS_ACCESS_KEY_SECRET: 'wrong' }), ['bucket', 'remote', 'report-server']);
    assert.deepEqual(await open({ PGPASSWORD: 'wrong' }), ['database', 'report-server']);
    // Twelve hours from now, so that nothing that is made here is on time.
    const hour = (new Date().getUTCHours() + 12) % 24;
    assert.deepEqual(await open({ BACKUP_SCHEDULE: `30 ${hour} * * *` }), ['report-server', 'schedule']);

    changeRecord(here.base, name, (whole) => ({
      ...whole,
      proof: 'none',
      globals: 'none',
      warning: { anomalies: [{ kind: 'size', found: 1, median: 100 }] },
    }));
    assert.deepEqual(await open(), ['globals', 'read-back', 'report-server']);
    changeRecord(here.base, name, () => record);
    appendFileSync(
      join(here.logs, `backup_${record.startedAt.slice(0, 10).replaceAll('-', '')}.log`),
      `[${record.startedAt.slice(0, 19)}Z] ERROR: something\n`,
    );
    assert.deepEqual(await open(), ['log', 'report-server']);
    await bucket.put(`lost/${name}.dump`, 'of another size');
    const { items } = await ask(here);
    assert.match(items.find(({ id }) => id === 'remote')?.observed ?? '', /another size/);
    await bucket.remove(`lost/${name}.dump`);
    assert.deepEqual(await open(), ['log', 'remote', 'report-server']);
    rmSync(join(here.data, `${name}.dump`));
    assert.deepEqual(await open(), ['backup', 'log', 'remote', 'report-server']);

    const failed = await here.run(['backup'], { PGPASSWORD: 'wrong' });
    assert.equal(failed.exitCode, 5);
    assert.deepEqual(await open(), ['backup', 'last-run', 'log', 'remote', 'report-server']);
  });

  test('reads what REPORT_SOURCE has where the volume is another for each pod', async (t) => {
    const source = `oss://${BUCKET}/reports`;
    const pod = { ...bucket.settings('pods'), ...OFTEN, BACKUP_MODE: 'oss', REPORT_SOURCE: source };
    const first = await installDrills(t, server, 'pods', pod);
    assert.equal((await first.run(['backup'])).exitCode, 0);
    assert.equal((await first.run(['drill'])).exitCode, 0);
    const { name } = first.newest();
    const other = await installDrills(t, server, 'pods', pod);
    const { items } = await ask(other);
    assert.deepEqual(openIn({ version: 1, items }), ['report-server']);
    const observed = (id: string) => items.find((item) => item.id === id)?.observed ?? '';
    for (const id of ['backup', 'remote', 'drill', 'last-run', 'read-back'])
      assert.ok(observed(id).startsWith(name), `${id}: ${observed(id)}`);
    assert.match(
      observed('report-file'),
      new RegExp(`^${source}/reports/\\d{4}/\\d\\d/${name}\\.json has exactly`),
    );
    assert.deepEqual([other.files(), other.leftovers()], [[], []]);
    assert.deepEqual(existsSync(join(other.base, 'reports')), false);

    // Where it cannot be read, what is not known is told as that.
    const unread = await ask(other, { REPORT_SOURCE: 'oss://nowhere/reports' });
    const item = unread.items.find(({ id }) => id === 'backup');
    const known = 'programs database volume bucket recovery'.split(' ').sort();
    const done = unread.items.filter(({ state }) => state === 'done').map(({ id }) => id);
    assert.deepEqual(done.sort(), known);
    assert.match(
      item?.observed ?? '',
      /no history here: it lies in REPORT_SOURCE=oss:\/\/nowhere\/reports, .*NoSuchBucket/,
    );
    assert.match(item?.remedies?.join() ?? '', /api\/admin\/backup\/list/);
    assert.doesNotMatch(
      JSON.stringify(unread.items),
      /there is no good (backup|run) yet|no run is on record|never drilled/,
    );
    const chinese = await ask(other, { REPORT_SOURCE: 'oss://nowhere/reports', BACKUP_LANG: 'zh' });
    assert.match(chinese.items.find(({ id }) => id === 'drill')?.observed ?? '', /^此处没有历史记录/);
  });

  test('a drill of a backup of another server below the same directory ticks nothing, and hides none', async (t) => {
    const here = await installDrills(t, server, 'shop', OFTEN);
    assert.equal((await here.run(['backup'])).exitCode, 0);
    assert.equal((await here.run(['drill'])).exitCode, 0);
    const isOpen = async (changes: Env) => openIn(await ask(here, changes)).includes('drill');
    assert.equal(await isOpen({}), false);
    // The same server by another name is another series.
    const elsewhere = { PG_HOST: 'localhost' };
    assert.equal(await isOpen(elsewhere), true);
    assert.equal((await here.run(['backup'], elsewhere)).exitCode, 0);
    assert.equal(await isOpen(elsewhere), true);
    assert.equal((await here.run(['drill'], elsewhere)).exitCode, 0);
    assert.deepEqual([await isOpen(elsewhere), await isOpen({})], [false, false]);
  });

  test('says the same as JSON, in both languages, for each database of each target', async (t) => {
    const here = install(t, server, 'shop', { PG_DATABASE: '', PG_DATABASES: 'shop office' });
    const [english, chinese] = [await ask(here), await ask(here, { BACKUP_LANG: 'zh' })];
    const shape = ({ items }: Answer) =>
      items.map(({ id, database, state, chapter }) => [id, database, state, chapter]);
    assert.deepEqual(shape(chinese), shape(english));
    assert.deepEqual([...new Set(english.items.map(({ database }) => database))], ['shop', 'office']);
    for (const { title } of chinese.items) assert.match(title, /[\u4e00-\u9fff]/);
    const remedies = english.items.flatMap((item) => item.remedies ?? []);
    assert.ok(remedies.includes('pg-backup drill --database office'));
    const { stdout } = await acceptance(here);
    const boxes = { done: '[x]', open: '[ ]', 'not-applicable': '[-]' };
    assert.deepEqual(
      [...stdout.matchAll(/^\[[x -]\]/gm)].map(([box]) => box),
      english.items.map(({ state }) => boxes[state]),
    );
    const one = await acceptance(here, ['--database', 'office']);
    assert.doesNotMatch(one.stdout, /\(shop\)/);
  });

  test('refuses an address that is none, and tells of a server that does not answer', async (t) => {
    const here = install(t, server, 'shop');
    for (const address of [
      'report:8080',
      'file:///etc/passwd',
      'http://me:secret@report:8080',
      'http://report/?key=secret',
    ]) {
      const { exitCode, stderr } = await acceptance(here, ['--server', address]);
      assert.equal(exitCode, 2, address);
      assert.doesNotMatch(stderr, /secret/);
    }
    const { items } = await ask(here, {}, `http://127.0.0.1:${await freePort()}`);
    const item = items.find(({ id }) => id === 'report-server');
    assert.equal(item?.state, 'open');
    assert.match(item?.observed ?? '', /ECONNREFUSED/);
  });
});

async function serve(t: TestContext, here: Installation): Promise<string> {
  const port = await freePort();
  const program = here.start(['serve', '--host', '127.0.0.1', '--port', String(port)]);
  t.after(async () => {
    program.kill('SIGTERM');
    await program.finished;
  });
  await program.waitForOutput(/SERVING/);
  return `http://127.0.0.1:${port}`;
}

function acceptance(here: Installation, args: string[] = [], changes: Env = {}): Promise<CliResult> {
  return runInProcess(['acceptance', ...args], { ...here.env, ...changes });
}

async function ask(here: Installation, changes: Env = {}, address?: string): Promise<Answer> {
  const server = address === undefined ? [] : ['--server', address];
  const { stdout, stderr } = await acceptance(here, ['--json', ...server], changes);
  assert.notEqual(stdout, '', stderr);
  return JSON.parse(stdout) as Answer;
}

function openIn({ items }: Answer): string[] {
  return items
    .filter(({ state }) => state === 'open')
    .map(({ id }) => id)
    .sort();
}
