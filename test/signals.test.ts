import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { PgBackupError } from '../src/errors.ts';
import { abortOnSignals } from '../src/signals.ts';

for (const [name, exitCode] of [
  ['SIGHUP', 129],
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`the first ${name} aborts with it as the reason, a second one exits at once`, () => {
    const source = new EventEmitter();
    const exits: number[] = [];
    const signal = abortOnSignals(source, (code) => exits.push(code));
    assert.equal(signal.aborted, false);
    source.emit(name, name);
    assert.ok(signal.reason instanceof PgBackupError);
    assert.deepEqual([signal.reason.code, signal.reason.parameters], ['INTERRUPTED', { signal: name }]);
    assert.deepEqual(exits, []);
    source.emit(name, name);
    assert.deepEqual(exits, [exitCode]);
  });
}
