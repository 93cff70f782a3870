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
