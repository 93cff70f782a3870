import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compressArgument, neededClientMajor, parseCompression } from '../../src/config/compression.ts';

const ARGUMENTS: readonly (readonly [written: string, before16: string, from16: string])[] = [
  ['0', '0', '0'],
  ['6', '6', 'gzip:6'],
  ['9', '9', 'gzip:9'],
  ['gzip', '6', 'gzip'],
  ['gzip:1', '1', 'gzip:1'],
];
for (const [written, before16, from16] of ARGUMENTS) {
  test(`BACKUP_COMPRESS=${written} is told to each client in the words that it knows`, () => {
    const compression = parseCompression(written);
    assert.equal(neededClientMajor(compression), 0);
    assert.equal(compressArgument(compression, 15), before16);
    assert.equal(compressArgument(compression, 16), from16);
    assert.equal(compressArgument(compression, 18), from16);
  });
}

test('lz4 and zstd need a client of major 16', () => {
  for (const written of ['lz4', 'lz4:9', 'zstd', 'zstd:19']) {
    const compression = parseCompression(written);
    assert.equal(neededClientMajor(compression), 16);
    assert.equal(compressArgument(compression, 17), written);
  }
});
