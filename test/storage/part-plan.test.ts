import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FIRST_PART_BYTES, LARGEST_FILE_BYTES, type Part, partsOf } from '../../src/storage/part-plan.ts';

// The limits of OSS: https://help.aliyun.com/zh/oss/user-guide/multipart-upload
const MAXIMUM_PARTS = 10_000;
const SMALLEST_BYTES = 100 * 1024;
const LARGEST_BYTES = 5 * 1024 ** 3;

/** As many small files as large ones. */
const fileSize = fc
  .tuple(fc.double({ min: 0, max: Math.log2(LARGEST_FILE_BYTES), noNaN: true }), fc.nat({ max: 9 }))
  .map(([power, more]) => Math.min(Math.floor(2 ** power) + more, LARGEST_FILE_BYTES));

test('whatever the size of a file, its parts cover it without a gap, within the limits of OSS', () => {
  fc.assert(
    fc.property(fileSize, (sizeBytes) => {
      const parts = [...partsOf(sizeBytes)];
      assert.ok(parts.length <= MAXIMUM_PARTS);
      let end = 0;
      for (const [index, part] of parts.entries()) {
        assert.equal(part.number, index + 1);
        assert.equal(part.offset, end);
        assert.ok(part.sizeBytes <= LARGEST_BYTES);
        assert.ok(part.sizeBytes >= (index === parts.length - 1 ? 1 : SMALLEST_BYTES));
        end += part.sizeBytes;
      }
      assert.equal(end, sizeBytes);
    }),
    { numRuns: 50, examples: [[LARGEST_FILE_BYTES], [0], [1], [FIRST_PART_BYTES], [FIRST_PART_BYTES + 1]] },
  );
});

test('a part lies where it lies, however large the file becomes', () => {
  const endless: Part[] = [...partsOf(Number.POSITIVE_INFINITY)];
  assert.equal(endless.length, MAXIMUM_PARTS);
  fc.assert(
    fc.property(fileSize, (sizeBytes) => {
      const parts = [...partsOf(sizeBytes)];
      assert.deepEqual(parts.slice(0, -1), endless.slice(0, Math.max(0, parts.length - 1)));
      const last = parts.at(-1);
      assert.equal(last?.offset, last && endless[parts.length - 1]?.offset);
    }),
    { numRuns: 50 },
  );
});

test('a part is small against what lies before it, so that little is sent again after a fault', () => {
  for (const part of partsOf(Number.POSITIVE_INFINITY)) {
    if (part.sizeBytes > FIRST_PART_BYTES)
      assert.ok(part.sizeBytes < part.offset * 0.025, String(part.number));
  }
});
