/** Items in an order that holds while they come and go. */
export interface SortedList<T> {
  /** Not to be changed, and not to be kept beyond the next change. */
  readonly items: readonly T[];
  /** Takes one away and puts the other in; undefined for none. Where both have the same place nothing moves. */
  replace(before: T | undefined, after: T | undefined): void;
  /**
   * From now on the items are in order; until then they are only collected, which is quicker for many. `inOrder`: the same items, nearly in order
   * already, which spares most of the work.
   */
  sort(inOrder?: readonly T[]): void;
}

/** Tells any two items apart. */
export type Compare<T> = (one: T, other: T) => number;

export function createSortedList<T>(compare: Compare<T>): SortedList<T> {
  const items: T[] = [];
  let isSorted = false;
  const placeOf = (item: T): number => (isSorted ? placeIn(items, item, compare) : items.indexOf(item));
  return {
    items,
    replace(before, after) {
      const place = before === undefined ? -1 : placeOf(before);
      const isThere = place >= 0 && items[place] === before;
      if (isThere && before !== undefined && after !== undefined && compare(before, after) === 0) {
        items[place] = after;
        return;
      }
      if (isThere) items.splice(place, 1);
      if (after === undefined) return;
      if (isSorted) items.splice(placeIn(items, after, compare), 0, after);
      else items.push(after);
    },
    sort(inOrder) {
      if (inOrder) for (const [place, item] of inOrder.entries()) items[place] = item;
      items.sort(compare);
      isSorted = true;
    },
  };
}

/** The first position of a list in order whose item is not before that one. */
export function placeIn<T>(items: readonly T[], item: T, compare: Compare<T>): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = items[middle];
    if (other !== undefined && compare(other, item) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
