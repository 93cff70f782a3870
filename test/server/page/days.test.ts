import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayAfter, daysOfWeeks, startOfDay } from '../../../src/server/page/days.ts';
import { dayText, timeText } from '../../../src/server/page/figures.ts';

const HOUR = 3_600_000;

test('a day begins at its midnight in the zone, also where the clock changes', () => {
  const begins = (day: string, zone: string): string => new Date(startOfDay(day, zone) ?? 0).toISOString();
  assert.equal(begins('2027-01-10', 'UTC'), '2027-01-10T00:00:00.000Z');
  assert.equal(begins('2027-01-10', 'Asia/Shanghai'), '2027-01-09T16:00:00.000Z');
  assert.equal(begins('2027-03-28', 'Europe/Berlin'), '2027-03-27T23:00:00.000Z');
  assert.equal(begins('2027-03-29', 'Europe/Berlin'), '2027-03-28T22:00:00.000Z');
  assert.equal(begins('2027-10-31', 'Europe/Berlin'), '2027-10-30T22:00:00.000Z');
  assert.equal(begins('2027-11-01', 'Europe/Berlin'), '2027-10-31T23:00:00.000Z');
  assert.equal(begins('2027-01-10', 'Asia/Kathmandu'), '2027-01-09T18:15:00.000Z');
  for (const zone of ['America/New_York', 'Australia/Lord_Howe', 'Pacific/Apia']) {
    for (let day = '2027-01-01'; day < '2028-01-01'; day = dayAfter(day)) {
      const begin = startOfDay(day, zone) ?? 0;
      assert.equal(timeText(new Date(begin), zone), `${day} 00:00`, zone);
      const length = (startOfDay(dayAfter(day), zone) ?? 0) - begin;
      assert.ok(length >= 23 * HOUR && length <= 25 * HOUR, `${zone} ${day}`);
    }
  }
});

test('what is no day has no beginning', () => {
  for (const day of ['2027-02-30', '2027-1-1', '0001-01-01', '27-01-01', 'today', '2027-01-01T00:00', ''])
    assert.equal(startOfDay(day, 'UTC'), undefined, day);
});

test('weeks go from Monday to the Sunday after today, in the zone', () => {
  const days = daysOfWeeks(new Date('2027-01-10T17:00:00Z'), 'Asia/Shanghai', 12);
  assert.equal(dayText(new Date('2027-01-10T17:00:00Z'), 'Asia/Shanghai'), '2027-01-11');
  assert.deepEqual([days.length, days[0], days.at(-1)], [84, '2026-10-26', '2027-01-17']);
  assert.equal(daysOfWeeks(new Date('2027-01-10T12:00:00Z'), 'UTC', 1).join(), daysText());
});

function daysText(): string {
  return ['04', '05', '06', '07', '08', '09', '10'].map((day) => `2027-01-${day}`).join();
}
