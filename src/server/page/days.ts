import { dayText, timeText } from './figures.ts';

const DAY = 24 * 60 * 60 * 1000;

/** When a day (`YYYY-MM-DD`) begins in the zone, in milliseconds; undefined for what is no day. */
export function startOfDay(day: string, zone: string): number | undefined {
  const midnight = Date.parse(`${day}T00:00:00Z`);
  if (!/^[12]\d{3}-\d{2}-\d{2}$/.test(day) || Number.isNaN(midnight)) return undefined;
  if (new Date(midnight).toISOString().slice(0, 10) !== day) return undefined;
  // The second look is for days on which the clock changes.
  const guess = midnight - offsetAt(midnight, zone);
  return midnight - offsetAt(guess, zone);
}

/** The day that lies so many days after. */
export function dayAfter(day: string, days = 1): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY).toISOString().slice(0, 10);
}

/** All days of so many weeks, from a Monday to the Sunday after today. */
export function daysOfWeeks(now: Date, zone: string, weeks: number): string[] {
  const today = dayText(now, zone);
  const weekday = (new Date(`${today}T00:00:00Z`).getUTCDay() + 6) % 7;
  const monday = dayAfter(today, -weekday - 7 * (weeks - 1));
  return Array.from({ length: weeks * 7 }, (_nothing, index) => dayAfter(monday, index));
}

/** How far the zone's clock is ahead of UTC then, in milliseconds. */
function offsetAt(at: number, zone: string): number {
  const local = timeText(new Date(at), zone, 'with seconds').replace(' ', 'T');
  return Date.parse(`${local}Z`) - Math.floor(at / 1000) * 1000;
}
