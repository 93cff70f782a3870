import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Layout } from '../../src/files/layout.ts';
import type { RunRecord } from '../../src/report/record.ts';
import { until } from '../integration/until.ts';
import { recordRun } from '../schedule/recorded-run.ts';
import { fillSample, HOSTILE, SAMPLE_SETTINGS } from './sample-site.ts';
import { type RunningSite, type SiteOptions, startSite, writeReportFile } from './site.ts';

const LIMIT = { timeout: 60_000 };
const HTML = { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } };
const POLICY =
  "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const GOOD: Partial<RunRecord> = {
  ...{ proof: 'restored', mode: 'both', durationSeconds: 20 },
  artifacts: [{ name: 'community_20270110T020000Z_h.dump', sizeBytes: 1000, sha256: 'abc' }],
  remote: [{ url: 'oss://b/x.dump', sizeBytes: 1000, crc64: '', confirmedAt: '2027-01-10T02:00:19.000Z' }],
};

/** What a browser gets. */
async function look(
  { address }: RunningSite,
  path: string,
  init: RequestInit = HTML,
): Promise<{ status: number; text: string; headers: Headers }> {
  const answer = await fetch(address + path, init);
  return { status: answer.status, text: await answer.text(), headers: answer.headers };
}

/** The texts between those tags, without the tags within. */
function texts(html: string, tag: string): string[] {
  const pattern = new RegExp(`<${tag}(?: [^>]*)?>(.*?)</${tag}>`, 'gs');
  return [...html.matchAll(pattern)].map(([, inner = '']) => inner.replaceAll(/<[^>]*>/g, '').trim());
}

async function headlineOf(
  t: TestContext,
  options: SiteOptions,
): Promise<{ verdict: string; reasons: string }> {
  const { text } = await look(await startSite(t, options), '/');
  const [headline = ''] = /<section class="headline.*?<\/section>/s.exec(text) ?? [];
  return { verdict: texts(headline, 'h1').join(), reasons: texts(headline, 'li').join(' | ') };
}

test('one look says that the backups are safe, or why they may not be', LIMIT, async (t) => {
  const headline = (prepare: (layout: Layout) => void) => headlineOf(t, { prepare });
  const startedAt = '2027-01-10T02:00:00Z';
  const safe = await headline((layout) => recordRun(layout, { startedAt, record: GOOD }));
  assert.deepEqual(safe, { verdict: 'Safe', reasons: '' });
  for (const [record, reason] of [
    [{ proof: 'stored' }, 'no drill has restored a backup yet'],
    [{ remote: [] }, 'the newest backup has no copy elsewhere'],
    [{ awaitsUpload: true }, 'backups that wait for their upload: 1'],
    [
      { warning: { anomalies: [{ kind: 'size', found: 1, median: 9 }] } },
      'the newest backup looks unlike the ones before',
    ],
  ] as const) {
    const { verdict, reasons } = await headline((layout) => {
      const run = recordRun(layout, { startedAt, record: { ...GOOD, ...record } });
      mkdirSync(layout.data);
      writeFileSync(join(layout.data, `${run}.dump`), '');
    });
    assert.deepEqual([verdict, reasons], ['Look here', `\u2068community\u2069: ${reason}`]);
  }
  const unproven = await headline((layout) => {
    recordRun(layout, { startedAt: '2026-12-05T02:00:00Z', record: GOOD });
    recordRun(layout, { startedAt, record: { ...GOOD, proof: 'stored' } });
  });
  assert.deepEqual(unproven, {
    verdict: 'Look here',
    reasons: '\u2068community\u2069: the newest backup that a drill restored is 36 days old',
  });
  const failed = await headline((layout) => {
    recordRun(layout, { startedAt, record: GOOD });
    recordRun(layout, { startedAt: '2027-01-10T03:00:00Z', errorCode: 'DUMP_FAILED' });
  });
  assert.deepEqual(failed.verdict, 'Look here now');
  assert.match(failed.reasons, /the newest run failed: DUMP_FAILED/);
  const stale = await headline((layout) =>
    recordRun(layout, { startedAt: '2027-01-08T02:00:00Z', record: GOOD }),
  );
  assert.match(stale.reasons, /the newest good backup is 58 h old; one was due at 2027-01-10 02:00/);
  const empty = await headline(() => {});
  assert.deepEqual(empty, { verdict: 'Look here now', reasons: 'There is no backup here yet' });
});

test('a drill that did not go well is no safety', LIMIT, async (t) => {
  for (const [outcome, reason] of [
    ['failed', 'the newest drill could not restore its backup'],
    ['different', 'what the newest drill restored differs from what was backed up'],
  ]) {
    const { verdict, reasons } = await headlineOf(t, {
      prepare(layout) {
        const run = recordRun(layout, { startedAt: '2027-01-10T02:00:00Z', record: GOOD });
        const drill = {
          ...{ version: 1, run, database: 'community', startedAt: '2027-01-10T04:00:00Z', outcome },
          ...{ sizeBytes: 1, phases: [], differences: [], omissions: [] },
        };
        mkdirSync(layout.drills, { recursive: true });
        writeFileSync(join(layout.drills, `${run}_1.json`), JSON.stringify(drill));
      },
    });
    assert.deepEqual([verdict, reasons], ['Look here now', `\u2068community\u2069: ${reason}`]);
  }
});

test(
  'pages load nothing but what is here, hold no script and no style, and escape what files say',
  LIMIT,
  async (t) => {
    const site = await startSite(t, { settings: SAMPLE_SETTINGS, prepare: fillSample });
    const hostile = site.site.followed.index.runs.items.find(({ database }) => database === HOSTILE);
    const paths = [
      '/',
      `/?database=${encodeURIComponent(HOSTILE)}`,
      '/runs',
      '/runs?status=FAILED',
      '/nothing',
    ];
    paths.push(`/runs/${encodeURIComponent(hostile?.fileName.replace(/\.json$/, '') ?? '')}`);
    paths.push(`/?"><script>alert(1)</script>=1`, '/runs?database="><img src=x onerror=alert(1)>');
    for (const path of paths) {
      const { status, text, headers } = await look(site, path);
      assert.equal(status, path === '/nothing' ? 404 : 200, path);
      assert.equal(headers.get('content-security-policy'), POLICY);
      assert.match(headers.get('content-type') ?? '', /^text\/html; charset=utf-8$/);
      assert.equal(headers.get('cache-control'), 'no-store');
      assert.doesNotMatch(text, /<img|<style|<script>|\sstyle=|\son\w+="|javascript:/i, path);
      assert.equal(text.match(/<script/g)?.length, 1, path);
      assert.equal(texts(text, 'h1').length, 1, path);
    }
    const { text } = await look(site, '/');
    assert.ok(text.includes("&lt;img src=x onerror=alert(1)>&quot;'&amp;"));
  },
);

test('every address is relative, and leads somewhere below any prefix', LIMIT, async (t) => {
  const site = await startSite(t, {
    settings: { ...SAMPLE_SETTINGS, BASE_PATH: '/all/backups/' },
    prepare: fillSample,
  });
  const seen = new Set<string>();
  const visit = async (path: string): Promise<void> => {
    const { text } = await look(site, path);
    const addresses = [...text.matchAll(/\s(?:href|src|action)="([^"]*)"/g)].map(([, one = '']) => one);
    for (const address of addresses) {
      assert.match(address, /^(\.{1,2}\/|#)|^[\w%.-]+\?/, `${path}: ${address}`);
      const { pathname, search } = new URL(address.replaceAll('&amp;', '&'), site.address + path);
      assert.ok(pathname.startsWith('/all/backups/'), `${path}: ${address}`);
      seen.add(pathname + search);
    }
  };
  const [run] = site.site.followed.index.runs.items;
  const runPath = `/all/backups/runs/${encodeURIComponent(run?.fileName.replace(/\.json$/, '') ?? '')}`;
  for (const path of ['/all/backups/', '/all/backups/runs?status=FAILED', runPath]) await visit(path);
  const someRuns = [...seen].filter((path) => path.includes('/runs/')).slice(0, 5);
  const others = [...seen].filter((path) => !/\/runs\/|\/runs\?.*from=/.test(path));
  for (const path of [...someRuns, ...others]) assert.equal((await look(site, path)).status, 200, path);
  for (const [path, location] of [
    ['/all/backups', './backups/'],
    ['/all/backups?lang=zh', './backups/?lang=zh'],
  ] as const) {
    const { status, headers } = await look(site, path, { ...HTML, redirect: 'manual' });
    assert.deepEqual([status, headers.get('location')], [308, location]);
  }
});

test(
  'the language is chosen in the address and remembered, times are those of the zone',
  LIMIT,
  async (t) => {
    const site = await startSite(t, {
      settings: { BACKUP_TIMEZONE: 'Asia/Shanghai' },
      prepare: (layout) => recordRun(layout, { startedAt: '2027-01-10T02:00:00Z', record: GOOD }),
    });
    const chinese = await look(site, '/runs?status=SUCCESS&lang=zh');
    assert.match(chinese.text, /<html lang="zh-CN">/);
    assert.deepEqual(texts(chinese.text, 'h1'), ['运行记录']);
    assert.match(chinese.text, /href="runs\?status=SUCCESS&amp;lang=en"/);
    const [cookie = ''] = (chinese.headers.get('set-cookie') ?? '').split(';');
    assert.equal(cookie, 'lang=zh');
    const later = await look(site, '/', { headers: { ...HTML.headers, cookie } });
    assert.deepEqual(texts(later.text, 'h1'), ['安全']);
    assert.equal(later.headers.get('set-cookie'), null);
    const wished = await look(site, '/', { headers: { ...HTML.headers, 'accept-language': 'zh-CN' } });
    assert.deepEqual(texts(wished.text, 'h1'), ['安全']);
    const { text } = await look(site, '/runs');
    const expected =
      /<time datetime="2027-01-10T02:00:00.000Z" title="10 h ago · 2027-01-10T02:00:00.000Z">2027-01-10 10:00<\/time>/;
    assert.match(text, expected);
  },
);

test('the list is filtered by days of the zone, and goes on page by page', LIMIT, async (t) => {
  const site = await startSite(t, {
    settings: { BACKUP_TIMEZONE: 'Asia/Shanghai' },
    prepare(layout) {
      for (let hour = 0; hour < 120; hour += 1)
        recordRun(layout, {
          startedAt: new Date(Date.parse('2027-01-10T00:00:00Z') - hour * 3_600_000),
          ...(hour % 40 === 1 && { errorCode: 'DUMP_FAILED' }),
        });
    },
  });
  const rows = (html: string) =>
    [...html.matchAll(/<th scope="row">.*?datetime="([^"]+)"/gs)].map(([, at = '']) => at);
  const day = rows((await look(site, '/runs?from=2027-01-09&to=2027-01-09&database=')).text);
  assert.deepEqual(
    [day.length, day[0], day.at(-1)],
    [24, '2027-01-09T15:00:00.000Z', '2027-01-08T16:00:00.000Z'],
  );
  assert.equal(rows((await look(site, '/runs?status=FAILED')).text).length, 3);
  assert.match((await look(site, '/runs?database=other')).text, /No run fits/);
  const found: string[] = [];
  let next: string | undefined = '/runs?status=SUCCESS';
  while (next !== undefined) {
    const { text }: { text: string } = await look(site, next);
    found.push(...rows(text));
    next = /<a rel="next" href="\.([^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&');
  }
  assert.deepEqual([found.length, new Set(found).size], [117, 117]);
  for (const wrong of ['from=2027-02-30', 'to=x', 'status=x', 'proof=x', 'cursor=x']) {
    const { status, text } = await look(site, `/runs?${wrong}`);
    assert.deepEqual([status, texts(text, 'h1')], [400, ['The filter cannot be used as it is']], wrong);
  }
});

test('the calendar counts the runs of each day of the zone, and the charts show them', LIMIT, async (t) => {
  const site = await startSite(t, {
    settings: { BACKUP_TIMEZONE: 'Asia/Shanghai' },
    prepare(layout) {
      const record = { durationSeconds: 5, artifacts: GOOD.artifacts ?? [] };
      recordRun(layout, { startedAt: '2027-01-07T15:59:59Z', errorCode: 'DUMP_FAILED', record });
      recordRun(layout, { startedAt: '2027-01-07T16:00:00Z', record: GOOD });
      recordRun(layout, { startedAt: '2027-01-09T01:00:00Z', record: GOOD });
      recordRun(layout, { startedAt: '2027-01-09T15:00:00Z', errorCode: 'DUMP_FAILED', record });
      recordRun(layout, { startedAt: '2020-01-01T00:00:00Z', record: GOOD });
    },
  });
  const { text } = await look(site, '/');
  const days = [...text.matchAll(/<a href="([^"]*)" aria-label="(2027-01-[^"]*: [^"]*)"/g)].map(
    ([, ...day]) => day,
  );
  assert.deepEqual(days, [
    ['./runs?from=2027-01-07&amp;to=2027-01-07', '2027-01-07: 0 good, 1 failed'],
    ['./runs?from=2027-01-08&amp;to=2027-01-08', '2027-01-08: 1 good'],
    ['./runs?from=2027-01-09&amp;to=2027-01-09', '2027-01-09: 1 good, 1 failed'],
  ]);
  const tables = texts(text, 'tbody').map(
    (_, place) => text.split('<tbody>')[place + 1]?.split('</tbody>')[0] ?? '',
  );
  assert.deepEqual(
    tables.map((table) => texts(table, 'tr').length),
    [3, 5],
  );
  assert.match(text, /5 s \(failed\)/);
});

test('a file of a run is here, or was removed', LIMIT, async (t) => {
  const site = await startSite(t, {
    prepare(layout) {
      const run = 'community_20270110T020000Z_h';
      const artifacts = [`${run}.dump`, `${run}_globals.sql`].map((name) => ({
        name,
        sizeBytes: 9,
        sha256: '',
      }));
      recordRun(layout, { startedAt: '2027-01-10T02:00:00Z', record: { ...GOOD, remote: [], artifacts } });
      recordRun(layout, { startedAt: '2027-01-09T02:00:00Z', record: { ...GOOD, remote: [] } });
      mkdirSync(layout.data);
      writeFileSync(join(layout.data, `${run}.dump`), '');
    },
  });
  const { text } = await look(site, '/runs/community_20270110T020000Z_h');
  const states = texts(text, 'tr').flatMap((row) => /here$|removed$/.exec(row) ?? []);
  assert.deepEqual(states.map(String), ['here', 'removed']);
  assert.doesNotMatch(text, /The dump is not here any more/);
  const { text: gone } = await look(site, '/runs/community_20270109T020000Z_h');
  assert.match(gone, /The dump is not here any more/);
});

test('the page of a run tells everything of it, and how to restore it', LIMIT, async (t) => {
  const site = await startSite(t, {
    settings: SAMPLE_SETTINGS,
    prepare(layout) {
      fillSample(layout);
      recordRun(layout, { startedAt: '2027-01-10T02:00:00Z', database: "o'x", record: GOOD });
    },
  });
  const page = async (run: string, query = '') =>
    (await look(site, `/runs/${encodeURIComponent(run)}${query}`)).text;
  const good = await page('community_20270107T020101Z_db01');
  assert.deepEqual(texts(good, 'pre'), [
    'docker compose exec backup pg-backup restore community_20270107T020101Z_db01 --to community_restored',
    'docker run --rm -it --env-file .env.backup -v /data/db-backups:/data/db-backups pg-backup restore community_20270107T020101Z_db01 --to community_restored',
  ]);
  for (const heading of ['Proof', 'Facts', 'Stages', 'Restore it', 'Files and copies', 'Drills'])
    assert.ok(texts(good, 'h2').includes(heading), heading);
  assert.match(good, /oss:\/\/acme-backups\/postgres\/community_20270107T020101Z_db01\.dump/);
  assert.match(good, /812,004 rows in 24 tables/);
  const failed = await page('billing_20270110T020000Z_db01', '?lang=zh');
  assert.match(failed, /无法连接 db:5432 上的数据库 "?(&quot;)?billing.*connection reset by peer/s);
  assert.match(failed, /处理建议：.*检查 PG_HOST/s);
  assert.deepEqual(texts(failed, 'pre'), []);
  const [quoted = ''] = texts(await page('o%27x_20270110T020000Z_h'), 'pre');
  assert.match(quoted, /restore 'o%27x_20270110T020000Z_h'|restore o%27x_20270110T020000Z_h/);
  assert.ok(quoted.endsWith(`--to 'o'\\''x_restored'`), quoted);
  const unlike = await page('订单_20270109T020202Z_db01');
  assert.match(unlike, /the dump has .*the median of the recent ones is/);
});

test('a run of the script before has a page, too', LIMIT, async (t) => {
  const run = 'community_20270109T020000Z_h';
  const site = await startSite(t, {
    prepare: (layout) =>
      writeReportFile(layout, run, { status: 'FAILED', errorMessage: 'pg_dump: <b>no</b>' }),
  });
  const { status, text } = await look(site, `/runs/${run}`);
  assert.equal(status, 200);
  assert.match(text, /There is a report of this run and no record/);
  assert.match(text, /pg_dump: &lt;b>no&lt;\/b>/);
  assert.match(text, /oss:\/\/bucket\/postgres\/backups\/community_20251011T180000Z_db01\.dump/);
});

test('whatever stands in a record or a report, it is text or left out', LIMIT, async (t) => {
  const run = 'community_20270110T020000Z_h';
  const odd = { type: 'script', props: { children: 'x' }, constructor: undefined, __html: '<script>' };
  const site = await startSite(t, {
    prepare(layout) {
      recordRun(layout, {
        startedAt: '2027-01-10T02:00:00Z',
        record: {
          ...{ artifacts: [odd, null, 7, { name: odd, sizeBytes: -1, sha256: [] }], remote: [odd, 'x'] },
          ...{
            stages: [odd, { name: 'dump', startedAt: 'x', durationSeconds: 1e300 }],
            error: odd,
            leftOut: odd,
          },
          ...{ warning: { anomalies: [odd, 1] }, fingerprint: [odd], server: 5, client: null, runner: 'x' },
          ...{ durationSeconds: 1e300, finishedAt: 'never', mode: odd, tool: odd, globals: odd },
        } as unknown as Partial<RunRecord>,
      });
      writeReportFile(
        layout,
        'odd',
        '{"database":"\\ud800","startedAt":"2027-01-10T01:00:00Z","status":"SUCCESS","durationSeconds":1e999,"local":{"sizeBytes":1e999,"file":7}}',
      );
      mkdirSync(layout.drills, { recursive: true });
      const drill = {
        ...{ version: 1, run, database: 'community', startedAt: 'soon', outcome: 'different', sizeBytes: 1 },
        ...{
          phases: [odd],
          differences: [odd, 1, { kind: 'a', object: odd }],
          omissions: [odd, 2],
          error: odd,
        },
      };
      writeFileSync(join(layout.drills, 'x.json'), JSON.stringify(drill));
    },
    settings: SAMPLE_SETTINGS,
  });
  for (const path of ['/', '/runs', `/runs/${run}`, '/runs/odd', '/?database=%EF%BF%BD']) {
    const { status, text } = await look(site, path);
    assert.equal(status, 200, path);
    assert.equal(text.match(/<script/g)?.length, 1, path);
    assert.doesNotMatch(text, /\[object|NaN|undefined|Infinity/, path);
  }
});

test('a browser is refused with a page, and whoever asks for data with data', LIMIT, async (t) => {
  const site = await startSite(t);
  const unknown = await look(site, '/runs/nothing');
  assert.deepEqual([unknown.status, texts(unknown.text, 'h1')], [404, ['There is no such run']]);
  const nowhere = await look(site, '/a/b/c');
  assert.deepEqual([nowhere.status, texts(nowhere.text, 'h1')], [404, ['Not found']]);
  assert.match(nowhere.text, /href="\.\.\/\.\.\/page\.css"/);
  assert.match((await look(site, '/', { ...HTML, method: 'POST' })).text, /Only GET and HEAD/);
  for (const path of ['/api/v1/runs/nothing', '/api/v1/runs?limit=1000', '/api/nothing'])
    assert.equal(JSON.parse((await look(site, path)).text).code, path.includes('limit') ? 400 : 404);
  assert.deepEqual((await site.get('/a')).body, { code: 404, message: 'Not found' });
});

test('what is not known yet is not shown', LIMIT, async (t) => {
  const site = await startSite(t, { prepare: ({ reports }) => writeFileSync(reports, 'no directory') });
  for (const path of ['/', '/runs', '/runs/x']) {
    const { status, text, headers } = await look(site, path);
    assert.deepEqual([status, headers.get('retry-after')], [503, '10'], path);
    assert.match(text, /<meta http-equiv="refresh" content="10"\/?>/);
  }
});

test('very many databases have a card each as long as that is a look, and else a row', LIMIT, async (t) => {
  const site = await startSite(t, {
    settings: SAMPLE_SETTINGS,
    prepare(layout) {
      for (let number = 10; number < 80; number += 1)
        recordRun(layout, {
          database: `db${number}`,
          startedAt: number === 79 ? '2027-01-05T02:00:00Z' : '2027-01-10T02:00:00Z',
          record: GOOD,
        });
    },
  });
  const { text } = await look(site, '/');
  assert.equal(text.match(/<article class="card card-/g)?.length, 60);
  assert.match(text, /The other 10 databases/);
  assert.match(text, /<article class="card card-danger" aria-label="db79">/);
});

test('what was passed over and what was skipped is named', LIMIT, async (t) => {
  const site = await startSite(t, { settings: SAMPLE_SETTINGS, prepare: fillSample });
  const { text } = await look(site, '/');
  assert.match(text, /Unreadable files: 2/);
  assert.match(text, /reports\/half-written\.json/);
  assert.match(text, /the one before was still under way/);
  assert.match(text, /A run is under way/);
  const rows = texts(text, 'tr').filter((row) => row.includes('2026-12-24 02:00'));
  assert.equal(rows.length, 1);
});

test('a run that is under way tells how far it is', LIMIT, async (t) => {
  const run = 'community_20270110T115900Z_h';
  const told = {
    ...{ version: 1, stage: 'dump', stageStartedAt: '2027-01-10T11:59:01.000Z', bytesDone: 250 },
    updatedAt: '2027-01-10T11:59:59.000Z',
  };
  const site = await startSite(t, {
    follow: { intervalMilliseconds: 20 },
    prepare(layout) {
      recordRun(layout, { startedAt: '2027-01-10T02:00:00Z', record: GOOD });
      mkdirSync(join(layout.running, run), { recursive: true });
      writeFileSync(join(layout.running, run, 'progress.json'), JSON.stringify(told));
    },
  });
  await until(() => site.site.followed.index.running.some((one) => site.site.progress.of(one)), true);
  const { text } = await look(site, '/');
  assert.deepEqual(
    texts(text, 'p').filter((one) => one.startsWith('dump')),
    ['dump 250 B / 1 kB'],
  );
  assert.match(text, /<progress aria-label="Progress of this stage" max="1000" value="250">/);
});

test('the name of the target goes along', LIMIT, async (t) => {
  const site = await startSite(t, {
    changes: { target: 'shop & co' },
    prepare: (layout) =>
      recordRun(layout, { startedAt: '2027-01-10T02:00:00Z', record: { ...GOOD, proof: 'read' } }),
  });
  assert.match(
    (await look(site, '/')).text,
    /\u2068shop & co\/community\u2069|\u2068shop &amp; co\/community\u2069/,
  );
  const { text } = await look(site, '/runs?target=shop%20%26%20co');
  const [, href = ''] = /<th scope="row"><a href="\.([^"]+)"/.exec(text) ?? [];
  assert.equal(href, '/runs/community_20270110T020000Z_h?target=shop%20%26%20co');
  assert.equal((await look(site, href)).status, 200);
  assert.equal((await look(site, href.replace('shop', 'no'))).status, 404);
  assert.match((await look(site, '/runs?target=no')).text, /No run fits/);
});
