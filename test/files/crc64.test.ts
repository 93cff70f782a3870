import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { combineCrc64, extendCrc64 } from '../../src/files/crc64.ts';

test('pieces that were counted by themselves make the checksum of the whole', () => {
  const bytes = randomBytes(70_001);
  const whole = extendCrc64('0', bytes);
  for (const cut of [0, 1, 7, 4096, 70_000, 70_001]) {
    const [first, second] = [bytes.subarray(0, cut), bytes.subarray(cut)];
    const combined = combineCrc64(extendCrc64('0', first), extendCrc64('0', second), second.length);
    assert.equal(combined, whole, `cut at ${cut}`);
  }
  const [a, b] = [bytes.subarray(0, 10), bytes.subarray(10, 20)];
  const swapped = combineCrc64(extendCrc64('0', b), extendCrc64('0', a), a.length);
  assert.notEqual(swapped, extendCrc64('0', bytes.subarray(0, 20)));
});

test('the check value of the catalogue of CRCs comes of pieces, too', () => {
  const [first, second] = ['12345', '6789'].map((text) => extendCrc64('0', Buffer.from(text)));
  // 0x995dc9bbdf1939fa, that of CRC-64/XZ for 123456789.
  assert.equal(combineCrc64(first ?? '', second ?? '', 4), '11051210869376104954');
});
