import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeflateJob } from '../../../src/archive/reencode/deflate.ts';
import { createDeflatePool, ThreadFailed } from '../../../src/archive/reencode/deflate-pool.ts';

const JOB: DeflateJob = {
  input: new SharedArrayBuffer(1000),
  level: 6,
  segments: [{ start: 0, length: 1000, dictionaryBytes: 0, begins: true, ends: true, endsCopy: false }],
};
/** No level of zlib's: the thread that takes it dies. */
const DEADLY: DeflateJob = { ...JOB, level: 99 };
const SOON = { timeout: 60_000 };

test('a thread that dies fails what it was given, and all that comes later', SOON, async (t) => {
  const pool = createDeflatePool(1);
  t.after(() => pool.end());
  // Waited for: what it sent last may be lost with it.
  await pool.deflate(JOB);
  const results = await Promise.allSettled([DEADLY, JOB].map((job) => pool.deflate(job)));
  assert.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  // Its thread is gone by then.
  await pool.end();
  await assert.rejects(pool.deflate(JOB), ThreadFailed);
});

test('the failure of one thread is that of the others, too', SOON, async (t) => {
  const pool = createDeflatePool(2);
  t.after(() => pool.end());
  await assert.rejects(Promise.all([pool.deflate(JOB), pool.deflate(DEADLY)]), ThreadFailed);
  await assert.rejects(pool.deflate(JOB), ThreadFailed);
});
