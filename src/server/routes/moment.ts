/** The milliseconds of a day or a time in UTC that fits the pattern of the description; NaN for one that no calendar has. */
export function momentOf(text: string): number {
  const day = text.slice(0, 10);
  const midnight = Date.parse(`${day}T00:00:00Z`);
  // 31 February is taken for a day in March.
  if (Number.isNaN(midnight) || new Date(midnight).toISOString().slice(0, 10) !== day) return Number.NaN;
  return Date.parse(text);
}
