/** What a file holds where an object is expected; the schema looked at its outline only. */
export type Given = Readonly<Record<string, unknown>>;

/** More than this is no text for people. */
const LONGEST_TEXT = 4096;

export function objectIn(value: unknown): Given {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Given) : {};
}

export function listIn(value: unknown): readonly Given[] {
  return Array.isArray(value) ? value.map(objectIn) : [];
}

/** Cut where it is very long; undefined for what is no text, or an empty one. */
export function textIn(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, LONGEST_TEXT) : undefined;
}

export function textsIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.flatMap((one) => textIn(one) ?? []) : [];
}

/** Finite and not negative, as sizes, counts and durations are. */
export function numberIn(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

export function timeIn(value: unknown): Date | undefined {
  const time = typeof value === 'string' ? new Date(value) : undefined;
  return time && !Number.isNaN(time.getTime()) ? time : undefined;
}
