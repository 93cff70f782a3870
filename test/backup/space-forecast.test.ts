import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forecastSpace, type SpaceOptions, type SpaceRun } from '../../src/backup/space-forecast.ts';

const DAY = 24 * 60 * 60 * 1000;
const NOW = new Date('2026-11-20T02:00:00Z');
const WEEK = { retentionDays: 7, keep: {}, heldSeries: new Set<string>() };

/** One good run a day, the last of them yesterday; sizes from the oldest on. */
function daily(...sizes: readonly number[]): SpaceRun[] {
  return sizes.map((sizeBytes, index) => run({ daysAgo: sizes.length - index, sizeBytes }));
}

function run({
  daysAgo,
  sizeBytes,
  isGood = true,
}: {
  daysAgo: number;
  sizeBytes: number;
  isGood?: boolean;
}): SpaceRun {
  const startedAt = new Date(NOW.getTime() - daysAgo * DAY);
  return {
    name: `run-${daysAgo}`,
    startedAt,
    series: 'db:5432',
    isGood,
    awaitsUpload: false,
    isRunning: false,
    sizeBytes,
  };
}

function forecast(histories: readonly (readonly SpaceRun[])[], changes: Partial<SpaceOptions> = {}) {
  return forecastSpace(histories, { freeBytes: 1e12, policy: WEEK, keepsFiles: true, now: NOW, ...changes });
}

test('nothing is foretold without a good run', () => {
  assert.equal(forecast([]), undefined);
  assert.equal(forecast([[]]), undefined);
  assert.equal(forecast([[run({ daysAgo: 1, sizeBytes: 9, isGood: false })]]), undefined);
  // Dated by a clock that was wrong.
  assert.equal(forecast([[run({ daysAgo: -3, sizeBytes: 9 })]]), undefined);
});

test('the next run is as large as the last one, and larger where they grow', () => {
  assert.equal(forecast([daily(100)])?.nextBytes, 100);
  assert.equal(forecast([daily(100, 100, 100)])?.nextBytes, 100);
  assert.deepEqual(
    [forecast([daily(100, 110, 120, 130)])].map((found) => [
      found?.nextBytes,
      Math.round(found?.growthBytesPerDay ?? 0),
      found?.runs,
    ]),
    [[140, 10, 4]],
  );
  // What shrank may grow again.
  assert.equal(forecast([daily(300, 200, 100)])?.nextBytes, 100);
});

test('what happens within the first day is no trend, and runs by hand are no schedule', () => {
  const firstDay = [100, 200, 300].map((sizeBytes, index) => run({ daysAgo: 0.5 - index / 100, sizeBytes }));
  const found = forecast([firstDay], { freeBytes: 4_000 });
  assert.deepEqual([found?.nextBytes, found?.growthBytesPerDay, found?.daysLeft], [300, 0, undefined]);
});

test('only the last ten runs count, and only good ones', () => {
  const old = Array.from({ length: 30 }, () => 9_000);
  const recent = Array.from({ length: 10 }, () => 100);
  const failed = run({ daysAgo: 0.5, sizeBytes: 7, isGood: false });
  assert.deepEqual(
    [forecast([[...daily(...old, ...recent), failed]])].map((found) => [found?.nextBytes, found?.runs]),
    [[100, 10]],
  );
});

test('what retention removes makes room: runs of one size fill no disk that holds as many as are kept', () => {
  const full = daily(...Array.from({ length: 8 }, () => 100));
  // Eight are there, each next one pushes out the oldest: one more fits while it is being made.
  assert.equal(forecast([full], { freeBytes: 100 })?.daysLeft, undefined);
  assert.equal(forecast([full], { freeBytes: 99 })?.daysLeft, 0);
});

test('while fewer are there than are kept, the disk fills up', () => {
  // Room for three more: today's, tomorrow's and the one after; the next finds none.
  assert.equal(forecast([daily(100)], { freeBytes: 300 })?.daysLeft, 3);
  const short = { ...WEEK, retentionDays: 2 };
  assert.equal(forecast([daily(100)], { freeBytes: 300, policy: short })?.daysLeft, undefined);
  // Rules that keep more than the days do.
  assert.equal(
    forecast([daily(100)], { freeBytes: 300, policy: { ...short, keep: { daily: 100 } } })?.daysLeft,
    3,
  );
});

test('growth fills it in the end', () => {
  const growing = daily(...Array.from({ length: 10 }, (_nothing, index) => 1000 + 100 * index));
  const { daysLeft, horizonDays } = forecast([growing], { freeBytes: 5_000 }) ?? {};
  assert.equal(horizonDays, 90);
  // Each run is 100 larger than the last, and 800 larger than the one that it pushes out.
  assert.equal(daysLeft, 6);
  assert.equal(forecast([growing], { freeBytes: 1e6 })?.daysLeft, undefined);
});

test('several databases share one disk', () => {
  const [one, other] = [daily(100, 100, 100), daily(50, 50, 50)];
  assert.equal(forecast([one, other])?.nextBytes, 150);
  assert.equal(forecast([one, other], { freeBytes: 149 })?.daysLeft, 0);
  assert.equal(forecast([one, other], { freeBytes: 300 })?.daysLeft, 2);
});

test('in mode oss the dump is gone after its upload, and only one has to fit', () => {
  assert.equal(forecast([daily(100)], { keepsFiles: false, freeBytes: 100 })?.daysLeft, undefined);
  assert.equal(forecast([daily(100)], { keepsFiles: false, freeBytes: 99 })?.daysLeft, 0);
});

test('a schedule of every five minutes is looked at for a few days only', () => {
  const runs = Array.from({ length: 300 }, (_nothing, index) =>
    run({ daysAgo: (300 - index) / 288, sizeBytes: 1 }),
  );
  const started = process.threadCpuUsage();
  assert.equal(forecast([runs])?.horizonDays, 16);
  assert.ok(process.threadCpuUsage(started).user < 2_000_000);
});
