/** Milliseconds. */
const DAY = 24 * 60 * 60 * 1000;
const WEEK_DAYS = 7;

/** Where a day stands in a calendar whose columns are weeks that begin on Monday. */
export interface DayPlace {
  readonly column: number;
  /** 0 is Monday. */
  readonly row: number;
}

/** Counts the columns from the week of `first`; both are `YYYY-MM-DD`. undefined for what is no day. */
export function placeOfDay(date: string, first: string): DayPlace | undefined {
  const day = dayNumber(date);
  const monday = dayNumber(first) - weekday(first);
  if (Number.isNaN(day) || Number.isNaN(monday)) return undefined;
  return { column: Math.floor((day - monday) / WEEK_DAYS), row: weekday(date) };
}

function weekday(date: string): number {
  // The first day of 1970 was a Thursday.
  return (((dayNumber(date) + 3) % WEEK_DAYS) + WEEK_DAYS) % WEEK_DAYS;
}

function dayNumber(date: string): number {
  return Date.parse(`${date}T00:00:00Z`) / DAY;
}
