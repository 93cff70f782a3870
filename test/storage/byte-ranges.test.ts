import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { areSound, type ByteRange, bytesIn, gapsBetween, withRange } from '../../src/storage/byte-ranges.ts';

const SIZE_BYTES = 60;
const range = fc
  .tuple(fc.nat({ max: SIZE_BYTES - 1 }), fc.integer({ min: 1, max: 12 }))
  .map(([start, length]) => ({ start, end: Math.min(start + length, SIZE_BYTES) }));

test('ranges and the gaps between them are together every byte, once', () => {
  fc.assert(
    fc.property(fc.array(range), fc.integer({ min: 1, max: 70 }), (added, pieceBytes) => {
      const ranges = added.reduce<readonly ByteRange[]>(withRange, []);
      const gaps = [...gapsBetween(ranges, SIZE_BYTES, pieceBytes)];
      assert.ok(areSound(ranges, SIZE_BYTES));
      assert.ok(gaps.every(({ start, end }) => start < end && end - start <= pieceBytes));
      for (let byte = 0; byte < SIZE_BYTES; byte += 1) {
        const holdsByte = ({ start, end }: ByteRange): boolean => start <= byte && byte < end;
        const isThere = added.some(holdsByte);
        assert.equal(ranges.filter(holdsByte).length, isThere ? 1 : 0);
        assert.equal(gaps.filter(holdsByte).length, isThere ? 0 : 1);
      }
      assert.equal(bytesIn(ranges) + bytesIn(gaps), SIZE_BYTES);
    }),
  );
});

test('ranges that touch become one', () => {
  const ranges = [
    { start: 0, end: 4 },
    { start: 8, end: 12 },
  ];
  assert.deepEqual(withRange(ranges, { start: 4, end: 8 }), [{ start: 0, end: 12 }]);
});

test('ranges that overlap, are empty, out of order or outside are not sound', () => {
  assert.ok(areSound([], 0));
  assert.ok(
    areSound(
      [
        { start: 0, end: 4 },
        { start: 5, end: 8 },
      ],
      8,
    ),
  );
  for (const [[firstStart, firstEnd], [secondStart, secondEnd]] of [
    [[0, 4] as const, [3, 8] as const],
    [[0, 4] as const, [4, 4] as const],
    [[4, 8] as const, [0, 3] as const],
    [[0, 4] as const, [5, 9] as const],
  ] as const) {
    const ranges = [
      { start: firstStart, end: firstEnd },
      { start: secondStart, end: secondEnd },
    ];
    assert.ok(!areSound(ranges, 8), JSON.stringify(ranges));
  }
});
