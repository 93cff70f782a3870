/** Most texts are the same in thousands of runs: each is kept once. */
const kept = new Map<string, string>();
const MOST_KEPT = 10_000;
/** Stands for the run's name in a text that is kept. */
const RUN = '\u0000';
/** A path, an address or a name is no longer (PATH_MAX); anything longer is hostile. */
export const LONGEST_TEXT = 4096;

/** The text, once in memory however often it comes; null for what is no text, or too long. */
export function shared(value: unknown): string | null {
  const text = textOf(value);
  if (text === null) return null;
  const known = kept.get(text);
  if (known !== undefined) return known;
  if (kept.size < MOST_KEPT) kept.set(text, text);
  return text;
}

/** Paths and addresses differ in nothing but the name of the run: it is left out of what is kept. */
export function withoutRun(value: unknown, run: string): string | null {
  if (typeof value !== 'string' || value.includes(RUN)) return null;
  return shared(run === '' ? value : value.replaceAll(run, RUN));
}

/** A kept text with the name of its run in it again. */
export function inFull(text: string, run: string): string {
  return text.replaceAll(RUN, () => run);
}

const keptLists = new Map<string, readonly string[]>();

/** The same for a list of texts. */
export function sharedList(list: readonly string[]): readonly string[] {
  const key = JSON.stringify(list);
  const known = keptLists.get(key);
  if (known !== undefined) return known;
  if (keptLists.size < MOST_KEPT) keptLists.set(key, list);
  return list;
}

export function textOf(value: unknown): string | null {
  return typeof value === 'string' && value.length <= LONGEST_TEXT ? value : null;
}
