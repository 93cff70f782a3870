import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SpaceForecast } from '../../../src/backup/space-forecast.ts';
import type { Overview } from '../../../src/server/overview/overview.ts';
import { findingsOf, type Looks } from '../../../src/server/page/findings.ts';

const FORECAST = { nextBytes: 2e9, runs: 3, growthBytesPerDay: 1e6, horizonDays: 90 };

const NOW = new Date('2027-01-10T12:00:00Z');
const EMPTY: Overview = { at: NOW, databases: [], volumes: [], leftOut: 0, forgotten: [] };
const LOOKS: Looks = { problems: [], unreadable: 0, scannedAt: NOW };

function find(overview: Partial<Overview>, looks: Partial<Looks> = {}): string[] {
  return findingsOf({ ...EMPTY, ...overview }, { ...LOOKS, ...looks }, () => [], NOW)
    .map(({ tone, text }) => `${tone}: ${text.en}`)
    .filter((text) => text !== 'danger: There is no backup here yet');
}

test('a volume that will be full soon is told of, the sooner the louder', () => {
  const findIn = (forecast: SpaceForecast | undefined) =>
    find({ volumes: [{ directory: '/data', freeBytes: 1, forecast }] });
  const full = 'The volume of /data will be full within';
  const next = 'the next backups need 2 GB';
  assert.deepEqual(findIn({ ...FORECAST, daysLeft: 0 }), [`danger: ${full} a day; ${next}`]);
  assert.deepEqual(findIn({ ...FORECAST, daysLeft: 2 }), [`danger: ${full} 3 days; ${next}`]);
  assert.deepEqual(findIn({ ...FORECAST, daysLeft: 14 }), [`watch: ${full} 15 days; ${next}`]);
  assert.deepEqual(findIn({ ...FORECAST, daysLeft: 15 }), []);
  assert.deepEqual(findIn({ ...FORECAST, daysLeft: undefined }), []);
  assert.deepEqual(findIn(undefined), []);
});

test('what could not be looked at is no safety, and comes first', () => {
  const problems = [{ en: 'cannot list', zh: '无法列出' }];
  assert.deepEqual(find({}, { problems, unreadable: 2 }), [
    'danger: cannot list',
    'watch: Files that cannot be read: 2',
  ]);
});

test('a look that was long ago tells nothing of now', () => {
  const at = (scannedAt: string) => find({}, { scannedAt: new Date(scannedAt) });
  assert.deepEqual(at('2027-01-10T11:45:00Z'), []);
  assert.deepEqual(at('2027-01-10T11:44:59Z'), [
    'danger: The directories were looked through 15 min ago: what stands here is as old',
  ]);
});
