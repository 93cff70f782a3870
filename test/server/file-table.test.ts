import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFileTable, type FileState } from '../../src/server/run-index/file-table.ts';

const stateOf = (number: number): FileState => ({
  ...{ sizeBytes: number % 7 === 0 ? -1 : number, modifiedAt: number + 0.25, inode: 2 ** 52 + number },
  ...{ isUnreadable: number % 2 === 0, isUsed: number % 3 === 0 },
});

test('what is known of many files comes back, also where others went and came meanwhile', () => {
  const table = createFileTable();
  const known = new Map<string, FileState>();
  const set = (name: string, number: number, scan: number): void => {
    table.set(name, stateOf(number), scan);
    known.set(name, stateOf(number));
  };
  for (let index = 0; index < 500; index += 1) set(`first${index}`, index, 1);
  for (let index = 0; index < 500; index += 3) {
    table.delete(`first${index}`);
    known.delete(`first${index}`);
  }
  table.delete('first0');
  table.delete('never');
  for (let index = 0; index < 400; index += 1) set(`second${index}`, index + 1000, 2);
  for (let index = 1; index < 500; index += 6) set(`first${index}`, index + 1, 2);
  for (const [name, state] of known) assert.deepEqual(table.get(name), state, name);
  assert.equal(table.get('first0'), undefined);
  const unreadable = [...known].filter(([, state]) => state.isUnreadable).map(([name]) => name);
  assert.deepEqual(table.unreadable().sort(), unreadable.sort());
});

test('what a scan has not seen is told', () => {
  const table = createFileTable();
  for (const name of ['a', 'b', 'c']) table.set(name, stateOf(1), 1);
  table.see('b', 2);
  table.see('never', 2);
  assert.deepEqual([table.unseen(2), table.unseen(1)], [['a', 'c'], ['b']]);
});
