import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runName } from '../../src/backup/run-name.ts';
import { describeError } from '../../src/errors.ts';
import { filesOfRun, type Layout, layoutOf } from '../../src/files/layout.ts';
import { render } from '../../src/language.ts';
import { databaseNamesPath, writeDatabaseNames } from '../../src/report/database-names.ts';
import type { RunRecord } from '../../src/report/record.ts';
import { healthcheck } from '../../src/schedule/healthcheck.ts';
import { openSite } from '../../src/server/overview/site.ts';
import { recordingContext } from '../backup/recording-context.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { until } from '../integration/until.ts';
import { type RecordedFacts, recordRun } from '../schedule/recorded-run.ts';
import { SAMPLE_SETTINGS } from './sample-site.ts';
import { NOW, type RunningSite, type SiteOptions, startSite } from './site.ts';

const LIMIT = { timeout: 60_000 };
const THIS_MORNING = '2027-01-10T02:00:00Z';
const TWENTY_DAYS_AGO = '2026-12-21T02:00:00Z';
const A_MONTH_AGO = '2026-12-05T02:00:00Z';

/** A run with its dump here, restored by a drill: nothing speaks against it. */
function good(layout: Layout, facts: RecordedFacts): string {
  const { record, ...rest } = facts;
  const run = recordRun(layout, { ...rest, record: { ...GOOD, ...record } });
  mkdirSync(layout.data, { recursive: true });
  writeFileSync(filesOfRun(layout, run).dump, '');
  return run;
}

const GOOD: Partial<RunRecord> = {
  ...{ proof: 'restored', mode: 'local', durationSeconds: 20 },
  artifacts: [{ name: 'x.dump', sizeBytes: 1000, sha256: 'abc' }],
};

/** What the page says at the first look. */
async function headlineOf({ address }: RunningSite): Promise<string[]> {
  const text = await (await fetch(address, { headers: { accept: 'text/html' } })).text();
  const [headline = ''] = /<section class="headline.*?<\/section>/s.exec(text) ?? [];
  const inner = (tag: string): string[] =>
    [...headline.matchAll(new RegExp(`<${tag}[ >].*?</${tag}>`, 'gs'))].map(([html]) =>
      html.replaceAll(/<[^>]*>|[\u2068\u2069]/g, '').trim(),
    );
  return [...inner('h1'), ...inner('li')];
}

interface Summary {
  readonly databases: Readonly<Record<string, unknown>>[];
  readonly totals: Readonly<Record<string, unknown>>;
  readonly forgotten: unknown;
  readonly volumes: readonly { readonly freeBytes: number | null }[];
}

async function summaryOf({ get }: RunningSite): Promise<Summary> {
  const { status, body } = await get('/api/v1/summary');
  assert.equal(status, 200);
  return body as Summary;
}

async function metricsOf({ get }: RunningSite): Promise<string> {
  return String((await get('/metrics')).body);
}

const start = (t: TestContext, prepare: (layout: Layout) => void, options: SiteOptions = {}) =>
  startSite(t, { settings: SAMPLE_SETTINGS, prepare, ...options });

test('a backup whose files are gone is none', LIMIT, async (t) => {
  const site = await start(t, (layout) => good(layout, { startedAt: THIS_MORNING }));
  assert.deepEqual(await headlineOf(site), ['Safe']);
  assert.match(await metricsOf(site), /^pg_backup_last_success_lost\{[^}]*\} 0$/m);
  rmSync(site.layout.data, { recursive: true });
  await until(() => site.site.followed.index.dataFiles[0]?.size, 0);
  assert.deepEqual(await headlineOf(site), [
    'Look here now',
    'community: the newest good backup is gone: neither its dump is here nor is a copy elsewhere on record',
    'community: of the backups that are still there no drill has restored one',
  ]);
  assert.match(await metricsOf(site), /^pg_backup_last_success_lost\{[^}]*\} 1$/m);
  assert.equal((await summaryOf(site)).databases[0]?.['isLost'], true);
});

test(
  'one that has a copy elsewhere, is just being made, or whose files nobody may list is not taken for gone',
  LIMIT,
  async (t) => {
    const copy = { url: 'oss://b/x.dump', sizeBytes: 1000, crc64: '', confirmedAt: THIS_MORNING };
    for (const facts of [
      { startedAt: THIS_MORNING, record: { remote: [copy] } },
      { startedAt: '2027-01-10T11:50:00Z', record: { finishedAt: '2027-01-10T11:50:20Z' } },
    ]) {
      const site = await start(t, (layout) => {
        good(layout, facts);
        rmSync(layout.data, { recursive: true });
      });
      assert.doesNotMatch((await headlineOf(site)).join(), /gone/);
    }
    const unlisted = await start(t, (layout) => {
      good(layout, { startedAt: THIS_MORNING });
      rmSync(layout.data, { recursive: true });
      writeFileSync(layout.data, 'no directory');
    });
    assert.deepEqual(await headlineOf(unlisted), ['Safe']);
    assert.equal((await summaryOf(unlisted)).databases[0]?.['isLost'], null);
  },
);

test('what a drill restored counts as long as it is there', LIMIT, async (t) => {
  const site = await start(t, (layout) => {
    good(layout, { startedAt: THIS_MORNING, record: { proof: 'stored' } });
    const old = good(layout, { startedAt: TWENTY_DAYS_AGO });
    rmSync(filesOfRun(layout, old).dump);
    good(layout, { startedAt: '2026-12-20T02:00:00Z' });
  });
  assert.deepEqual(await headlineOf(site), ['Safe']);
  const [{ newestRestored } = {}] = (await summaryOf(site)).databases;
  assert.equal((newestRestored as { run: string }).run, 'community_20261220T020000Z_h');
});

test('the same database of two servers is judged for each of them', LIMIT, async (t) => {
  const site = await start(t, (layout) => {
    good(layout, { startedAt: THIS_MORNING, host: 'prod-a' });
    good(layout, { startedAt: TWENTY_DAYS_AGO, host: 'prod-b' });
    recordRun(layout, { startedAt: '2027-01-10T01:00:00Z', host: 'prod-b', errorCode: 'DUMP_FAILED' });
  });
  assert.deepEqual(await headlineOf(site), [
    'Look here now',
    'community (prod-b:5432): the newest good backup is 20 days old; one was due at 2027-01-10 02:00',
    'community (prod-b:5432): the newest run failed: DUMP_FAILED',
  ]);
  const { databases } = await summaryOf(site);
  assert.deepEqual(
    databases.map(({ server, state, runs }) => [server, state, runs]),
    [
      ['prod-a:5432', 'fresh', 1],
      ['prod-b:5432', 'stale', 2],
    ],
  );
  const metrics = await metricsOf(site);
  assert.match(metrics, /^pg_backup_freshness\{[^}]*server="prod-b:5432",state="stale"\} 1$/m);
  assert.match(metrics, /^pg_backup_freshness\{[^}]*server="prod-a:5432",state="stale"\} 0$/m);
  await saysTheSame(site, 503);
});

test('one server is no name that anybody needs', LIMIT, async (t) => {
  const site = await start(t, (layout) => {
    good(layout, { startedAt: THIS_MORNING, host: 'prod-a' });
    good(layout, { startedAt: '2027-01-09T02:00:00Z', host: 'prod-a' });
  });
  assert.deepEqual(await headlineOf(site), ['Safe']);
  assert.doesNotMatch(await metricsOf(site), /server=/);
  await saysTheSame(site, 200);
});

test('a database, or a server, that had no run for a month is named', LIMIT, async (t) => {
  const site = await start(t, (layout) => {
    good(layout, { startedAt: THIS_MORNING });
    good(layout, { startedAt: A_MONTH_AGO, host: 'old' });
    good(layout, { startedAt: A_MONTH_AGO, database: 'billing' });
  });
  assert.deepEqual(await headlineOf(site), [
    'Look here',
    'Not judged any more, as the last run was over 30 days ago: billing (db:5432), community (old:5432)',
  ]);
  assert.deepEqual((await summaryOf(site)).forgotten, [
    { target: null, database: 'billing', server: 'db:5432' },
    { target: null, database: 'community', server: 'old:5432' },
  ]);
  await saysTheSame(site, 200);
  const named = await start(
    t,
    (layout) => {
      good(layout, { startedAt: THIS_MORNING });
      good(layout, { startedAt: A_MONTH_AGO, database: 'billing' });
    },
    { settings: { PG_DATABASE: 'community', PG_HOST: undefined as never } },
  );
  assert.deepEqual(await headlineOf(named), ['Safe']);
});

test('where nothing is of late all of it is judged', LIMIT, async (t) => {
  const site = await start(t, (layout) => {
    for (const host of ['a', 'b'])
      good(layout, { startedAt: host === 'a' ? A_MONTH_AGO : '2026-12-04T02:00:00Z', host });
  });
  assert.deepEqual(
    (await summaryOf(site)).databases.map(({ server, state }) => [server, state]),
    [
      ['a:5432', 'stale'],
      ['b:5432', 'stale'],
    ],
  );
  await saysTheSame(site, 503);
});

test('more databases than are judged are no safety', LIMIT, async (t) => {
  const site = await start(t, (layout) => {
    for (let count = 0; count < 503; count += 1) {
      const startedAt = count < 500 ? THIS_MORNING : TWENTY_DAYS_AGO;
      good(layout, { startedAt, database: `db${String(count).padStart(3, '0')}` });
    }
  });
  assert.deepEqual(await headlineOf(site), [
    'Look here now',
    'Databases that are not judged: 3; one server judges 500',
  ]);
  const { status, body } = await site.get('/healthz');
  assert.equal(status, 503);
  assert.match((body as { reason: string }).reason, /too many: 3$/);
  assert.equal((await summaryOf(site)).totals['leftOut'], 3);
  assert.match(await metricsOf(site), /^pg_backup_databases_left_out 303$/m);
});

test('a report that nobody can read is no success, and hides none', LIMIT, async (t) => {
  const broken = '{"database":"community","status":"FAILED","errorMessage":"relation "x" gone"}';
  const write = (layout: Layout, startedAt: string, database = 'community'): void => {
    const run = runName({ database, startedAt: new Date(startedAt), host: 'h' });
    writeFileSync(filesOfRun(layout, run).report, broken);
  };
  const newer = await start(t, (layout) => {
    good(layout, { startedAt: THIS_MORNING });
    write(layout, '2027-01-10T11:00:00Z');
  });
  assert.deepEqual(await headlineOf(newer), [
    'Look here now',
    'community: nobody can read what the newest run came to: community_20270110T110000Z_h',
    'Files that cannot be read: 1',
  ]);
  assert.match(await metricsOf(newer), /^pg_backup_newest_run_unreadable\{[^}]*\} 1$/m);
  await saysTheSame(newer, 200);
  recordRun(newer.layout, { startedAt: '2027-01-10T11:00:00Z', only: 'report' });
  await until(() => newer.site.followed.unreadable().count, 0);
  assert.doesNotMatch((await headlineOf(newer)).join(), /read/);
  const older = await start(t, (layout) => {
    good(layout, { startedAt: THIS_MORNING });
    write(layout, '2027-01-09T11:00:00Z');
  });
  assert.deepEqual(await headlineOf(older), ['Look here', 'Files that cannot be read: 1']);
  const only = await start(t, (layout) => {
    good(layout, { startedAt: THIS_MORNING });
    write(layout, THIS_MORNING, 'billing');
  });
  assert.match((await headlineOf(only)).join(), /billing: no good backup yet.*billing: nobody can read/);
  await saysTheSame(only, 503);
});

test('a drill of the future, or of no time, hides none that failed', LIMIT, async (t) => {
  const site = await start(t, (layout) => {
    const run = good(layout, { startedAt: THIS_MORNING });
    mkdirSync(layout.drills, { recursive: true });
    for (const [startedAt, outcome] of [
      ['2027-01-10T04:00:00Z', 'failed'],
      ['2027-11-01T04:00:00Z', 'equal'],
      ['zzzz', 'equal'],
      ['2027-99-99T04:00:00Z', 'equal'],
    ] as const) {
      const drill = {
        ...{ version: 1, run, database: 'community', startedAt, outcome, sizeBytes: 1 },
        ...{ phases: [], differences: [], omissions: [] },
      };
      writeFileSync(
        join(layout.drills, `${run}_${startedAt.length}${startedAt.slice(0, 6)}.json`),
        JSON.stringify(drill),
      );
    }
  });
  assert.deepEqual(await headlineOf(site), [
    'Look here now',
    'community: the newest drill could not restore its backup',
    'Files that cannot be read: 2',
  ]);
  const { body } = await site.get('/api/v1/drills?limit=1');
  const { nextCursor } = body as { nextCursor: string };
  const next = await site.get(`/api/v1/drills?limit=1&cursor=${nextCursor}`);
  assert.deepEqual([next.status, (next.body as { nextCursor: unknown }).nextCursor], [200, null]);
});

test('a database that has just come is new, here as there', LIMIT, async (t) => {
  const site = await startSite(t, {
    settings: { PG_DATABASE: undefined as never, PG_DATABASES: ['*'] },
    prepare: (layout) => good(layout, { startedAt: THIS_MORNING }),
  });
  const path = databaseNamesPath(site.layout, { target: undefined, host: 'db', port: 5432 });
  await writeDatabaseNames(path, ['community'], new Date('2027-01-09T02:00:00Z'));
  await writeDatabaseNames(path, ['community', 'shop'], new Date('2027-01-10T11:00:00Z'));
  await until(
    () => site.site.followed.index.surroundings[0]?.remembered.values().next().value?.newSince.size,
    1,
  );
  await saysTheSame(site, 200);
  const { databases, totals } = await summaryOf(site);
  assert.deepEqual(
    databases.map(({ state }) => state),
    ['fresh', 'new'],
  );
  assert.equal(totals['new'], 1);
  assert.match(await metricsOf(site), /^pg_backup_freshness\{target="",database="shop",state="new"\} 1$/m);
  assert.equal((await headlineOf(site))[0], 'Safe');
});

test('a run under way is that of its own server', LIMIT, async (t) => {
  const layout = layoutOf(temporaryDirectory(t));
  const { context } = recordingContext(layout.base, { clock: () => new Date(NOW) });
  const contexts = ['a', 'b'].map((target) => ({
    ...{ ...context, target, settings: { ...context.settings, PG_HOST: target, PG_DATABASE: 'app' } },
  }));
  const mark = join(
    layout.running,
    runName({ database: 'app', startedAt: new Date(THIS_MORNING), host: 'h' }),
  );
  mkdirSync(mark, { recursive: true });
  writeFileSync(join(mark, 'journal.json'), JSON.stringify({ run: 'x', host: 'b', port: 5432 }));
  const controller = new AbortController();
  t.after(() => controller.abort());
  const site = openSite(contexts, controller.signal);
  await site.followed.ready;
  const { databases } = await site.overview();
  assert.deepEqual(
    databases.map(({ running }) => running !== undefined),
    [false, true],
  );
  const [first, second] = databases.map(({ verdict }) => render(verdict.reason, 'en'));
  assert.deepEqual([/under way/.test(first ?? ''), /under way/.test(second ?? '')], [false, true]);
  await assert.rejects(
    healthcheck(contexts, () => {}),
    (error) => {
      const { message } = describeError(error, 'en');
      assert.ok(message.includes(first ?? '-') && message.includes(second ?? '-'), message);
      return true;
    },
  );
});

test('a success without a dump is looked at', LIMIT, async (t) => {
  const local = { file: '', globalsFile: '', checksumSha256: '', sizeBytes: 0 };
  for (const change of [
    (layout: Layout) => good(layout, { startedAt: THIS_MORNING, record: { artifacts: [] } }),
    (layout: Layout) => {
      const run = good(layout, { startedAt: THIS_MORNING, only: 'report' });
      const report = { database: 'community', startedAt: THIS_MORNING, status: 'SUCCESS', local };
      writeFileSync(filesOfRun(layout, run).report, JSON.stringify(report));
    },
  ]) {
    const [verdict, ...reasons] = await headlineOf(await start(t, change));
    assert.equal(verdict, 'Look here');
    assert.ok(
      reasons.includes('community: the newest good backup tells of no dump: its size is 0'),
      reasons.join(),
    );
  }
});

test('no request reads the volume', LIMIT, async (t) => {
  const site = await start(
    t,
    (layout) => {
      good(layout, { startedAt: THIS_MORNING });
      const names = { version: 1, foundAt: NOW, databases: ['community', 'shop'] };
      mkdirSync(layout.databases);
      writeFileSync(
        databaseNamesPath(layout, { target: undefined, host: 'db', port: 5432 }),
        JSON.stringify(names),
      );
    },
    {
      settings: { PG_DATABASE: undefined as never, PG_DATABASES: ['*'] },
      follow: { rescanMilliseconds: 3_600_000, isWatching: false },
    },
  );
  rmSync(site.layout.base, { recursive: true });
  const { databases, volumes } = await summaryOf(site);
  assert.deepEqual(
    databases.map(({ database, state }) => [database, state]),
    [
      ['community', 'fresh'],
      ['shop', 'none'],
    ],
  );
  assert.ok((volumes[0]?.freeBytes ?? 0) > 0);
});

test('a look that hangs is no good news', LIMIT, async (t) => {
  let now = NOW;
  const site = await start(t, (layout) => good(layout, { startedAt: THIS_MORNING }), {
    follow: { rescanMilliseconds: 3_600_000 },
    changes: { clock: () => new Date(now) },
  });
  assert.equal((await site.get('/healthz')).status, 200);
  now = '2027-01-10T12:16:00Z';
  assert.deepEqual(await headlineOf(site), [
    'Look here now',
    'The directories were looked through 16 min ago: what stands here is as old',
  ]);
  const { status, body } = await site.get('/healthz');
  assert.equal(status, 503);
  assert.match((body as { reason: string }).reason, /looked through at 2027-01-10T12:00:00Z the last time/);
  const page = await (await fetch(site.address, { headers: { accept: 'text/html' } })).text();
  assert.match(page, /last looked through at 2027-01-10 12:00:00/);
});

/** `/healthz` and `pg-backup healthcheck` come to the same, in the same words. */
async function saysTheSame({ get, site }: RunningSite, expected: 200 | 503): Promise<void> {
  const { status, body } = await get('/healthz');
  const { reason } = body as { reason: string };
  assert.equal(status, expected, reason);
  const written: string[] = [];
  const failure = await healthcheck(site.contexts, (text) => written.push(text)).then(
    () => undefined,
    (error: unknown) => describeError(error, 'en').message,
  );
  assert.equal(failure ?? written.join('').trim(), reason);
}
