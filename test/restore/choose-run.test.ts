import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CopiesOfRun } from '../../src/backup/copies.ts';
import type { KnownRun } from '../../src/backup/known-runs.ts';
import { parseRunName } from '../../src/backup/run-name.ts';
import { PgBackupError } from '../../src/errors.ts';
import { chooseRun, runsSince } from '../../src/restore/choose-run.ts';

const [OLD, NEW, NEWEST] = ['shop_20260301T020000Z_h', 'shop_20260302T020000Z_h', 'shop_20260303T020000Z_h'];

describe('the newest backup', () => {
  test('is no run of another machine whose upload has not come to its checksum yet', () => {
    const runs = [
      inStore(NEWEST, '.dump'),
      inStore(NEW, '.dump', '.dump.sha256'),
      inStore(OLD, '.dump', '.dump.sha256'),
    ];
    assert.equal(chooseRun(runs, { latest: true }, 'shop').name, NEW);
    // Who names it is told what is missing.
    assert.equal(chooseRun(runs, { run: NEWEST }, 'shop').name, NEWEST);
  });

  test('is none whose dump is gone, is empty, or was never complete', () => {
    const isProven = { isProven: true };
    const runs = [
      inStore(NEWEST, '_globals.sql', '.dump.sha256'),
      here(NEWEST, 0, isProven),
      here(NEW, 5, { isProven: false }),
      here(OLD, 5, isProven),
    ];
    assert.equal(chooseRun(runs, { latest: true }, 'shop').name, OLD);
  });

  test('before a time is the first that began then or earlier, in whatever way the time is written', () => {
    const runs = [NEWEST, NEW, OLD].map((name) => here(name, 5, { isProven: true }));
    for (const at of [
      ...['2026-03-02T02:00:00Z', '2026-03-02 02:00:00.000', '2026-03-02 03:00 +0100'],
      ...['2026-03-02T03:00+01:00', '2026-03-02 02:00 UTC', ' 2026-03-02 ', '2026-03-03 01:59:59.999'],
    ]) {
      assert.equal(chooseRun(runs, { at }, 'shop').name, NEW, at);
    }
    for (const at of [
      '2026-03-02 03:00:00+01',
      '2026-02-29',
      '2026-13-01',
      '02.03.2026',
      '2026-03-02 24:01',
      '',
      'now',
    ]) {
      assert.throws(() => chooseRun(runs, { at }, 'shop'), isError('USAGE'), at);
    }
  });

  test('may be missing', () => {
    assert.throws(() => chooseRun([], { latest: true }, 'shop'), isError('NO_SUCH_RUN'));
    assert.throws(() => chooseRun([], { at: '2026-03-02' }, 'shop'), isError('NO_SUCH_RUN'));
  });
});

test('an unknown name is answered with the most alike of all that are known', () => {
  const runs = [here(NEWEST, 5, { isProven: true })];
  assert.throws(
    () => chooseRun(runs, { run: 'yrad_20260303T020000Z_h' }, 'shop', ['yard_20260303T020000Z_h', 'x']),
    (error) =>
      error instanceof PgBackupError && /The most alike: yard_20260303T020000Z_h, shop_/.test(error.message),
  );
});

test('the runs since a day begin with its first hour, the oldest first', () => {
  const runs = [NEWEST, NEW, OLD].map((name) => here(name, 5, { isProven: true }));
  const names = (since: string) => runsSince(runs, since, 'shop').map(({ name }) => name);
  assert.deepEqual(names('2026-03-02'), [NEW, NEWEST]);
  assert.deepEqual(names('2026-03-02 02:00:01'), [NEWEST]);
  assert.throws(() => names('2026-03-04'), isError('NO_SUCH_RUN'));
});

function isError(code: string): (error: unknown) => boolean {
  return (error) => error instanceof PgBackupError && error.code === code;
}

function here(name: string, sizeBytes: number, facts: Pick<KnownRun, 'isProven'>): CopiesOfRun {
  const known = { name, ...facts } as KnownRun;
  return {
    ...inStore(name),
    known,
    local: { ...known, sizeBytes } as CopiesOfRun['local'],
    unrecorded: undefined,
  };
}

/** Of another machine: nothing is known of it but its objects. */
function inStore(name: string, ...ends: string[]): CopiesOfRun {
  const startedAt = parseRunName(name)?.startedAt ?? new Date(0);
  const objects = ends.map((end) => ({ name: `${name}${end}`, sizeBytes: 5, modifiedAt: startedAt }));
  return {
    ...{ name, startedAt, known: undefined, local: undefined, remote: undefined },
    ...{ unrecorded: { name, startedAt, objects }, isIndispensable: false, isIndispensableInStore: false },
  };
}
