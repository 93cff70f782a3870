/** Items in an order that holds while they come and go. */
export interface SortedList<T> {
  /** Not to be changed, and not to be kept beyond the next change. */
  readonly items: readonly T[];
  add(item: T): void;
  remove(item: T): void;
  /** The first position whose item is not before that one. */
  position(item: T): number;
  /**
   * From now on the items are in order; until then they are only collected, which is quicker for many. `inOrder`: the same items, nearly in order
   * already, which spares most of the work.
   */
  sort(inOrder?: readonly T[]): void;
}

/** `compare` must tell any two items apart. */
export function createSortedList<T>(compare: (one: T, other: T) => number): SortedList<T> {
  const items: T[] = [];
  let isSorted = false;
  const position = (item: T): number => {
    let low = 0;
    let high = items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = items[middle];
      if (other !== undefined && compare(other, item) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const placeOf = (item: T): number => (isSorted ? position(item) : items.indexOf(item));
  return {
    items,
    position,
    add(item) {
      if (isSorted) items.splice(position(item), 0, item);
      else items.push(item);
    },
    remove(item) {
      const place = placeOf(item);
      if (items[place] === item) items.splice(place, 1);
    },
    sort(inOrder) {
      if (inOrder) for (const [place, item] of inOrder.entries()) items[place] = item;
      items.sort(compare);
      isSorted = true;
    },
  };
}
