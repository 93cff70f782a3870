import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseCronPattern } from '../../src/cron-pattern.ts';
import type { ErrorCode } from '../../src/error-table.ts';
import { lookAtClock, scheduleFrom } from '../../src/schedule/due.ts';
import { type Attempt, missingDatabases } from '../../src/schedule/missed-runs.ts';

const HOUR = 3600 * 1000;
const DUE = new Date('2027-01-10T02:00Z');

test('a run at the due time or later serves it, whatever it came to', () => {
  assert.equal(isMissed(DUE, one(run('2027-01-10T02:00:00Z'))), false);
  assert.equal(isMissed(DUE, one(run('2027-01-10T09:00:00Z', 'CONNECTION_FAILED'))), false);
  assert.equal(isMissed(DUE, one(run('2027-01-10T01:59:59Z'))), true);
  assert.equal(isMissed(DUE, one()), true);
});

test('a run that was broken off is made up for once', () => {
  for (const code of ['INTERRUPTED', 'KILLED'] as const) {
    assert.equal(isMissed(DUE, one(run('2027-01-10T02:00:00Z', code))), true);
    assert.equal(
      isMissed(DUE, one(run('2027-01-10T02:00:00Z', code), run('2027-01-10T03:00:00Z', 'KILLED'))),
      false,
    );
    assert.equal(isMissed(DUE, one(run('2027-01-10T02:00:00Z', code), run('2027-01-10T03:00:00Z'))), false);
    // Those before it do not count.
    assert.equal(
      isMissed(DUE, one(run('2027-01-09T02:00:00Z', code), run('2027-01-10T03:00:00Z', code))),
      true,
    );
  }
});

test('each database has to have its run, and is missing by itself', () => {
  const done = [run('2027-01-10T02:00:00Z')];
  const broken = [run('2027-01-10T02:00:00Z', 'INTERRUPTED')];
  assert.deepEqual(missing({ a: done, b: done }), []);
  assert.deepEqual(missing({ a: done, b: [], c: broken }), ['b', 'c']);
});

test('a database that kills its run is given up, and the others get their turn', () => {
  const killed = [run('2027-01-10T02:00:00Z', 'KILLED'), run('2027-01-10T02:10:00Z', 'KILLED')];
  assert.deepEqual(missing({ a: killed, b: [] }), ['b']);
});

test('wherever no database is known, nothing was missed', () => {
  assert.deepEqual(missing({}), []);
});

test('with restarts at any moment, each due time has one run, as long as somebody is there before the next', () => {
  const cron = parseCronPattern('30 2 * * *', 'Europe/Berlin');
  const span = fc.integer({ min: 1, max: 60 * HOUR });
  fc.assert(
    fc.property(fc.array(fc.tuple(span, span), { minLength: 5, maxLength: 40 }), (spans) => {
      let now = Date.parse('2027-03-20T12:00Z');
      const runs: Attempt[] = [run(new Date(now - HOUR).toISOString())];
      const present: [number, number][] = [];
      for (const [up, down] of spans) {
        const end = now + up;
        present.push([now, end]);
        const last = cron.previous(new Date(now));
        assert.ok(last);
        if (isMissed(last, one(...runs))) runs.push({ startedAt: new Date(now) });
        let state = scheduleFrom(cron, new Date(now));
        while (state.next && state.next.getTime() <= end) {
          const found = lookAtClock(cron, state, state.next, {
            catchUpMilliseconds: HOUR,
            isFixedTime: true,
          });
          assert.ok(found.due);
          runs.push({ startedAt: found.due.at });
          state = found.state;
        }
        now = end + down;
      }
      let due = cron.next(new Date('2027-03-20T12:00Z'));
      for (; due && due.getTime() < now; due = cron.next(due)) {
        const from = due;
        const until = cron.next(due) ?? due;
        const wasThere = present.some(([start, end]) => start < until.getTime() && end >= from.getTime());
        const own = runs.filter(({ startedAt }) => startedAt >= from && startedAt < until);
        assert.equal(own.length, wasThere ? 1 : 0, `${from.toISOString()}`);
      }
    }),
    { numRuns: 300 },
  );
});

function run(startedAt: string, errorCode?: ErrorCode): Attempt {
  return { startedAt: new Date(startedAt), ...(errorCode && { errorCode }) };
}

function missing(attempts: Readonly<Record<string, readonly Attempt[]>>): string[] {
  return missingDatabases(DUE, new Map(Object.entries(attempts)));
}

function isMissed(dueAt: Date, attempts: ReadonlyMap<string, readonly Attempt[]>): boolean {
  return missingDatabases(dueAt, attempts).length > 0;
}

function one(...attempts: Attempt[]): Map<string, Attempt[]> {
  return new Map([['community', attempts]]);
}
