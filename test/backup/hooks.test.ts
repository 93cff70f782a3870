import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runAfterHook, runBeforeHook } from '../../src/backup/hooks.ts';
import { openRun } from '../../src/backup/open-run.ts';
import { PgBackupError } from '../../src/errors.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { until } from '../integration/until.ts';
import { recordingContext } from './recording-context.ts';

const TIMED_OUT = new PgBackupError('TIMED_OUT', { minutes: 1 });

for (const failure of ['stop', 'continue'] as const) {
  test(`a hook that hangs ends at the run's deadline, and is no fault of the hook (${failure})`, async (t) => {
    const { run, context, begun, deadline } = await open(t, 'exec sleep 1000', { failure });
    const running = runBeforeHook(context, run);
    const rejected = assert.rejects(running, (error) => error === TIMED_OUT);
    await begun();
    deadline.abort(TIMED_OUT);
    await rejected;
  });
}

test('after the deadline there is time for the hook that tells of it', async (t) => {
  const { run, context, deadline, seen, logged } = await open(t, `echo "$PG_BACKUP_STATUS" > "$SEEN"`);
  deadline.abort(TIMED_OUT);
  await runAfterHook(context, run, 'FAILED');
  assert.equal(readFileSync(seen, 'utf8'), 'FAILED\n');
  assert.deepEqual(logged, []);
});

test('without hooks nothing is run, and nothing said', async (t) => {
  const { run, context, seen, logged } = await open(t, 'true');
  const settings = { ...context.settings, BACKUP_HOOK_BEFORE: undefined, BACKUP_HOOK_AFTER: undefined };
  await runBeforeHook({ ...context, settings }, run);
  await runAfterHook({ ...context, settings }, run, 'SUCCESS');
  assert.deepEqual([existsSync(seen), logged], [false, []]);
});

async function open(
  t: TestContext,
  text: string,
  { failure = 'stop' }: { failure?: 'stop' | 'continue' } = {},
) {
  const directory = temporaryDirectory(t);
  const [hook, seen] = [join(directory, 'hook'), join(directory, 'seen')];
  writeFileSync(hook, `#!/bin/sh\ntouch "$SEEN"\n${text}\n`);
  chmodSync(hook, 0o755);
  const deadline = new AbortController();
  const { context, logged } = recordingContext(join(directory, 'base'));
  const withHooks = {
    ...context,
    environment: { ...context.environment, SEEN: seen },
    signal: deadline.signal,
    settings: {
      ...context.settings,
      BACKUP_HOOK_BEFORE: [hook],
      BACKUP_HOOK_BEFORE_FAILURE: failure,
      BACKUP_HOOK_AFTER: [hook],
    },
  };
  const run = await openRun(withHooks);
  t.after(() => run.close({ keepMark: true }));
  return {
    run,
    context: withHooks,
    logged,
    deadline,
    seen,
    begun: () => until(() => existsSync(seen), true),
  };
}
