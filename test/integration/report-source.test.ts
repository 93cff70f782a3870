import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { ensureLayout } from '../../src/backup/open-run.ts';
import { type Layout, layoutOf } from '../../src/files/layout.ts';
import { sharedPath } from '../../src/report/report-source.ts';
import { addPastRun, artifactsOf } from '../backup/past-run.ts';
import { pageText } from '../docs/pages.ts';
import { ageKey } from '../encryption/keys.ts';
import { missing } from '../harness/parts.ts';
import { startPgBackup } from '../harness/pg-backup.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import type { Credential } from '../oss-server/server.ts';
import { backupWithEvent } from './at-stage.ts';
import { installDrills } from './drill-installation.ts';
import { type Env, install, lifetime } from './installation.ts';
import { BUCKET, type OssBucket, startOssBucket } from './oss-bucket.ts';
import { until } from './until.ts';

const skip = missing('postgres-server-15', 'postgres-client-15');
const DATABASES = [
  'first',
  'denied',
  'busy',
  'SIGTERM',
  'SIGKILL',
  'later',
  'accepted',
  'encrypted',
  'mixed',
];
const PAGES = ['docs/report-server.md', 'docs/report-server.zh-CN.md'];
const LIMIT = { timeout: 120_000 };

describe('REPORT_SOURCE', { skip, concurrency: 2 }, () => {
  let server: PostgresServer;
  let bucket: OssBucket;
  before(async () => {
    [server, bucket] = await Promise.all([startPostgres(), startOssBucket()]);
    // One runner for a database at a time: each test has its own.
    for (const database of DATABASES) {
      await server.createDatabase(database);
      await server.psql('CREATE TABLE item AS SELECT generate_series(1, 5) AS id', { database });
    }
  });
  after(async () => {
    await bucket.close();
    await server.stop();
  });

  /** Settings of a run in mode local that may do nothing in the bucket but what the page says: put what lies below the prefix. */
  const putOnly = (prefix: string): Env => ({
    ...settingsOf(prefix),
    ...keyFor(`put${prefix}`, policyOf('reports-put', prefix)),
  });
  const settingsOf = (prefix: string): Env => {
    const { OSS_PREFIX: _prefix, OSS_BUCKET: _bucket, ...way } = bucket.settings(prefix);
    return { ...way, BACKUP_MODE: 'local', REPORT_SOURCE: `oss://${BUCKET}/${prefix}` };
  };
  const keyFor = (name: string, policy: object): Env => {
    const key = { accessKeyId: `LTAI${name}`, accessKeySecret: `secret${name}` };
    bucket.server.addCredential({ ...key, policy: policy as NonNullable<Credential['policy']> });
    return { OSS_ACCESS_KEY_ID: key.accessKeyId, OSS_ACCESS_KEY_SECRET: key.accessKeySecret };
  };
  /** What is below the prefix is what is on the volume, to the byte. */
  const assertSame = (prefix: string, layout: Layout, count: number): void => {
    const expected = new Map<string, string>();
    for (const kind of ['records', 'reports', 'drills'] as const) {
      if (!existsSync(layout[kind])) continue;
      for (const name of readdirSync(layout[kind]))
        expected.set(`${kind}/${sharedPath(name)}`, readFileSync(join(layout[kind], name), 'utf8'));
    }
    assert.equal(expected.size, count);
    const found = [...bucket.objects(prefix)].map(([key, { content }]) => [key, content.toString()] as const);
    assert.deepEqual(new Map(found), new Map([...expected].sort()));
    assert.deepEqual(owed(layout), []);
  };

  test('a server on an empty directory answers what one on the volume does', LIMIT, async (t) => {
    const here = install(t, server, 'first', putOnly('first'));
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 0, stderr);
    assert.match(stderr, /REPORTS_SENT|put to oss:\/\/backups\/first: 2/);
    const failed = await here.run(['backup'], { PGPASSWORD: 'wrong' });
    assert.notEqual(failed.exitCode, 0);
    assertSame('first', layoutOf(here.base), 4);
    const [month] = here.newest().name.match(/\d{6}(?=\d{2}T)/) ?? [];
    for (const key of bucket.objects('first').keys())
      assert.ok(key.includes(`/${month?.slice(0, 4)}/${month?.slice(4)}/`), key);

    const read = keyFor('read', policyOf('reports-read', 'first'));
    const empty = temporaryDirectory(t);
    const [elsewhere, there] = [
      await serve(t, { ...settingsOf('first'), ...read, BACKUP_BASE_DIR: empty }),
      await serve(t, { BACKUP_BASE_DIR: here.base }),
    ];
    const run = here.newest().name;
    for (const path of [
      '/api/admin/backup/latest',
      '/api/admin/backup/list',
      '/api/v1/runs',
      `/api/v1/runs/${run}`,
    ]) {
      const answer = await textOf(elsewhere + path);
      assert.equal(answer, await textOf(there + path), path);
      assert.match(answer, /"first"/, path);
    }
    assert.deepEqual(readdirSync(empty), []);
  });

  test('what does not arrive is a warning, and is put with the next run', LIMIT, async (t) => {
    const env = putOnly('denied');
    const here = install(t, server, 'denied', env);
    const forbidden = keyFor('nothing', policyOf('reports-read', 'denied'));
    const { exitCode, stderr } = await here.run(['backup'], forbidden);
    assert.equal(exitCode, 0, stderr);
    assert.match(stderr, /2 reports and records could not be put to oss:\/\/backups\/denied: .*AccessDenied/);
    assert.equal(here.newest().report.status, 'SUCCESS');
    const zh = await here.run(['backup'], { ...forbidden, BACKUP_LANG: 'zh' });
    assert.equal(zh.exitCode, 0, zh.stderr);
    assert.match(zh.stderr, /有 4 个报表与记录未能存至 oss:\/\/backups\/denied：/);
    assert.equal(bucket.objects('denied').size, 0);
    const next = await here.run(['backup']);
    assert.equal(next.exitCode, 0, next.stderr);
    assertSame('denied', layoutOf(here.base), 6);
  });

  test('OSS that is busy is asked again within the run', LIMIT, async (t) => {
    const here = install(t, server, 'busy', putOnly('busy'));
    const begun = new Set<string>();
    const run = here.start(['backup']);
    // Its name is known as soon as it is marked.
    const { unsent } = layoutOf(here.base);
    await until(() => existsSync(join(unsent, 'reports')) && readdirSync(join(unsent, 'reports')).length, 1);
    for (const name of readdirSync(join(unsent, 'reports'))) {
      const key = `busy/records/${sharedPath(name)}`;
      begun.add(key);
      const fault = { kind: 'error', code: 'InternalError' } as const;
      bucket.server.fail({ fault, operation: 'PutObject', key, times: 2 });
    }
    const { exitCode, stderr } = await run.finished;
    assert.equal(exitCode, 0, stderr);
    const tries = bucket.server.requests.filter(({ key }) => begun.has(key ?? ''));
    assert.deepEqual(
      tries.map(({ status }) => status),
      [500, 500, 200],
    );
    assertSame('busy', layoutOf(here.base), 2);
  });

  for (const event of ['SIGTERM', 'SIGKILL'] as const) {
    test(`the report of a run that ${event} ended arrives`, LIMIT, async (t) => {
      const here = install(t, server, event, putOnly(event));
      await backupWithEvent(t, here, 'verify', event);
      if (event === 'SIGKILL') {
        await until(() => here.leftovers().filter((name) => name.startsWith('process')), []);
        assert.equal(bucket.objects(event).size, 0);
        await here.run(['prune']);
      }
      assert.equal(here.newest().report.status, 'FAILED');
      assertSame(event, layoutOf(here.base), 2);
    });
  }

  test('an upload that is made good and a drill are put, too', LIMIT, async (t) => {
    const here = await installDrills(t, server, 'later', {
      ...bucket.settings('later'),
      ...{
        BACKUP_UPLOAD_TOOL: 'sdk',
        BACKUP_FINGERPRINT: 'content',
        REPORT_SOURCE: `oss://${BUCKET}/reports`,
      },
    });
    const layout = layoutOf(here.base);
    await ensureLayout(layout);
    const { PG_HOST: host = '', PG_PORT: port = '' } = here.env;
    for (const days of [3, 4, 5]) addPastRun(layout, days, { database: 'later', host, port: Number(port) });
    const outage = await here.run(['backup'], { OSS_BUCKET: 'another' });
    assert.notEqual(outage.exitCode, 0);
    const { name } = here.newest();
    const record = () => {
      const object = bucket.objects('reports').get(`records/${sharedPath(`${name}.json`)}`);
      return JSON.parse(object?.content.toString() ?? '{}');
    };
    assert.equal(record().awaitsUpload, true);
    assert.equal((await here.run(['upload'])).exitCode, 0);
    assert.deepEqual([record().awaitsUpload, record().remote.length], [false, 4]);
    const drilled = await here.run(['drill', name]);
    assert.equal(drilled.exitCode, 0, drilled.stderr);
    assert.equal(record().proof, 'restored');
    const drills = [...bucket.objects('reports')].filter(([key]) => key.startsWith('drills/'));
    assert.equal(drills.length, 1);
    assert.equal(drills[0]?.[1].content.toString(), `${JSON.stringify(here.newestDrill(), undefined, 2)}\n`);
    assert.deepEqual(owed(layout), []);
  });

  test('an acceptance is put', LIMIT, async (t) => {
    const here = install(t, server, 'accepted', putOnly('accepted'));
    const layout = layoutOf(here.base);
    await ensureLayout(layout);
    for (const days of [10, 11, 12, 13]) addUnlike(server, layout, days);
    assert.equal((await here.run(['backup'])).exitCode, 0);
    const { exitCode, stderr } = await here.run(['accept']);
    assert.equal(exitCode, 0, stderr);
    const { name } = here.newest();
    const object = bucket.objects('accepted').get(`records/${sharedPath(`${name}.json`)}`);
    assert.ok(JSON.parse(object?.content.toString() ?? '{}').warning.acceptedAt);
  });

  test('a drill of an encrypted backup names nothing of what is encrypted', LIMIT, async (t) => {
    const key = await ageKey();
    const here = await installDrills(t, server, 'encrypted', {
      ...putOnly('encrypted'),
      ...{ BACKUP_ENCRYPTION: 'age', BACKUP_ENCRYPTION_RECIPIENTS: key.recipient },
      ...{ BACKUP_ENCRYPTION_IDENTITY_FILE: key.identityFile, BACKUP_FINGERPRINT: 'content' },
      PG_DUMP_EXTRA_OPTS: '--exclude-table-data=item',
    });
    assert.equal((await here.run(['backup'])).exitCode, 0);
    const { name } = here.newest();
    await here.run(['drill', name]);
    const { outcome } = here.newestDrill();
    assert.equal(outcome, 'incomplete');
    assert.match(JSON.stringify(here.newestDrill()), /item/);
    const found = [...bucket.objects('encrypted')].find(([path]) => path.startsWith('drills/'));
    const content = found?.[1].content.toString() ?? '';
    assert.doesNotMatch(content, /item/);
    assert.deepEqual(JSON.parse(content).outcome, outcome);
  });

  test('remote retention below the same prefix leaves them alone', LIMIT, async (t) => {
    const here = install(t, server, 'mixed', {
      ...bucket.settings('mixed'),
      ...{ BACKUP_UPLOAD_TOOL: 'sdk', REMOTE_RETENTION_DAYS: '7', REPORT_SOURCE: `oss://${BUCKET}/mixed` },
    });
    const layout = layoutOf(here.base);
    await ensureLayout(layout);
    const { PG_HOST: host = '', PG_PORT: port = '' } = here.env;
    const urlOf = (name: string): string => `oss://${BUCKET}/mixed/${name}`;
    const old = addPastRun(layout, 30, { database: 'mixed', host, port: Number(port), urlOf });
    for (const name of artifactsOf(old))
      await bucket.put(`mixed/${name}`, readFileSync(join(layout.data, name)));
    const shared = ['records', 'reports'].map((kind) => `${kind}/${sharedPath(`${old}.json`)}`);
    for (const path of shared) await bucket.put(`mixed/${path}`, '{}');
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 0, stderr);
    assert.match(stderr, /removed.*1|1 removed/);
    const { name } = here.newest();
    const own = ['records', 'reports'].map((kind) => `${kind}/${sharedPath(`${name}.json`)}`);
    assert.deepEqual(
      [...bucket.objects('mixed').keys()].sort(),
      [...artifactsOf(name), ...shared, ...own].sort(),
    );
    const listed = await here.run(['list', '--json']);
    assert.doesNotMatch(listed.stdout, /reports\//);
  });

  test('the policies are the same in both languages', () => {
    for (const name of ['reports-put', 'reports-read'])
      assert.deepEqual(policyOf(name, 'x', PAGES[1]), policyOf(name, 'x'));
  });

  test('settings that cannot lead there are told before anything is done', LIMIT, async (t) => {
    const here = install(t, server, 'first', { REPORT_SOURCE: `oss://${BUCKET}/x` });
    const { exitCode, stderr } = await here.run(['backup']);
    assert.equal(exitCode, 2, stderr);
    for (const name of ['OSS_ENDPOINT', 'OSS_ACCESS_KEY_ID', 'OSS_ACCESS_KEY_SECRET'])
      assert.match(
        stderr,
        new RegExp(`${name} \\(not set\\): expected a value, because REPORT_SOURCE is set`),
      );
    const wrong = await here.run(['backup'], { ...settingsOf('x'), REPORT_SOURCE: 'oss://backups/../x' });
    assert.equal(wrong.exitCode, 2);
    assert.match(
      wrong.stderr,
      /REPORT_SOURCE=oss:\/\/backups\/\.\.\/x \(environment\): expected oss:\/\/bucket/,
    );
    const { OSS_ENDPOINT: _endpoint, ...others } = settingsOf('x');
    const serving = await startPgBackup(['serve'], { env: others, signal: lifetime(t) }).finished;
    assert.equal(serving.exitCode, 2, serving.stderr);
    assert.match(serving.stderr, /OSS_ENDPOINT: expected the endpoint of the region/);
  });
});

/** A run that had far more rows. */
function addUnlike(server: PostgresServer, layout: Layout, days: number): void {
  const { host, port } = server;
  const rows = {
    rows: 5000,
    rowsByTable: { 'public.item': 5000 },
    sequences: 0,
    largeObjects: 0,
    inventory: {},
  };
  const fingerprint = { level: 'counts', status: 'complete', durationSeconds: 0, ...rows } as const;
  addPastRun(layout, days, { database: 'accepted', host, port, record: { fingerprint } });
}

/** The policy below the comment that names it, for this bucket and another prefix. */
function policyOf(name: string, prefix: string, page = PAGES[0] ?? ''): object {
  const pattern = new RegExp(`<!-- policy: ${name} -->\\n\`\`\`json\\n(.*?)\\n\`\`\``, 's');
  const text = pattern.exec(pageText(page))?.[1] ?? '';
  return JSON.parse(text.replaceAll('your-oss-bucket', BUCKET).replaceAll('postgres/reports', prefix));
}

function owed(layout: Layout): string[] {
  if (!existsSync(layout.unsent)) return [];
  return readdirSync(layout.unsent, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.json'),
  );
}

/** A report server as a program of its own; ends with the test. */
async function serve(t: TestContext, env: Env): Promise<string> {
  const port = await freePort();
  const program = startPgBackup(['serve', '--host', '127.0.0.1', '--port', String(port)], {
    env: { HOME: temporaryDirectory(t), ...env },
    signal: lifetime(t),
  });
  t.after(() => program.kill('SIGTERM'));
  const address = `http://127.0.0.1:${port}`;
  await program.waitForOutput(/SERVING/);
  await until(async () => (await fetch(`${address}/readyz`)).status, 200);
  return address;
}

async function textOf(address: string): Promise<string> {
  return (await fetch(address)).text();
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
