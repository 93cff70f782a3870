import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSortedList, placeIn } from '../../src/server/run-index/sorted-list.ts';

interface Item {
  readonly key: number;
  readonly text: string;
}
const byKey = (one: Pick<Item, 'key'>, other: Pick<Item, 'key'>): number => one.key - other.key;
const item = (key: number, text = ''): Item => ({ key, text });

test('items come, go, move and are replaced, and stay in order', () => {
  const list = createSortedList<Item>(byKey);
  const [one, two, three] = [item(1), item(2), item(3)];
  for (const each of [three, one]) list.replace(undefined, each);
  assert.deepEqual(list.items, [three, one]);
  list.sort();
  list.replace(undefined, two);
  assert.deepEqual(list.items, [one, two, three]);
  const better = item(2, 'better');
  list.replace(two, better);
  assert.deepEqual(list.items, [one, better, three]);
  const last = item(4);
  list.replace(one, last);
  assert.deepEqual(list.items, [better, three, last]);
  list.replace(better, undefined);
  assert.deepEqual(list.items, [three, last]);
  list.replace(one, undefined);
  assert.deepEqual(list.items, [three, last]);
});

test('what is known to be nearly in order is put in order', () => {
  const list = createSortedList<Item>(byKey);
  const items = [item(3), item(1), item(2)];
  for (const each of items) list.replace(undefined, each);
  list.sort(items.toSorted(byKey));
  assert.deepEqual(
    list.items.map(({ key }) => key),
    [1, 2, 3],
  );
});

test('the place of an item is the first that is not before it', () => {
  const items = [1, 3, 5].map((key) => item(key));
  assert.deepEqual(
    [0, 1, 2, 5, 6].map((key) => placeIn(items, { key }, byKey)),
    [0, 0, 1, 2, 3],
  );
});
