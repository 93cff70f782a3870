import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  planRetention,
  type RetentionDecision,
  type RetentionPolicy,
  type RetentionRun,
} from '../../src/backup/retention.ts';

const DAY = 24 * 60 * 60 * 1000;

const time = fc.date({ min: new Date('2024-01-01'), max: new Date('2026-12-31'), noInvalidDate: true });
const history: fc.Arbitrary<RetentionRun[]> = fc.uniqueArray(
  fc.record({
    name: fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 5 }),
    // Few different times, so that some are equal and some lie at the very limit.
    startedAt: fc.oneof(
      time,
      fc.integer({ min: -3, max: 12 }).map((days) => new Date(NOW - days * DAY)),
    ),
    series: fc.constantFrom('db1:5432', 'db2:5432'),
    isGood: fc.boolean(),
    awaitsUpload: fc.boolean(),
    isRunning: fc.boolean(),
  }),
  { selector: ({ name }) => name, maxLength: 30 },
);
const NOW = Date.UTC(2025, 9, 11, 18);
const clock = fc.oneof(time, fc.constant(new Date(NOW)));
const policy: fc.Arbitrary<RetentionPolicy> = fc.record({
  retentionDays: fc.oneof(fc.integer({ min: 1, max: 10 }), fc.constant(36_500)),
  keep: fc.record(
    Object.fromEntries(
      ['last', 'daily', 'weekly', 'monthly', 'yearly'].map((rule) => [rule, fc.integer({ min: 1, max: 4 })]),
    ),
    { requiredKeys: [] },
  ),
  heldSeries: fc.constant(new Set<string>()),
});

/** For any history, policy and clock. */
function always(
  check: (plan: RetentionDecision[], runs: RetentionRun[], limit: number, now: Date) => void,
): void {
  fc.assert(
    fc.property(history, policy, clock, (runs, policy, now) => {
      const plan = planRetention(runs, policy, now);
      check(plan, runs, now.getTime() - policy.retentionDays * DAY, now);
    }),
    { numRuns: 1000 },
  );
}

const removed = (plan: RetentionDecision[]): RetentionRun[] =>
  plan.filter(({ action }) => action === 'remove').map(({ run }) => run);

test('every run is judged exactly once', () => {
  always((plan, runs) => {
    assert.equal(plan.length, runs.length);
    assert.deepEqual(new Set(plan.map(({ run }) => run)), new Set(runs));
  });
});

test('the newest good run of each series stays, also beside ones that are dated in the future', () => {
  always((plan, runs, _limit, now) => {
    for (const series of new Set(runs.map((run) => run.series))) {
      const good = runs.filter((run) => run.isGood && run.series === series);
      if (good.length === 0) continue;
      const newest = Math.max(...good.map((run) => run.startedAt.getTime()));
      const kept = good.filter((run) => !removed(plan).includes(run));
      assert.ok(kept.some((run) => run.startedAt.getTime() === newest));
      const past = good.filter((run) => run.startedAt <= now);
      const newestPast = Math.max(...past.map((run) => run.startedAt.getTime()));
      if (past.length > 0) assert.ok(kept.some((run) => run.startedAt.getTime() === newestPast));
    }
  });
});

test('a run that waits for its upload and a run that is under way stay', () => {
  always((plan) => {
    for (const run of removed(plan)) assert.ok(!run.awaitsUpload && !run.isRunning);
  });
});

test('nothing that is younger than the policy, or dated in the future, is removed', () => {
  always((plan, _runs, limit) => {
    for (const run of removed(plan)) assert.ok(run.startedAt.getTime() < limit);
  });
});

test('whatever is older than the policy and has no reason to stay is removed', () => {
  always((plan, _runs, limit) => {
    for (const { run, action, reason } of plan) {
      const isOld = run.startedAt.getTime() < limit;
      if (isOld && !run.isRunning && !run.awaitsUpload && !/^(newest-good|keep-)/.test(reason))
        assert.equal(action, 'remove');
    }
  });
});

test('rules keep good runs only, each in its series at most as many as they say', () => {
  fc.assert(
    fc.property(history, policy, clock, (runs, policy, now) => {
      const plan = planRetention(runs, policy, now);
      for (const [rule, count] of Object.entries(policy.keep)) {
        const kept = plan.filter(({ reason }) => reason === `keep-${rule}`).map(({ run }) => run);
        for (const run of kept) assert.ok(run.isGood && run.startedAt <= now);
        for (const ofSeries of Map.groupBy(kept, ({ series }) => series).values()) {
          assert.ok(ofSeries.length <= count);
        }
      }
    }),
    { numRuns: 1000 },
  );
});

test('more rules, larger numbers and more days never remove more', () => {
  fc.assert(
    fc.property(history, policy, policy, clock, (runs, one, other, now) => {
      const larger: RetentionPolicy = {
        retentionDays: Math.max(one.retentionDays, other.retentionDays),
        keep: { ...one.keep, ...raised(one.keep, other.keep) },
        heldSeries: one.heldSeries,
      };
      const few = removed(planRetention(runs, larger, now));
      const many = removed(planRetention(runs, one, now));
      for (const run of few) assert.ok(many.includes(run));
    }),
  );
});

test('bad runs and runs of other series take no place from a good one', () => {
  fc.assert(
    fc.property(history, policy, clock, (runs, policy, now) => {
      const reasons = (plan: RetentionDecision[]) => plan.map(({ run, reason }) => `${run.name} ${reason}`);
      const isGoodHere = (run: RetentionRun) => run.isGood && run.series === 'db1:5432';
      const alone = planRetention(runs.filter(isGoodHere), policy, now);
      const amongAll = planRetention(runs, policy, now).filter(({ run }) => isGoodHere(run));
      assert.deepEqual(reasons(amongAll), reasons(alone));
    }),
  );
});

test('only an expired run is removed, and every expired run is', () => {
  always((plan) => {
    for (const { action, reason } of plan) assert.equal(action === 'remove', reason === 'expired');
  });
});

test('at most one run of a series stays for being its newest good one', () => {
  always((plan) => {
    const series = plan.filter(({ reason }) => reason === 'newest-good').map(({ run }) => run.series);
    assert.equal(new Set(series).size, series.length);
  });
});

test('the order of the input changes nothing', () => {
  fc.assert(
    fc.property(
      history.chain((runs) =>
        fc.tuple(fc.constant(runs), fc.shuffledSubarray(runs, { minLength: runs.length })),
      ),
      policy,
      clock,
      ([runs, shuffled], days, now) => {
        assert.deepEqual(planRetention(shuffled, days, now), planRetention(runs, days, now));
      },
    ),
  );
});

test('a second time right after the first removes nothing more', () => {
  fc.assert(
    fc.property(history, policy, clock, (runs, days, now) => {
      const gone = removed(planRetention(runs, days, now));
      const rest = runs.filter((run) => !gone.includes(run));
      assert.deepEqual(removed(planRetention(rest, days, now)), []);
    }),
  );
});

test('the input stays as it was', () => {
  fc.assert(
    fc.property(history, policy, clock, (runs, days, now) => {
      const before = [...runs];
      planRetention(runs, days, now);
      assert.deepEqual(runs, before);
    }),
  );
});

test('an example: daily backups kept for two days, one failed, one waiting', () => {
  const run = (name: string, ageDays: number, facts: Partial<RetentionRun> = {}): RetentionRun => ({
    ...{ name, series: 'db:5432', isGood: true, awaitsUpload: false, isRunning: false, ...facts },
    startedAt: new Date(NOW - ageDays * DAY),
  });
  const plan = planRetention(
    [
      run('future', -1),
      run('now', 0, { isGood: false, isRunning: true }),
      run('yesterday', 1, { isGood: false }),
      run('limit', 2, { isGood: false }),
      run('good', 3),
      run('old', 4),
      run('waiting', 5, { isGood: false, awaitsUpload: true }),
      run('other server', 90, { series: 'standby:5432' }),
    ],
    { retentionDays: 2, keep: {}, heldSeries: new Set() },
    new Date(NOW),
  );
  assert.deepEqual(
    plan.map(({ run, action, reason }) => `${run.name}: ${action}, ${reason}`),
    [
      'future: keep, in-the-future',
      'now: keep, running',
      'yesterday: keep, recent',
      'limit: keep, recent',
      'good: keep, newest-good',
      'old: remove, expired',
      'waiting: keep, awaits-upload',
      'other server: keep, newest-good',
    ],
  );
});

test('of a series that is held nothing goes, and all else is as it would be', () => {
  fc.assert(
    fc.property(history, policy, clock, (runs, policy, now) => {
      const held = planRetention(runs, { ...policy, heldSeries: new Set(['db1:5432']) }, now);
      const free = planRetention(runs, policy, now);
      for (const [index, { run, action, reason }] of held.entries()) {
        const otherwise = free[index];
        if (otherwise?.action === 'remove' && run.series === 'db1:5432') {
          assert.deepEqual([action, reason], ['keep', 'held']);
        } else assert.deepEqual([action, reason], [otherwise?.action, otherwise?.reason]);
      }
    }),
  );
});

test('an example: grandfather, father, son', () => {
  const at = (name: string): RetentionRun => ({
    ...{ name, series: 'db:5432', isGood: true, awaitsUpload: false, isRunning: false },
    startedAt: new Date(`${name}Z`),
  });
  const plan = planRetention(
    [
      '2026-11-20T18:00',
      '2026-11-20T06:00',
      '2026-11-19T18:00',
      '2026-11-18T18:00',
      '2026-11-15T18:00',
      '2026-11-14T18:00',
      '2026-10-31T23:59',
      '2026-10-31T00:00',
      '2026-01-01T00:00',
      '2025-12-31T23:59',
      '2025-12-30T00:00',
      '2024-02-29T12:00',
    ].map(at),
    {
      retentionDays: 1,
      keep: { last: 2, daily: 2, weekly: 2, monthly: 2, yearly: 2 },
      heldSeries: new Set(),
    },
    new Date('2026-11-23T06:00Z'),
  );
  assert.deepEqual(
    plan.map(({ run, reason }) => `${run.name} ${reason}`),
    [
      '2026-11-20T18:00 newest-good',
      '2026-11-20T06:00 keep-last',
      '2026-11-19T18:00 keep-daily',
      '2026-11-18T18:00 expired',
      // A Sunday: the last day of the week before.
      '2026-11-15T18:00 keep-weekly',
      '2026-11-14T18:00 expired',
      '2026-10-31T23:59 keep-monthly',
      '2026-10-31T00:00 expired',
      '2026-01-01T00:00 expired',
      '2025-12-31T23:59 keep-yearly',
      '2025-12-30T00:00 expired',
      '2024-02-29T12:00 expired',
    ],
  );
});

function raised(one: RetentionPolicy['keep'], other: RetentionPolicy['keep']): RetentionPolicy['keep'] {
  return Object.fromEntries(
    Object.entries(other).map(([rule, count]) => [rule, Math.max(count, one[rule as keyof typeof one] ?? 0)]),
  );
}
