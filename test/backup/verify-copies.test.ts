import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ensureLayout } from '../../src/backup/open-run.ts';
import { verifyCopies } from '../../src/backup/verify-copies.ts';
import { PgBackupError } from '../../src/errors.ts';
import { layoutOf } from '../../src/files/layout.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { addPastRun } from './past-run.ts';
import { recordingContext } from './recording-context.ts';

// What is found in copies is tested on real ones, in test/integration/verify.test.ts.

test('an interruption while a file is read is told as such', async (t) => {
  const layout = layoutOf(temporaryDirectory(t));
  await ensureLayout(layout);
  addPastRun(layout, 1);
  const interruption = new AbortController();
  const { context } = recordingContext(layout.base, {
    signal: interruption.signal,
    progress: {
      start: () => {
        setImmediate(() => interruption.abort(new PgBackupError('INTERRUPTED', { signal: 'SIGTERM' })));
        return () => {};
      },
      clear: () => {},
    },
  });
  const options = { run: undefined, all: false, remote: false, write: () => {} };
  await assert.rejects(verifyCopies(context, options), { code: 'INTERRUPTED' });
});
