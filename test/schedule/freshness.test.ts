import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { TargetContext } from '../../src/backup/context.ts';
import { runName } from '../../src/backup/run-name.ts';
import { type Layout, layoutOf } from '../../src/files/layout.ts';
import { databaseNamesPath, writeDatabaseNames } from '../../src/report/database-names.ts';
import { healthcheck } from '../../src/schedule/healthcheck.ts';
import { readFreshness } from '../../src/schedule/read-freshness.ts';
import { recordingContext } from '../backup/recording-context.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { recordRun } from './recorded-run.ts';

const NOW = '2027-01-10T12:00Z';

test('fresh is a backup that began at the last due time that is longer ago than the grace', async (t) => {
  const { layout, at } = place(t);
  recordRun(layout, { startedAt: '2027-01-09T02:00:00Z' });
  // Due at 02:00, two hours of grace.
  assert.equal(await at('2027-01-10T03:59:59Z'), 'fresh');
  assert.equal(await at('2027-01-10T04:00:00Z'), 'stale');
  recordRun(layout, { startedAt: '2027-01-10T03:30:00Z' });
  assert.equal(await at('2027-01-10T04:00:00Z'), 'fresh');
});

test('jitter is added to the grace', async (t) => {
  const { layout, at } = place(t, { BACKUP_JITTER_SECONDS: 600, BACKUP_GRACE_MINUTES: 5 });
  recordRun(layout, { startedAt: '2027-01-09T02:00:00Z' });
  assert.equal(await at('2027-01-10T02:14:59Z'), 'fresh');
  assert.equal(await at('2027-01-10T02:15:00Z'), 'stale');
});

test('hosts may differ by a minute', async (t) => {
  for (const [startedAt, state] of [
    ['2027-01-10T01:59:00Z', 'fresh'],
    ['2027-01-10T01:58:59Z', 'stale'],
  ] as const) {
    const { layout, at } = place(t);
    recordRun(layout, { startedAt });
    assert.equal(await at(NOW), state);
  }
});

test('a pattern in another zone is meant there', async (t) => {
  const { layout, at } = place(t, { BACKUP_TIMEZONE: 'Asia/Shanghai' });
  recordRun(layout, { startedAt: '2027-01-09T18:00:00Z' });
  assert.equal(await at(NOW), 'fresh');
  assert.equal(await at('2027-01-10T20:00:00Z'), 'stale');
});

test('a run that failed is none, unless its copy came to the store later', async (t) => {
  const { layout, at, says, context } = place(t);
  recordRun(layout, { startedAt: '2027-01-09T02:00:00Z' });
  recordRun(layout, { startedAt: '2027-01-10T02:00:00Z', errorCode: 'UPLOAD_FAILED' });
  assert.equal(await at(NOW), 'stale');
  assert.equal(
    await says(NOW),
    'unhealthy: community: the newest good backup is 34 h old, but one was due at 2027-01-10T02:00:00Z; the last run, at 2027-01-10T02:00:00Z, failed: UPLOAD_FAILED',
  );
  recordRun(layout, {
    startedAt: '2027-01-10T02:00:00Z',
    errorCode: 'UPLOAD_FAILED',
    record: { proof: 'stored' },
  });
  assert.equal(await at(NOW), 'fresh');
  assert.equal(await says(NOW), 'healthy: community 10 h old; next due 2027-01-11T02:00:00Z\n');
  const inChinese = await says(NOW, { ...context, language: 'zh' });
  assert.equal(inChinese, '正常：community 备份于 10 小时前；下次 2027-01-11T02:00:00Z\n');
});

test('a report without a record counts, and so does a record whose report cannot be read', async (t) => {
  for (const only of ['report', 'record'] as const) {
    const { layout, at } = place(t);
    recordRun(layout, { startedAt: '2027-01-10T02:00:00Z', only });
    assert.equal(await at(NOW), 'fresh', only);
  }
  const { layout, at } = place(t);
  const run = recordRun(layout, { startedAt: '2027-01-10T02:00:00Z' });
  for (const directory of [layout.records, layout.reports])
    writeFileSync(join(directory, `${run}.json`), '{');
  assert.equal(await at(NOW), 'none');
});

test('what a run of another database or another server did is nothing to us', async (t) => {
  const { layout, at } = place(t);
  recordRun(layout, { startedAt: '2027-01-10T02:00:00Z', database: 'other' });
  recordRun(layout, { startedAt: '2027-01-10T02:00:00Z', host: 'staging' });
  assert.equal(await at(NOW), 'none');
});

test('a run of the future, by a clock that was wrong, makes nothing fresh', async (t) => {
  const { layout, at } = place(t);
  recordRun(layout, { startedAt: '2035-01-01T02:00:00Z' });
  assert.equal(await at(NOW), 'none');
});

test('each reason says in one line what to look at', async (t) => {
  const { layout, says, context } = place(t);
  assert.equal(
    await says(NOW),
    'unhealthy: community: no good backup yet; the next is due at 2027-01-11T02:00:00Z; make one now: pg-backup backup, or set BACKUP_ON_START=true',
  );
  recordRun(layout, { startedAt: '2027-01-10T02:00:00Z', errorCode: 'CONNECTION_FAILED' });
  assert.match(
    await says(NOW),
    /no good backup yet; .*; the last run, at 2027-01-10T02:00:00Z, failed: CONNECTION_FAILED$/,
  );
  recordRun(layout, { startedAt: '2027-01-07T02:00:00Z' });
  assert.match(
    await says('2027-01-20T12:00Z'),
    /newest good backup is 13 days old, .*; no run has begun since$/,
  );
  const running = runName({ database: 'community', startedAt: new Date('2027-01-10T11:00:00Z'), host: 'h' });
  mkdirSync(join(layout.running, running), { recursive: true });
  assert.match(await says(NOW), /; a run is under way since 2027-01-10T11:00:00Z$/);
  await assert.rejects(
    healthcheck([{ ...context, clock: () => new Date(NOW) }], () => {}),
    { code: 'UNHEALTHY' },
  );
});

test('several databases and targets are one line, and the bad ones alone where there are any', async (t) => {
  const { layout, says, context } = place(t, {
    PG_DATABASE: undefined,
    PG_DATABASES: ['a', 'b', 'c', 'd\ne'],
  });
  for (const database of ['a', 'b', 'c', 'd\ne']) {
    recordRun(layout, { startedAt: `2027-01-10T0${database === 'b' ? 2 : 3}:00:00Z`, database });
  }
  assert.equal(
    await says(NOW),
    'healthy: 4 databases, the oldest backup: b 10 h old; next due 2027-01-11T02:00:00Z\n',
  );
  const stale = await says('2027-01-12T12:00Z', context, { ...context, target: 'second' });
  assert.equal(stale.split('; ').filter((part) => part.startsWith('no run has begun since')).length, 3);
  assert.match(stale, /; and 5 more$/);
  const odd = { ...context, target: 'od\nd', settings: { ...context.settings, PG_DATABASES: ['d\ne'] } };
  assert.match(await says('2027-01-12T12:00Z', odd), /^unhealthy: od\?d\/d\?e: the newest .*$/);
  const second = await says('2027-01-10T12:00Z', { ...context, target: 'one' });
  assert.match(second, /oldest backup: one\/b 10 h old/);
});

test('a database that is new on the server is not judged before its first due time', async (t) => {
  for (const target of [undefined, 'sh.op']) {
    const { layout, context: one, says } = place(t, { PG_DATABASE: undefined, PG_DATABASES: ['*'] });
    const context = { ...one, target };
    const path = databaseNamesPath(layout, { target, host: 'db', port: 5432 });
    const found = (time: string, ...names: string[]) => writeDatabaseNames(path, names, new Date(time));
    await found('2027-01-09T02:00:05Z', 'a', '__proto__');
    for (const database of ['a', '__proto__'])
      recordRun(layout, { startedAt: '2027-01-10T02:00:10Z', database });
    await found('2027-01-10T02:00:05Z', 'a', '__proto__', 'b');
    const before = target === undefined ? '' : 'sh.op/';
    assert.equal(
      await says('2027-01-11T03:59:00Z', context),
      `healthy: ${before}a 25 h old, ${before}__proto__ 25 h old, ${before}b new since 2027-01-10T02:00:05Z; next due 2027-01-12T02:00:00Z\n`,
    );
    await found('2027-01-10T12:00:00Z', 'a', '__proto__', 'b', 'c');
    assert.match(await says(NOW, context), /^healthy: 4 databases, the oldest backup: \S*a 9 h old;/);
    // A failure is no reason to wait for longer, nor is a later look.
    recordRun(layout, { startedAt: '2027-01-10T02:00:10Z', database: 'b', errorCode: 'DUMP_FAILED' });
    assert.match(await says(NOW, context), /^healthy/);
    const later = await readFreshness(context, new Date('2027-01-11T04:00:00Z'));
    assert.deepEqual(
      later.map(({ database, state }) => [database, state]),
      [
        ['a', 'stale'],
        ['__proto__', 'stale'],
        ['b', 'none'],
        ['c', 'none'],
      ],
    );
  }
});

test('on a server that is asked for the first time no database is new', async (t) => {
  const { layout, context, at } = place(t, { PG_DATABASE: undefined, PG_DATABASES: ['*'] });
  const path = databaseNamesPath(layout, { target: context.target, host: 'db', port: 5432 });
  await writeDatabaseNames(path, ['a'], new Date('2027-01-10T11:00:00Z'));
  assert.equal(await at(NOW), 'none');
  // As it was written before new ones were noted.
  writeFileSync(path, JSON.stringify({ version: 1, foundAt: '2027-01-10T11:00:00Z', databases: ['a'] }));
  assert.equal(await at(NOW), 'none');
});

test('a database that is named is judged alone', async (t) => {
  const { layout, context } = place(t, { PG_DATABASE: undefined, PG_DATABASES: ['a', 'b'] });
  recordRun(layout, { startedAt: '2027-01-10T02:00:00Z', database: 'a' });
  recordRun(layout, { startedAt: '2027-01-10T02:00:00Z', database: 'elsewhere' });
  const clock = () => new Date(NOW);
  const contexts = [
    { ...context, clock, target: 'one' },
    { ...context, clock, target: 'two', settings: { ...context.settings, PG_DATABASES: ['b'] } },
  ];
  const says = async (database: string) => {
    const written: string[] = [];
    await healthcheck(contexts, (text) => written.push(text), { database });
    return written.join('');
  };
  assert.equal(await says('a'), 'healthy: one/a 10 h old; next due 2027-01-11T02:00:00Z\n');
  await assert.rejects(says('b'), {
    code: 'UNHEALTHY',
    message: /one\/b: no good backup yet.*two\/b: no good/,
  });
  assert.match(await says('elsewhere'), /one\/elsewhere 10 h old, two\/elsewhere 10 h old/);
  await assert.rejects(says('nowhere'), { code: 'UNHEALTHY', message: /one\/nowhere: no good backup yet/ });
});

test('where no database is configured, those of the last thirty days are meant', async (t) => {
  const nothing = { PG_DATABASE: undefined, PG_HOST: undefined as unknown as string };
  const { layout, context, says } = place(t, nothing);
  assert.match(await says(NOW), /^unhealthy: every database: no good backup yet; /);
  recordRun(layout, { startedAt: '2027-01-10T02:00:00Z', database: 'a', host: 'one' });
  recordRun(layout, { startedAt: '2026-12-20T02:00:00Z', database: 'b', host: 'two' });
  recordRun(layout, { startedAt: '2026-12-01T02:00:00Z', database: 'dropped' });
  const verdicts = await readFreshness(context, new Date(NOW));
  assert.deepEqual(
    verdicts.map(({ database, state }) => [database, state]),
    [
      ['a', 'fresh'],
      ['b', 'stale'],
    ],
  );
});

test('thousands of failures are not all read, and nothing is said of what was not', async (t) => {
  const { layout, at, says } = place(t, { BACKUP_SCHEDULE: '* * * * *' });
  recordRun(layout, { startedAt: '2027-01-09T02:00:00Z' });
  for (let minute = 0; minute < 600; minute += 1) {
    recordRun(layout, {
      startedAt: new Date(Date.parse('2027-01-10T00:00Z') + minute * 60_000),
      errorCode: 'BUSY',
    });
  }
  assert.equal(await at(NOW), 'none');
  assert.match(
    await says(NOW),
    /^unhealthy: community: no good backup among the newest 500 runs; .*, failed: BUSY$/,
  );
});

test('nothing is written, not even a directory', async (t) => {
  const { layout, at } = place(t);
  assert.equal(await at(NOW), 'none');
  assert.throws(() => statSync(layout.records), { code: 'ENOENT' });
  recordRun(layout, { startedAt: '2027-01-10T02:00:00Z' });
  const before = readdirSync(layout.base, { recursive: true });
  for (const directory of [layout.records, layout.reports, layout.base]) chmodSync(directory, 0o500);
  assert.equal(await at(NOW), 'fresh');
  for (const directory of [layout.base, layout.records, layout.reports]) chmodSync(directory, 0o700);
  assert.deepEqual(readdirSync(layout.base, { recursive: true }), before);
});

interface Place {
  readonly layout: Layout;
  readonly context: TargetContext;
  /** The state of the only database at that time. */
  at(now: string): Promise<string | undefined>;
  /** What the health check says then, whether or not it throws. */
  says(now: string, ...contexts: TargetContext[]): Promise<string>;
}

function place(t: TestContext, settings: Partial<TargetContext['settings']> = {}): Place {
  const directory = temporaryDirectory(t);
  const recording = recordingContext(directory).context;
  const context: TargetContext = { ...recording, settings: { ...recording.settings, ...settings } };
  return {
    layout: layoutOf(directory),
    context,
    at: async (now) => (await readFreshness(context, new Date(now)))[0]?.state,
    async says(now, ...contexts) {
      let said = '';
      const all = (contexts.length > 0 ? contexts : [context]).map((one) => ({
        ...one,
        clock: () => new Date(now),
      }));
      try {
        await healthcheck(all, (text) => {
          said += text;
        });
      } catch (error) {
        said = (error as Error).message;
      }
      return said;
    },
  };
}
