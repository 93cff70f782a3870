import assert from 'node:assert/strict';
import { test } from 'node:test';
import { benchmark } from '../../bench/report-server.ts';

test('the benchmark of the report server runs', { timeout: 60_000 }, async () => {
  const { reports, alone, mixed, plain, ...figures } = await benchmark(30, 3, 4);
  assert.deepEqual([reports, plain.requests], [30, 4]);
  assert.ok(Object.keys(mixed).length > Object.keys(alone).length && Object.keys(alone).length > 10);
  for (const { requests, p50, p99 } of [
    ...Object.values(alone),
    ...Object.values(mixed),
    { ...plain, requests: 3 },
  ])
    assert.ok(requests === 3 && p50 > 0 && p99 >= p50);
  for (const figure of Object.values(figures)) assert.ok(figure > 0);
});
