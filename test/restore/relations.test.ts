import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TocEntry } from '../../src/archive/toc.ts';
import { ownRelation } from '../../src/restore/relations.ts';
import { tocOf } from './toc-of.ts';

/** The tables are 1 to 3, an index and two constraints 4 to 6. */
const BESIDES: readonly Partial<TocEntry>[] = [
  { tag: 'a' },
  { tag: 'a b' },
  { tag: 'a', schema: 'other' },
  { kind: 'INDEX', tag: 'a_idx', dependencies: [1, 1] },
  { kind: 'CONSTRAINT', tag: 'a b key', dependencies: [2] },
  { kind: 'FUNCTION', tag: 'f' },
];

for (const [what, entry, own] of [
  ['rows', { kind: 'TABLE DATA', tag: 'a b', dependencies: [2] }, 2],
  ['a foreign key to another table', { kind: 'FK CONSTRAINT', tag: 'a b fk', dependencies: [1, 2, 5] }, 2],
  [
    'a foreign key of the table with the shorter name',
    { kind: 'FK CONSTRAINT', tag: 'a fk', dependencies: [2, 5, 1] },
    1,
  ],
  [
    'a foreign key between tables of one name',
    { kind: 'FK CONSTRAINT', tag: 'a fk', schema: 'other', dependencies: [1, 3] },
    3,
  ],
  ['an attachment', { kind: 'TABLE ATTACH', tag: 'a b', dependencies: [1, 2] }, 2],
  ['the attachment of an index', { kind: 'INDEX ATTACH', tag: 'a_idx', dependencies: [5, 4, 1, 2] }, 1],
  ['the attachment of a constraint', { kind: 'INDEX ATTACH', tag: 'key', dependencies: [4, 5, 1, 2] }, 2],
  ['a trigger', { kind: 'TRIGGER', tag: 'a t', dependencies: [6, 1] }, 1],
  ['a comment on a function', { kind: 'COMMENT', tag: 'FUNCTION f()', dependencies: [6] }, undefined],
] as const) {
  test(`${what} belongs to ${own === undefined ? 'no table' : 'its table'}`, () => {
    const toc = tocOf([...BESIDES, { ...entry, dependencies: [...entry.dependencies] }]);
    const byId = new Map(toc.entries.map((one) => [one.dumpId, one]));
    const last = toc.entries.at(-1);
    assert.ok(last);
    assert.equal(ownRelation(last, byId), own);
  });
}
