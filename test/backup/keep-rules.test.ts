import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keptByRules, parseKeepRules } from '../../src/backup/keep-rules.ts';

test('rules are read as the settings write them; of two the larger number counts', () => {
  assert.deepEqual(parseKeepRules('last=3,daily=7,weekly=4,monthly=12,yearly=5'), {
    last: 3,
    daily: 7,
    weekly: 4,
    monthly: 12,
    yearly: 5,
  });
  assert.deepEqual(parseKeepRules('daily=9,daily=2'), { daily: 9 });
  assert.deepEqual(parseKeepRules(undefined), {});
});

test('without rules nothing is kept', () => {
  assert.equal(keptByRules([at('2026-01-01T00:00')], {}).size, 0);
});

test('the week around New Year is a single one', () => {
  // Monday to Sunday, and the Monday after.
  const runs = [
    '2026-01-05T00:00',
    '2026-01-04T23:59',
    '2026-01-01T00:00',
    '2025-12-29T00:00',
    '2025-12-28T00:00',
  ];
  assert.deepEqual(kept(runs, { weekly: 3 }), [
    '2026-01-05T00:00 weekly',
    '2026-01-04T23:59 weekly',
    '2025-12-28T00:00 weekly',
  ]);
});

test('periods without a run are not counted', () => {
  assert.deepEqual(kept(['2026-06-01T00:00', '2020-01-01T00:00', '2019-01-01T00:00'], { monthly: 2 }), [
    '2026-06-01T00:00 monthly',
    '2020-01-01T00:00 monthly',
  ]);
});

test('days, months and years end at midnight UTC', () => {
  const runs = ['2027-01-01T00:00', '2026-12-31T23:59'];
  for (const rule of ['daily', 'monthly', 'yearly'] as const) {
    assert.equal(kept(runs, { [rule]: 2 }).length, 2, rule);
  }
});

test('of several rules the narrowest is named', () => {
  assert.deepEqual(kept(['2026-06-02T00:00', '2026-06-01T00:00'], { last: 1, daily: 2, yearly: 1 }), [
    '2026-06-02T00:00 last',
    '2026-06-01T00:00 daily',
  ]);
});

function at(name: string): { name: string; startedAt: Date } {
  return { name, startedAt: new Date(`${name}Z`) };
}

function kept(names: readonly string[], rules: Parameters<typeof keptByRules>[1]): string[] {
  return [...keptByRules(names.map(at), rules)]
    .map(([run, rule]) => `${run.name} ${rule}`)
    .sort()
    .reverse();
}
