import assert from 'node:assert/strict';
import { test } from 'node:test';
import { benchmark } from '../../bench/report-server.ts';

test('the benchmark of the report server runs', { timeout: 60_000 }, async () => {
  const { reports, ours, plain, residentMegabytes, firstAnswerMilliseconds } = await benchmark(30, 20, 3);
  assert.deepEqual([reports, ours.requests, plain.requests], [30, 20, 3]);
  for (const figure of [ours.p50, plain.p50, residentMegabytes, firstAnswerMilliseconds])
    assert.ok(figure > 0);
});
