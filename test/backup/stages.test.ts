import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createStages } from '../../src/backup/stages.ts';
import { PgBackupError } from '../../src/errors.ts';
import type { StageRecord } from '../../src/report/record.ts';
import { recordingContext } from './recording-context.ts';

test('each stage returns its result, and is recorded and logged in its order, failed ones too', async () => {
  const { context, logged } = recordingContext('/nowhere');
  const records: StageRecord[] = [];
  const stage = createStages(context, records);
  assert.equal(await stage('lock', async () => 42), 42);
  const failure = new Error('x');
  await assert.rejects(
    stage('dump', () => Promise.reject(failure)),
    failure,
  );
  assert.deepEqual(
    records.map(({ name, outcome }) => `${name} ${outcome}`),
    ['lock done', 'dump failed'],
  );
  assert.ok(records.every(({ durationSeconds }) => durationSeconds >= 0));
  assert.deepEqual(
    logged.map(({ id, parameters }) => `${id} ${parameters['stage']}`),
    ['STAGE_DONE lock', 'STAGE_FAILED dump'],
  );
});

test('after an interruption no stage begins', async () => {
  const controller = new AbortController();
  const { context } = recordingContext('/nowhere', { signal: controller.signal });
  const stage = createStages(context, []);
  controller.abort(new PgBackupError('INTERRUPTED', { signal: 'SIGTERM' }));
  await assert.rejects(
    stage('dump', () => assert.fail('it began')),
    { code: 'INTERRUPTED' },
  );
});

test('an interruption counts for more than what the interrupted action threw', async () => {
  const controller = new AbortController();
  const { context } = recordingContext('/nowhere', { signal: controller.signal });
  const stage = createStages(context, []);
  const interrupted = stage('dump', async () => {
    controller.abort(new PgBackupError('INTERRUPTED', { signal: 'SIGINT' }));
    throw new PgBackupError('DUMP_FAILED', { outcome: 'killed', detail: '' });
  });
  await assert.rejects(interrupted, { code: 'INTERRUPTED' });
});

test('what is shown while a stage runs is taken away at its end', async () => {
  const shown: string[] = [];
  const { context } = recordingContext('/nowhere', {
    progress: {
      start: (name) => {
        shown.push(`start ${name}`);
        return () => shown.push(`stop ${name}`);
      },
      clear: () => {},
    },
  });
  const stage = createStages(context, []);
  await stage('verify', async () => {});
  await stage('dump', () => Promise.reject(new Error('x'))).catch(() => {});
  assert.deepEqual(shown, ['start verify', 'stop verify', 'start dump', 'stop dump']);
});

test('stages that go on at the same time are recorded in the order of their beginnings', async () => {
  const { context, logged } = recordingContext('/nowhere');
  const records: StageRecord[] = [];
  const stage = createStages(context, records);
  const { promise, resolve } = Promise.withResolvers<void>();
  const dump = stage('dump', () => promise);
  await createStages(context, records)('globals', async () => {});
  const verify = stage('verify', () => promise);
  resolve();
  await Promise.all([dump, verify]);
  await stage('checksum', async () => {});
  assert.deepEqual(
    records.map(({ name }) => name),
    ['dump', 'globals', 'verify', 'checksum'],
  );
  assert.deepEqual(
    logged.map(({ parameters }) => parameters['stage']),
    ['globals', 'dump', 'verify', 'checksum'],
  );
});

test('a stage that the failure of another one ends is not told, and fails with that', async () => {
  const { context, logged } = recordingContext('/nowhere');
  const records: StageRecord[] = [];
  const failing = new AbortController();
  const stage = createStages(context, records, failing.signal);
  const { promise, reject } = Promise.withResolvers<void>();
  const verify = stage('verify', () => promise);
  const failure = new PgBackupError('DUMP_FAILED', { outcome: 'exit code 1', detail: '' });
  await assert.rejects(
    stage('dump', () => Promise.reject(failure)),
    failure,
  );
  failing.abort(failure);
  reject(new Error('it was killed'));
  await assert.rejects(verify, failure);
  assert.deepEqual(
    records.map(({ name, outcome }) => [name, outcome]),
    [['dump', 'failed']],
  );
  assert.deepEqual(
    logged.map(({ id }) => id),
    ['STAGE_FAILED'],
  );
});
