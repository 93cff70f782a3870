import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { describe, test } from 'node:test';
import { inflateRawSync } from 'node:zlib';
import type { Segment } from '../../../src/archive/reencode/batch.ts';
import { deflate } from '../../../src/archive/reencode/deflate.ts';

const INPUT_BYTES = 512 * 1024;

describe('contents that are compressed in one go', () => {
  test('take little more memory than they have, however many items they are', () => {
    // First of all: garbage of other tests that goes meanwhile would make up for it.
    const input = randomInput();
    const segments = itemsOf(2000);
    const before = process.memoryUsage().arrayBuffers;
    const deflated = deflate({ input, level: 1, segments });
    const takenBytes = process.memoryUsage().arrayBuffers - before;
    assert.ok(deflated.output.length > INPUT_BYTES * 0.99);
    assert.ok(takenBytes < 4 * INPUT_BYTES, `${takenBytes} bytes`);
  });

  for (const itemBytes of [0, 100, 1024, 1025, 2000, 16_384, 65_535, 100_000, INPUT_BYTES]) {
    test(`are what they were, where nothing in them can be made smaller: items of ${itemBytes} bytes`, () => {
      const input = randomInput();
      const segments = itemsOf(itemBytes);
      const deflated = deflate({ input, level: 9, segments });
      let end = 0;
      for (const [index, { start, length }] of segments.entries()) {
        const from = end;
        end += deflated.segments[index]?.deflatedBytes ?? 0;
        const content = inflateRawSync(deflated.output.subarray(from, end));
        assert.ok(content.equals(new Uint8Array(input, start, length)), `item ${index}`);
      }
    });
  }
});

function randomInput(): SharedArrayBuffer {
  const input = new SharedArrayBuffer(INPUT_BYTES);
  randomFillSync(new Uint8Array(input));
  return input;
}

/** As many as the input holds, and a few where they are empty. */
function itemsOf(length: number): Segment[] {
  const count = length === 0 ? 3 : Math.floor(INPUT_BYTES / length);
  const whole = { dictionaryBytes: 0, begins: true, ends: true, endsCopy: false };
  return Array.from({ length: count }, (_, index) => ({ ...whole, start: index * length, length }));
}
