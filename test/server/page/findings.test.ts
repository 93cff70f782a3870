import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SpaceForecast } from '../../../src/backup/space-forecast.ts';
import { findingsOf } from '../../../src/server/page/findings.ts';

const FORECAST = { nextBytes: 2e9, runs: 3, growthBytesPerDay: 1e6, horizonDays: 90 };

test('a volume that will be full soon is told of, the sooner the louder', () => {
  const find = (forecast: SpaceForecast | undefined) =>
    findingsOf(
      { at: new Date(), databases: [], volumes: [{ directory: '/data', freeBytes: 1, forecast }] },
      [],
      () => 'UTC',
    )
      .filter(({ text }) => text.en.includes('/data'))
      .map(({ tone, text }) => `${tone}: ${text.en}`);
  const full = 'The volume of /data will be full within';
  const next = 'the next backups need 2 GB';
  assert.deepEqual(find({ ...FORECAST, daysLeft: 0 }), [`danger: ${full} a day; ${next}`]);
  assert.deepEqual(find({ ...FORECAST, daysLeft: 2 }), [`danger: ${full} 3 days; ${next}`]);
  assert.deepEqual(find({ ...FORECAST, daysLeft: 14 }), [`watch: ${full} 15 days; ${next}`]);
  assert.deepEqual(find({ ...FORECAST, daysLeft: 15 }), []);
  assert.deepEqual(find({ ...FORECAST, daysLeft: undefined }), []);
  assert.deepEqual(find(undefined), []);
});

test('what could not be looked at is no safety, and comes first', () => {
  const overview = { at: new Date(), databases: [], volumes: [] };
  const [first] = findingsOf(overview, [{ en: 'cannot list', zh: '无法列出' }], () => 'UTC');
  assert.deepEqual(first, { tone: 'danger', text: { en: 'cannot list', zh: '无法列出' } });
});
