import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeError, PgBackupError } from '../../../src/errors.ts';
import { tellError } from '../../../src/server/page/retell.ts';

test('an error that was written in one language is told in the other, with what it said', () => {
  const error = new PgBackupError('DUMP_FAILED', { outcome: 'exit code 1', detail: 'no {luck} (at all): x' });
  for (const [written, read] of [
    ['en', 'zh'],
    ['zh', 'en'],
    ['en', 'en'],
  ] as const) {
    const { code, message, hint } = describeError(error, written);
    const told = tellError({ code, message, hint, stage: 'dump' }, read);
    const expected = describeError(error, read);
    assert.deepEqual(told, { code, stage: 'dump', message: expected.message, hint: expected.hint });
  }
});

test('what was not made from our texts stays as it is', () => {
  assert.deepEqual(tellError({ code: 'DUMP_FAILED', message: 'other words', hint: 'look' }, 'zh'), {
    ...{ code: 'DUMP_FAILED', stage: undefined, message: 'other words', hint: 'look' },
  });
  assert.deepEqual(tellError({ code: 'toString', message: 'x' }, 'zh'), {
    ...{ code: 'toString', stage: undefined, message: 'x', hint: undefined },
  });
});

test('whatever stands in a file is told as text, or not at all', () => {
  const told = tellError({ code: 7, message: { type: 'b' }, hint: ['x'], phase: 'read' }, 'en');
  assert.deepEqual(told, { code: undefined, stage: 'read', message: '', hint: undefined });
  const long = '): '.repeat(2_000_000);
  const begin = performance.now();
  tellError({ code: 'DUMP_FAILED', message: long, hint: long }, 'zh');
  assert.ok(performance.now() - begin < 1000);
});
