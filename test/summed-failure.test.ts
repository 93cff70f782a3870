import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeError, PgBackupError } from '../src/errors.ts';
import { summedFailure } from '../src/summed-failure.ts';

const refused = new PgBackupError('AUTHENTICATION_FAILED', { host: 'h', port: 1, user: 'u', detail: 'd' });
const stopped = new PgBackupError('INTERRUPTED', { signal: 'SIGTERM' });

test('several failures have the exit code in which they agree, else one of their own', () => {
  const sum = (...errors: unknown[]) =>
    describeError(
      summedFailure(
        errors.map((error, index) => ({ name: `db${index}`, error })),
        9,
      ),
      'en',
    );
  assert.deepEqual(sum(refused, refused).exitCode, 5);
  assert.deepEqual(sum(stopped, stopped).exitCode, 143);
  assert.deepEqual(sum(refused, new PgBackupError('BUSY', {})).exitCode, 22);
  assert.equal(
    sum(refused, new TypeError('a bug')).message,
    '2 of 9 failed: db0 (AUTHENTICATION_FAILED), db1 (INTERNAL)',
  );
});

test('of very many only the first are named', () => {
  const failures = Array.from({ length: 12 }, (_, index) => ({ name: `db${index}`, error: refused }));
  assert.match(
    summedFailure(failures, 20).message,
    /^12 of 20 failed: db0 .*db9 \(AUTHENTICATION_FAILED\) \(\+2\)$/,
  );
});
