import { crc64 } from 'crc64-ecma182.js';

/** crc64-ecma182.js aborts on buffers of 32 MB. */
const BLOCK_BYTES = 1024 * 1024;

/** The CRC-64/ECMA-182, as OSS counts it, in decimal, of what was counted before (`'0'` at first) and `bytes` after it. */
export function extendCrc64(before: string, bytes: Buffer): string {
  let crc = before;
  for (let offset = 0; offset < bytes.length; offset += BLOCK_BYTES) {
    crc = crc64(bytes.subarray(offset, offset + BLOCK_BYTES), crc);
  }
  return crc;
}
