import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import yargs from 'yargs';
import type { TargetContext } from '../../src/backup/context.ts';
import { PgBackupError } from '../../src/errors.ts';
import { layoutOf } from '../../src/files/layout.ts';
import { databaseNamesPath, writeDatabaseNames } from '../../src/report/database-names.ts';
import type { Clock } from '../../src/schedule/clock.ts';
import { type JobKind, scheduleEntries } from '../../src/schedule/entries.ts';
import { jobLimitMinutes, waitForLimit } from '../../src/schedule/job-limit.ts';
import type { Job, JobEnd } from '../../src/schedule/lane.ts';
import { jobArguments, jobEnvironment, runJob } from '../../src/schedule/run-job.ts';
import { type Logged, recordingContext } from '../backup/recording-context.ts';
import { projectDirectory } from '../harness/parts.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { until } from '../integration/until.ts';
import { fakeClock } from './fake-clock.ts';
import { waitForTheDisk } from './scheduled.ts';

test('each kind of work is the command that a person would write', (t) => {
  const { context } = recordingContext(temporaryDirectory(t));
  const args = (kind: JobKind, changes: Partial<TargetContext> = {}) =>
    jobArguments({ ...scheduleEntries(context)[0], kind, context: { ...context, ...changes } }).join(' ');
  const both = { settings: { ...context.settings, BACKUP_MODE: 'both' } } as const;
  assert.equal(args('backup'), 'backup');
  assert.equal(args('drill', { target: 'shop' }), 'drill --target=shop');
  assert.equal(args('verify'), 'verify --all');
  assert.equal(args('verify', { ...both, target: 'shop' }), 'verify --all --remote --target=shop');
});

test('names that look like options are names to the command line', async (t) => {
  const { context } = recordingContext(temporaryDirectory(t));
  for (const name of ['--version', '-h', '--', '"quoted"', 'a=b', '--no-target', '1e3', 'two\nlines', ' ']) {
    const [entry] = scheduleEntries({ ...context, target: name });
    const { _: words, ...given } = await yargs(jobArguments(entry, name))
      .option('target', { type: 'string', requiresArg: true })
      .option('database', { type: 'string', requiresArg: true })
      .help(false)
      .version(false)
      .parseAsync();
    assert.deepEqual([words, given['target'], given['database']], [['backup'], name, name]);
  }
});

test('no job takes longer than its attempts, their waits and an hour, or the day that nothing else takes', () => {
  const settings = { BACKUP_TIMEOUT_MINUTES: 60, BACKUP_RETRIES: 3, BACKUP_PARALLEL: 4 };
  assert.equal(jobLimitMinutes('backup', settings, 1), 4 * 60 + (1 + 2 + 4) + 60);
  assert.equal(jobLimitMinutes('backup', settings, 9), 3 * (4 * 60 + 7) + 60);
  assert.equal(jobLimitMinutes('backup', { ...settings, BACKUP_RETRIES: undefined }, 1), 3 * 60 + 3 + 60);
  assert.equal(jobLimitMinutes('drill', settings, 1), 24 * 60);
  assert.equal(jobLimitMinutes('verify', { ...settings, BACKUP_TIMEOUT_MINUTES: 3000 }, 2), 6000);
});

test('a job has the environment of the process, two retries and the format of the log', (t) => {
  const { context } = recordingContext(temporaryDirectory(t));
  const [entry] = scheduleEntries(context);
  const environment = (settings: Partial<TargetContext['settings']>, isTTY = false, given = {}) =>
    jobEnvironment(
      { ...entry, context: { ...context, settings: { ...context.settings, ...settings } } },
      {
        ...{ environment: { PGPASSWORD: 'x', NOT: undefined, ...given }, output: { isTTY, write: () => {} } },
        clock: AT_ONCE,
      },
    );
  assert.deepEqual(environment({}), { PGPASSWORD: 'x', BACKUP_RETRIES: '2', BACKUP_LOG_FORMAT: 'json' });
  assert.equal(environment({}, true)['BACKUP_LOG_FORMAT'], 'pretty');
  assert.equal(environment({ BACKUP_LOG_FORMAT: 'json' }, true)['BACKUP_LOG_FORMAT'], 'json');
  assert.equal(environment({ BACKUP_LOG_FORMAT: 'pretty' })['BACKUP_LOG_FORMAT'], 'pretty');
  // Set in a file, so that the job reads it there.
  assert.ok(!('BACKUP_RETRIES' in environment({ BACKUP_RETRIES: 0 })));
  assert.equal(environment({ BACKUP_RETRIES: 5 }, false, { BACKUP_RETRIES: '5' })['BACKUP_RETRIES'], '5');
});

test('a job gets no input, its lines are passed on, and its end is told', { timeout: 60_000 }, async (t) => {
  const good = place(t, 'input');
  assert.deepEqual(await good.run(), { failure: undefined });
  const [start = ''] = readFileSync(join(projectDirectory, 'bin/pg-backup.js'), 'utf8').split('\n');
  const [, options] = start.split(' node ');
  assert.deepEqual(good.started(), [
    { args: ['backup'], options, BACKUP_RETRIES: '2', BACKUP_LOG_FORMAT: 'json', ONLY_HERE: 'yes' },
  ]);
  assert.deepEqual(good.lines.sort(), ['to stderr', 'to stdout', 'without an end']);

  const bad = place(t, '4');
  assert.deepEqual(await bad.run(), { failure: 'exit code 4' });
  assert.equal(bad.started().length, 1);
});

test('for some databases there is a process for each, one after the other', {
  timeout: 60_000,
}, async (t) => {
  const here = place(t, '0 4 0');
  const end = await here.run({ databases: ['a', '--b', 'c'] });
  assert.deepEqual(end, { failure: 'exit code 4' });
  assert.deepEqual(
    here.started().map(({ args }) => args),
    [
      ['backup', '--database=a'],
      ['backup', '--database=--b'],
      ['backup', '--database=c'],
    ],
  );
  const stopped = place(t, 'wait');
  const running = stopped.run({ databases: ['a', 'b'] });
  await until(() => stopped.lines.includes('ready'), true);
  stopped.stop();
  assert.deepEqual(await running, { failure: 'exit code 143, not begun' });
});

test('settings that are refused could not tell anybody', { timeout: 60_000 }, async (t) => {
  const end = await place(t, '2').run();
  assert.equal(end.failure, 'exit code 2');
  assert.match(end.untold?.en ?? '', /settings .* refused \(exit code 2\)/);
});

test('a job that hangs is told to stop, killed when it does not, and told', {
  timeout: 60_000,
}, async (t) => {
  for (const [act, outcome] of [
    ['wait', 'exit code 143'],
    ['die', 'killed by SIGKILL'],
  ] as const) {
    const clock = fakeClock('2027-01-10T12:00:00Z');
    const here = place(t, act, { clock });
    const running = here.run();
    await until(() => here.lines.includes('ready'), true);
    // One day, twice again, and what comes around.
    await clock.pass(73 * HOUR);
    assert.ok(!here.lines.includes('told'), 'not yet');
    await clock.pass(HOUR);
    const untold = { en: 'it did not end within 74 h', zh: '74 小时内没有结束' };
    assert.deepEqual(await running, { failure: outcome, untold });
    assert.ok(here.lines.includes('told'));
    assert.equal(here.started().length, 1, 'it is not started again');
    assert.deepEqual(
      here.logged.map(({ id }) => id),
      ['JOB_OVERDUE'],
    );
  }
});

test('what does not even end then holds up nobody', { timeout: 60_000 }, async (t) => {
  const clock = fakeClock('2027-01-10T12:00:00Z');
  const here = place(t, 'outlive', { clock });
  const running = here.run();
  await until(() => here.lines.some((line) => line.startsWith('outlived by ')), true);
  const [, pid = ''] = /outlived by (\d+)/.exec(here.lines.join('\n')) ?? [];
  t.after(() => process.kill(Number(pid)));
  await clock.pass(74 * HOUR);
  await until(() => here.logged.map(({ id }) => id), ['JOB_OVERDUE']);
  await clock.pass(HOUR);
  assert.equal((await running).failure, 'killed by SIGKILL');
});

test('how many databases a server has may be found out in the course of a job', async (t) => {
  const directory = temporaryDirectory(t);
  const { context: one } = recordingContext(directory);
  const settings = { ...one.settings, PG_DATABASE: undefined, PG_DATABASES: ['*'] };
  const context: TargetContext = { ...one, settings };
  const clock = fakeClock('2027-01-10T12:00:00Z');
  const { signal } = new AbortController();
  const limit = waitForLimit({ context, kind: 'verify', database: undefined }, clock, signal);
  await clock.pass(HOUR / 2);
  const path = databaseNamesPath(layoutOf(directory), { target: undefined, host: 'db', port: 5432 });
  await writeDatabaseNames(path, ['a', 'b', 'c'], clock.now());
  await clock.pass(HOUR);
  await waitForTheDisk();
  await clock.pass(80 * HOUR);
  assert.equal(await limit, 72);
});

test('one that is killed or crashes is started once more', { timeout: 60_000 }, async (t) => {
  for (const [acts, failure, starts] of [
    ['kill 0', undefined, 2],
    ['crash 0', undefined, 2],
    ['kill kill 0', 'killed by SIGKILL', 2],
    ['kill 4', 'exit code 4', 2],
  ] as const) {
    const here = place(t, acts);
    const end = await here.run();
    assert.equal(end.failure, failure, acts);
    const isTold = failure === undefined || failure === 'exit code 4';
    assert.deepEqual(end.untold, isTold ? undefined : { en: failure, zh: failure }, acts);
    assert.equal(here.started().length, starts, acts);
    const told = here.logged.filter(({ id }) => id === 'JOB_CRASHED').map(({ parameters }) => parameters);
    assert.deepEqual(
      told.map(({ outcome, seconds }) => [outcome, seconds]),
      [[acts.startsWith('kill') ? 'killed by SIGKILL' : 'exit code 1', 60]],
    );
  }
});

test('a job that is told to stop has the time to end, and is not started again', {
  timeout: 60_000,
}, async (t) => {
  for (const [act, failure] of [
    ['wait', 'exit code 143'],
    ['die', 'killed by SIGKILL'],
  ] as const) {
    const here = place(t, act);
    const running = here.run();
    await until(() => here.lines.includes('ready'), true);
    here.stop();
    assert.deepEqual(await running, { failure });
    assert.ok(here.lines.includes('told'));
    assert.equal(here.started().length, 1);
    assert.deepEqual(here.logged, []);
  }
});

test('a program that is not there is a failure', { timeout: 60_000 }, async (t) => {
  const here = place(t, '0', { program: '/nowhere/pg-backup.js' });
  assert.equal((await here.run()).failure, 'exit code 1');
  assert.ok(here.lines.some((line) => line.includes('/nowhere/pg-backup.js')));
});

const HOUR = 3600 * 1000;

/** Does not wait for what is short, and for longer than a test for what is not. */
const AT_ONCE: Clock = {
  now: () => new Date(),
  wait: (milliseconds, signal) =>
    new Promise((resolve) => {
      if (milliseconds < HOUR) resolve();
      else signal.addEventListener('abort', () => resolve());
    }),
};

interface Place {
  readonly lines: string[];
  readonly logged: readonly Logged[];
  run(job?: Partial<Job>): Promise<JobEnd>;
  stop(): void;
  started(): { args: string[] }[];
}

function place(
  t: TestContext,
  acts: string,
  { program = fileURLToPath(new URL('./job.ts', import.meta.url)), clock = AT_ONCE } = {},
): Place {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, 'acts'), acts);
  const controller = new AbortController();
  t.after(() => controller.abort());
  const { context, logged } = recordingContext(directory, { signal: controller.signal });
  const lines: string[] = [];
  const environment = { PATH: process.env['PATH'], JOB_DIRECTORY: directory, ONLY_HERE: 'yes' };
  return {
    lines,
    logged,
    run: (job) =>
      runJob(
        { entry: scheduleEntries(context)[0], dueAt: undefined, ...job },
        {
          ...{ environment, clock, program },
          output: { write: (text) => lines.push(text.replace(/\n$/, '')) },
        },
      ),
    stop: () => controller.abort(new PgBackupError('INTERRUPTED', { signal: 'SIGTERM' })),
    started: () =>
      readFileSync(join(directory, 'started'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
  };
}
