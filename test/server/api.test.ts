import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Layout } from '../../src/files/layout.ts';
import type { RunRecord } from '../../src/report/record.ts';
import { compileSchema, type SchemaObject } from '../../src/schema.ts';
import { until } from '../integration/until.ts';
import { recordRun } from '../schedule/recorded-run.ts';
import { startSite, writeReportFile } from './site.ts';

const LIMIT = { timeout: 60_000 };
const STAGES: RunRecord['stages'] = [
  { name: 'dump', startedAt: '2027-01-10T02:00:01.000Z', durationSeconds: 12.5, outcome: 'done' },
  { name: 'upload', startedAt: '2027-01-10T02:00:14.000Z', durationSeconds: 3, outcome: 'done' },
];
const GOOD: Partial<RunRecord> = {
  ...{
    proof: 'stored',
    durationSeconds: 20,
    finishedAt: '2027-01-10T02:00:20.000Z',
    mode: 'both',
    stages: STAGES,
  },
  artifacts: [
    { name: 'x.dump', sizeBytes: 1000, sha256: '' },
    { name: 'x_globals.sql', sizeBytes: 24, sha256: '' },
  ],
  remote: [{ url: 'oss://b/x.dump', sizeBytes: 1000, crc64: '', confirmedAt: '' }],
};

/** Four days of two databases, with a failure, a drill, and a run that is under way. */
function fill(layout: Layout): void {
  for (const path of [layout.data, layout.drills, layout.running, layout.skipped]) mkdirSync(path);
  recordRun(layout, { startedAt: '2027-01-07T02:00:00Z', record: { ...GOOD, proof: 'restored' } });
  recordRun(layout, { startedAt: '2027-01-08T02:00:00Z', record: GOOD });
  recordRun(layout, { startedAt: '2027-01-09T02:00:00Z', errorCode: 'UPLOAD_FAILED' });
  const newest = recordRun(layout, { startedAt: '2027-01-10T02:00:00Z', record: GOOD });
  recordRun(layout, { startedAt: '2027-01-10T02:00:00Z', database: 'other', only: 'report' });
  writeFileSync(join(layout.data, `${newest}.dump`), '');
  mkdirSync(join(layout.running, 'community_20270110T115900Z_h'));
  writeFileSync(
    join(layout.drills, 'community_20270107T020000Z_h_20270108T040000Z.json'),
    JSON.stringify(DRILL),
  );
  writeFileSync(join(layout.skipped, 'backup_1.json'), JSON.stringify(SKIP));
}

const DRILL = {
  ...{
    version: 1,
    run: 'community_20270107T020000Z_h',
    database: 'community',
    outcome: 'equal',
    sizeBytes: 1000,
  },
  ...{ startedAt: '2027-01-08T04:00:00.000Z', finishedAt: '2027-01-08T04:01:00.000Z', durationSeconds: 60 },
  ...{ place: 'remote', recoverySeconds: 41.5, phases: [], differences: [], omissions: [], more: 'kept' },
};
const SKIP = {
  ...{ version: 1, kind: 'backup', skippedAt: '2027-01-06T02:00:00.000Z', hostname: 'h', reason: 'overlap' },
  detail: 'still under way',
};

test('every answer is what the description says', LIMIT, async (t) => {
  const { get } = await startSite(t, { prepare: fill });
  const { paths } = (await get('/openapi.json')).body as { paths: Record<string, { get: Operation }> };
  const described = Object.keys(paths);
  for (const path of [
    '/api/admin/backup/latest',
    '/api/admin/backup/list',
    '/api/v1/runs',
    '/api/v1/runs/{run}',
  ])
    assert.ok(described.includes(path), path);
  for (const [path, { get: operation }] of Object.entries(paths)) {
    assert.ok(operation.summary, path);
    const schema = operation.responses['200']?.content?.['application/json']?.schema;
    if (schema === undefined || operation.tags?.includes('health')) continue;
    for (const query of ['', '?limit=2', '?pageSize=1']) {
      const { status, body } = await get(path.replace('{run}', 'community_20270107T020000Z_h') + query);
      if (status === 200) assert.deepEqual(compileSchema(schema)(body), [], path);
      if (query === '') assert.equal(status, 200, path);
    }
  }
});

interface Operation {
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly responses: Record<string, { content?: Record<string, { schema: SchemaObject }> }>;
}

test('runs are filtered, the newest first', LIMIT, async (t) => {
  const { get } = await startSite(t, { prepare: fill });
  const days = async (query: string) => {
    const { status, body } = await get(`/api/v1/runs?${query}`);
    assert.equal(status, 200, JSON.stringify(body));
    return (body as Runs).runs.map(({ startedAt }) => startedAt.slice(8, 10)).join(' ');
  };
  assert.equal(await days(''), '10 10 09 08 07');
  assert.equal(await days('database=community'), '10 09 08 07');
  assert.equal(await days('database=nobody'), '');
  assert.equal(await days('status=FAILED'), '09');
  assert.equal(await days('status=SUCCESS&database=community'), '10 08 07');
  assert.equal(await days('proof=restored'), '07');
  assert.equal(await days('proof=read'), '10 08 07');
  assert.equal(await days('from=2027-01-09'), '10 10 09');
  assert.equal(await days('to=2027-01-09'), '08 07');
  assert.equal(await days('from=2027-01-08T02:00Z&to=2027-01-08T02:00:01Z'), '08');
  const [newest] = ((await get('/api/v1/runs?limit=1&database=community')).body as Runs).runs;
  assert.deepEqual(newest, {
    ...{ run: 'community_20270110T020000Z_h', target: null, database: 'community', server: 'db:5432' },
    ...{ startedAt: '2027-01-10T02:00:00.000Z', finishedAt: '2027-01-10T02:00:20.000Z', durationSeconds: 20 },
    ...{
      mode: 'both',
      status: 'SUCCESS',
      succeeded: true,
      proof: 'stored',
      sizeBytes: 1000,
      encryption: null,
    },
    ...{
      copies: 1,
      awaitsUpload: false,
      hasWarning: false,
      errorCode: null,
      hasReport: true,
      hasRecord: true,
    },
  });
});

interface Runs {
  readonly runs: readonly { readonly run: string; readonly startedAt: string }[];
  readonly nextCursor: string | null;
}

test('pages hang together, also where runs come and go in between', LIMIT, async (t) => {
  const { get, layout, site } = await startSite(t, { prepare: fill });
  const all = ((await get('/api/v1/runs')).body as Runs).runs.map(({ run }) => run);
  const seen: string[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const { body } = await get(`/api/v1/runs?limit=2${cursor && `&cursor=${cursor}`}`);
    const page = body as Runs;
    seen.push(...page.runs.map(({ run }) => run));
    cursor = page.nextCursor;
    if (seen.length === 2) {
      recordRun(layout, { startedAt: '2027-01-10T03:00:00Z' });
      await until(() => site.followed.index.runs.items.length, 6);
    }
  }
  assert.deepEqual(seen, all);
});

test('a query that cannot be understood is 400', LIMIT, async (t) => {
  const { get } = await startSite(t, { prepare: fill });
  for (const query of [
    ...[
      'limit=0',
      'limit=201',
      'limit=x',
      'cursor=x',
      'cursor=W10',
      'cursor=WzEsMiwzXQ',
      'cursor=',
      'status=success',
    ],
    ...[
      'proof=all',
      'from=yesterday',
      'from=2027-13-01',
      'from=2026-02-31',
      'to=2027-02-29T02:00Z',
      'to=2027-01-09T02:00',
      'limt=1',
      'database=',
      '__proto__=1',
    ],
  ]) {
    const { status, body } = await get(`/api/v1/runs?${query}`);
    assert.equal(status, 400, query);
    assert.equal((body as { code: number }).code, 400, query);
  }
  assert.equal((await get('/api/v1/drills?outcome=good')).status, 400);
});

test('one run has everything', LIMIT, async (t) => {
  const { get, layout } = await startSite(t, { prepare: fill });
  const { body } = await get('/api/v1/runs/community_20270107T020000Z_h');
  const one = body as {
    run: { proof: string };
    report: object;
    record: { stages: unknown };
    drills: unknown;
  };
  assert.equal(one.run.proof, 'restored');
  assert.equal((one.report as { tool: string }).tool, 'ossutil');
  assert.deepEqual(one.record.stages, STAGES);
  assert.deepEqual(one.drills, [DRILL]);
  for (const name of ['nobody', '..%2Frecords%2Fcommunity_20270107T020000Z_h', '%2Fetc%2Fpasswd', 'a%00b'])
    assert.equal((await get(`/api/v1/runs/${name}`)).status, 404, name);
  writeFileSync(join(layout.records, 'community_20270107T020000Z_h.json'), '{');
  const broken = (await get('/api/v1/runs/community_20270107T020000Z_h')).body as { record: unknown };
  assert.equal(broken.record, null);
});

test('drills, with filters and pages', LIMIT, async (t) => {
  const { get } = await startSite(t, {
    prepare: (layout) => {
      fill(layout);
      for (const [day, outcome] of [
        ['09', 'different'],
        ['10', 'equal'],
      ])
        writeFileSync(
          join(layout.drills, `x_${day}.json`),
          JSON.stringify({ ...DRILL, outcome, startedAt: `2027-01-${day}T04:00:00.000Z` }),
        );
    },
  });
  const page = async (query: string) => (await get(`/api/v1/drills?${query}`)).body as Drills;
  const days = ({ drills }: Drills) => drills.map(({ startedAt }) => startedAt.slice(8, 10)).join(' ');
  assert.equal(days(await page('')), '10 09 08');
  assert.equal(days(await page('outcome=equal')), '10 08');
  const first = await page('limit=2');
  assert.equal(days(first), '10 09');
  const second = await page(`limit=2&cursor=${first.nextCursor}`);
  assert.deepEqual([days(second), second.nextCursor], ['08', null]);
  assert.equal(days(await page('run=nobody')), '');
});

interface Drills {
  readonly drills: readonly { readonly startedAt: string }[];
  readonly nextCursor: string | null;
}

test('the summary says whether we are safe', LIMIT, async (t) => {
  const { get, layout } = await startSite(t, {
    prepare: (place) => {
      fill(place);
      writeReportFile(place, 'bad', '{');
    },
  });
  const { body } = await get('/api/v1/summary');
  const summary = body as Record<string, unknown> & { databases: Record<string, unknown>[] };
  const { newestSuccess, newestRestored, newestRun, newestDrill, ...database } = summary.databases[0] ?? {};
  assert.deepEqual(database, {
    ...{
      target: null,
      database: 'community',
      server: 'db:5432',
      state: 'fresh',
      reason: 'community 10 h old',
    },
    ...{ dueAt: '2027-01-10T02:00:00.000Z', nextAt: '2027-01-11T02:00:00.000Z', isOffSite: true },
    ...{ isLost: false, unreadableRun: null },
    newestSuccessAgeSeconds: 10 * 3600,
    newestRestoredAgeSeconds: 82 * 3600,
    ...{ recoverySeconds: 41.5, recoveryMeasuredAt: '2027-01-08T04:00:00.000Z' },
    running: { run: 'community_20270110T115900Z_h', startedAt: '2027-01-10T11:59:00.000Z', progress: null },
    ...{ runs: 4, failures: { UPLOAD_FAILED: 1 }, localBytes: 1024, remoteBytes: 3000 },
  });
  const runOf = (view: unknown) => (view as { run: string }).run;
  assert.equal(runOf(newestSuccess), 'community_20270110T020000Z_h');
  assert.equal(runOf(newestRestored), 'community_20270107T020000Z_h');
  assert.equal(runOf(newestRun), 'community_20270110T020000Z_h');
  assert.equal(runOf(newestDrill), 'community_20270107T020000Z_h');
  assert.deepEqual(summary['totals'], {
    ...{ databases: 1, fresh: 1, stale: 0, none: 0, new: 0, leftOut: 0 },
    ...{ offSite: 1, restored: 1, runs: 4, drills: 1 },
    ...{ localBytes: 1024, remoteBytes: 3000 },
  });
  assert.deepEqual(summary['unreadable'], { count: 1, files: [join(layout.reports, 'bad.json')] });
  const [{ version: _version, hostname: _hostname, ...skip }] = [SKIP];
  assert.deepEqual(summary['skipped'], [{ ...skip, database: null, dueAt: null }]);
  const [volume] = summary['volumes'] as { freeBytes: number; forecast: { nextBytes: number } }[];
  assert.ok(volume && volume.freeBytes > 0);
  assert.equal(volume.forecast.nextBytes, 1000);
});

test('without settings of a database all that are there are told, also old ones', LIMIT, async (t) => {
  const { get } = await startSite(t, {
    settings: { PG_DATABASE: undefined as never, PG_HOST: undefined as never },
    prepare: (layout) => {
      recordRun(layout, { startedAt: '2020-01-10T02:00:00Z', database: 'a', host: 'one' });
      recordRun(layout, { startedAt: '2020-01-10T02:00:00Z', database: 'b', host: 'two' });
    },
  });
  const { databases } = (await get('/api/v1/summary')).body as {
    databases: { database: string; state: string }[];
  };
  assert.deepEqual(
    databases.map(({ database, state }) => `${database} ${state}`),
    ['a stale', 'b stale'],
  );
});

test('events tell of changes', LIMIT, async (t) => {
  const { address, layout } = await startSite(t, { prepare: fill });
  const answer = await fetch(`${address}/api/v1/events`, { signal: t.signal });
  assert.equal(answer.headers.get('content-type'), 'text/event-stream; charset=utf-8');
  assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
  let text = '';
  const events = () => [...text.matchAll(/^event: changed\ndata: \{"revision":(\d+)\}\n\n/gm)].length;
  const reading = (async () => {
    for await (const chunk of answer.body ?? []) text += Buffer.from(chunk).toString();
  })().catch(() => {});
  await until(events, 1);
  recordRun(layout, { startedAt: '2027-01-10T03:00:00Z' });
  await until(() => events() > 1, true);
  await answer.body?.cancel().catch(() => {});
  void reading;
});

test(
  'there are not more readers of events than allowed, and those that leave make room',
  LIMIT,
  async (t) => {
    const { address } = await startSite(t);
    const controllers = Array.from({ length: 64 }, () => new AbortController());
    const open = (signal: AbortSignal) => fetch(`${address}/api/v1/events`, { signal });
    const answers = await Promise.all(controllers.map(({ signal }) => open(signal)));
    assert.ok(answers.every(({ status }) => status === 200));
    const refused = await open(t.signal);
    assert.deepEqual(
      [refused.status, await refused.json()],
      [503, { code: 503, message: 'Too many readers of events' }],
    );
    controllers[0]?.abort();
    let status = 503;
    while (status !== 200) {
      const controller = new AbortController();
      ({ status } = await open(AbortSignal.any([controller.signal, t.signal])));
      controller.abort();
    }
    for (const controller of controllers) controller.abort();
  },
);

test('metrics of every database, with their help', LIMIT, async (t) => {
  const { get } = await startSite(t, {
    prepare: (layout) => {
      fill(layout);
      writeReportFile(layout, 'bad', '{');
    },
  });
  const { status, body, headers } = await get('/metrics');
  assert.equal(status, 200);
  assert.match(headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  const lines = String(body).split('\n');
  const database = 'target="",database="community"';
  for (const line of [
    `pg_backup_freshness{${database},state="fresh"} 1`,
    `pg_backup_freshness{${database},state="stale"} 0`,
    `pg_backup_last_success_timestamp_seconds{${database}} ${Date.parse('2027-01-10T02:00:00Z') / 1000}`,
    `pg_backup_last_success_age_seconds{${database}} 36000`,
    `pg_backup_last_success_size_bytes{${database}} 1000`,
    `pg_backup_last_success_duration_seconds{${database}} 20`,
    `pg_backup_last_success_stage_seconds{${database},stage="dump"} 12.5`,
    `pg_backup_last_success_proof{${database},proof="stored"} 1`,
    `pg_backup_failed_runs{${database},code="UPLOAD_FAILED"} 1`,
    `pg_backup_last_drill_outcome{${database},outcome="equal"} 1`,
    `pg_backup_last_drill_duration_seconds{${database}} 60`,
    `pg_backup_recovery_seconds{${database}} 41.5`,
    `pg_backup_next_due_timestamp_seconds{${database}} ${Date.parse('2027-01-11T02:00:00Z') / 1000}`,
    'pg_backup_unreadable_files 1',
  ])
    assert.ok(lines.includes(line), line);
  assert.equal(
    lines.some((line) => line.includes('stage="globals"')),
    false,
    'a stage that was not reached',
  );
  const names = new Set(lines.flatMap((line) => /^([a-z_]+)[{ ]/.exec(line)?.[1] ?? []));
  for (const name of names) {
    assert.match(String(body), new RegExp(`^# HELP ${name} .+$`, 'm'));
    assert.match(name, /^(pg_backup|process|nodejs)_/);
  }
});

test(
  'metrics tell what waits, what was to be elsewhere, what looks wrong, and how long the space lasts',
  LIMIT,
  async (t) => {
    const { get, layout } = await startSite(t, {
      prepare(place) {
        mkdirSync(place.data);
        // No disk has room for another one.
        const huge = {
          ...GOOD,
          mode: 'local',
          remote: [],
          artifacts: [{ name: 'x', sizeBytes: 2 ** 52, sha256: '' }],
        };
        const warning = { anomalies: [{ kind: 'size', found: 1, median: 9 }] };
        const good = recordRun(place, {
          startedAt: '2027-01-08T02:00:00Z',
          record: { ...huge, warning } as never,
        });
        writeFileSync(join(place.data, `${good}.dump`), '');
        recordRun(place, {
          startedAt: '2027-01-09T02:00:00Z',
          errorCode: 'UPLOAD_FAILED',
          record: { mode: 'both', awaitsUpload: true },
        });
      },
    });
    const lines = String((await get('/metrics')).body).split('\n');
    const database = 'target="",database="community"';
    for (const line of [
      `pg_backup_awaiting_upload_runs{${database}} 1`,
      `pg_backup_off_site_wanted{${database}} 1`,
      `pg_backup_last_success_off_site{${database}} 0`,
      `pg_backup_last_success_warning{${database}} 1`,
      `pg_backup_volume_next_bytes{directory="${layout.base}"} ${2 ** 52}`,
      `pg_backup_volume_lasts_seconds{directory="${layout.base}"} 0`,
    ])
      assert.ok(lines.includes(line), line);
    const free = lines.find((line) =>
      line.startsWith(`pg_backup_volume_free_bytes{directory="${layout.base}"}`),
    );
    assert.ok(Number(free?.split(' ')[1]) > 0, free);
  },
);

test('a database with a hostile name breaks no line of the metrics', LIMIT, async (t) => {
  const name = 'a"} 1\nevil_metric 7\\';
  const { get } = await startSite(t, {
    settings: { PG_DATABASE: name },
    prepare: (layout) => recordRun(layout, { startedAt: '2027-01-10T02:00:00Z', database: name }),
  });
  const { body } = await get('/metrics');
  assert.doesNotMatch(String(body), /^evil_metric/m);
  assert.match(String(body), /^pg_backup_runs\{target="",database="a\\"\} 1\\nevil_metric 7\\\\"\} 1$/m);
});
