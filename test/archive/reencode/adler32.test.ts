import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { adler32, combineAdler32 } from '../../../src/archive/reencode/adler32.ts';

const CONTENT = fc.oneof(
  fc.uint8Array({ maxLength: 20_000, size: 'max' }),
  // The largest sums.
  fc.nat(20_000).map((length) => new Uint8Array(length).fill(255)),
);

test('the checksum is the one that zlib writes behind a stream', () => {
  fc.assert(
    fc.property(CONTENT, (content) => {
      assert.equal(adler32(content), deflateSync(content).readUInt32BE(deflateSync(content).length - 4));
    }),
  );
});

test('two checksums make the one of both contents', () => {
  fc.assert(
    fc.property(CONTENT, CONTENT, (first, second) => {
      const both = Buffer.concat([first, second]);
      assert.equal(combineAdler32(adler32(first), adler32(second), second.length), adler32(both));
    }),
  );
});
