import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isExcluded } from '../../src/backup/databases.ts';

test('a star in an excluded name stands for any text, and nothing else is special', () => {
  const excluded = (name: string, ...patterns: string[]) =>
    isExcluded(name, { PG_EXCLUDE_DATABASES: patterns });
  for (const [pattern, names] of Object.entries({
    'test_*': ['test_', 'test_a', 'test_a\nb', 'test_数据'],
    '*_old': ['x_old', '_old'],
    'a*b*c': ['abc', 'a..b..c'],
    'shop.de': ['shop.de'],
    '(x|y)+': ['(x|y)+'],
    '*': ['', 'anything'],
  })) {
    for (const name of names) assert.ok(excluded(name, pattern), `${pattern}: ${name}`);
  }
  for (const [pattern, names] of Object.entries({
    'test_*': ['TEST_a', 'my_test_a'],
    'shop.de': ['shopxde', 'shop.de2', 'my shop.de'],
    '(x|y)+': ['x', 'xy'],
    'a*b*c': ['acb', 'abcd'],
  })) {
    for (const name of names) assert.ok(!excluded(name, pattern), `${pattern}: ${name}`);
  }
  assert.ok(!excluded('anything'));
  assert.ok(excluded('b', 'a', 'b'));
});
