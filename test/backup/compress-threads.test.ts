import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compressThreads } from '../../src/backup/compress-threads.ts';

test('each database gets its share of the cores, one thread at least and eight at most', () => {
  const threads = [
    [1, 1],
    [2, 1],
    [8, 1],
    [64, 1],
    [8, 3],
    [2, 5],
    [64, 4],
  ].map(([cores = 0, databases = 0]) => compressThreads(cores, databases));
  assert.deepEqual(threads, [1, 2, 8, 8, 3, 1, 8]);
});
