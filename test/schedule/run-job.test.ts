import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { TargetContext } from '../../src/backup/context.ts';
import { PgBackupError } from '../../src/errors.ts';
import type { Clock } from '../../src/schedule/clock.ts';
import { type JobKind, scheduleEntries } from '../../src/schedule/entries.ts';
import type { JobEnd } from '../../src/schedule/lane.ts';
import { jobArguments, jobEnvironment, runJob } from '../../src/schedule/run-job.ts';
import { type Logged, recordingContext } from '../backup/recording-context.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { until } from '../integration/until.ts';

test('each kind of work is the command that a person would write', (t) => {
  const { context } = recordingContext(temporaryDirectory(t));
  const args = (kind: JobKind, changes: Partial<TargetContext> = {}) =>
    jobArguments({ ...scheduleEntries(context)[0], kind, context: { ...context, ...changes } }).join(' ');
  const both = { settings: { ...context.settings, BACKUP_MODE: 'both' } } as const;
  assert.equal(args('backup'), 'backup');
  assert.equal(args('drill', { target: 'shop' }), 'drill --target shop');
  assert.equal(args('verify'), 'verify --all');
  assert.equal(args('verify', { ...both, target: 'shop' }), 'verify --all --remote --target shop');
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
  assert.deepEqual(good.started(), [
    { args: ['backup'], BACKUP_RETRIES: '2', BACKUP_LOG_FORMAT: 'json', ONLY_HERE: 'yes' },
  ]);
  assert.deepEqual(good.lines.sort(), ['to stderr', 'to stdout', 'without an end']);

  const bad = place(t, '4');
  assert.deepEqual(await bad.run(), { failure: 'exit code 4' });
  assert.equal(bad.started().length, 1);
});

test('one that is killed or crashes is started once more', { timeout: 60_000 }, async (t) => {
  for (const [acts, failure, starts] of [
    ['kill 0', undefined, 2],
    ['crash 0', undefined, 2],
    ['kill kill 0', 'killed by SIGKILL', 2],
    ['kill 4', 'exit code 4', 2],
  ] as const) {
    const here = place(t, acts);
    assert.deepEqual(await here.run(), { failure }, acts);
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
  const here = place(t, '0', '/nowhere/pg-backup.js');
  assert.deepEqual(await here.run(), { failure: 'exit code 1' });
  assert.ok(here.lines.some((line) => line.includes('/nowhere/pg-backup.js')));
});

/** Does not wait, however long. */
const AT_ONCE: Clock = { now: () => new Date(), wait: async () => {} };

interface Place {
  readonly lines: string[];
  readonly logged: readonly Logged[];
  run(): Promise<JobEnd>;
  stop(): void;
  started(): unknown[];
}

function place(
  t: TestContext,
  acts: string,
  program = fileURLToPath(new URL('./job.ts', import.meta.url)),
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
    run: () =>
      runJob(
        { entry: scheduleEntries(context)[0], dueAt: undefined },
        {
          ...{ environment, clock: AT_ONCE, program },
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
