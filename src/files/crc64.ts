import { crc64 } from 'crc64-ecma182.js';

/** crc64-ecma182.js aborts on buffers of 32 MB. */
const BLOCK_BYTES = 1024 * 1024;
/** The polynomial of ECMA-182, its lowest power first, without the highest. */
const POLYNOMIAL = 0xc96c5795d7870f42n;
const HIGHEST_BIT = 1n << 63n;

/** The CRC-64/ECMA-182, as OSS counts it, in decimal, of what was counted before (`'0'` at first) and `bytes` after it. */
export function extendCrc64(before: string, bytes: Buffer): string {
  let crc = before;
  for (let offset = 0; offset < bytes.length; offset += BLOCK_BYTES) {
    crc = crc64(bytes.subarray(offset, offset + BLOCK_BYTES), crc);
  }
  return crc;
}

/** The CRC-64 of two pieces of which each was counted by itself; the second one has `secondBytes`. The way of zlib's crc32_combine. */
export function combineCrc64(first: string, second: string, secondBytes: number): string {
  return String(multiply(BigInt(first), powerOfX(8n * BigInt(secondBytes))) ^ BigInt(second));
}

/** Polynomials modulo that of the CRC; their highest bit is the power 0. */
function multiply(a: bigint, b: bigint): bigint {
  let product = 0n;
  let shifted = b;
  for (let bit = HIGHEST_BIT; bit > 0n; bit >>= 1n) {
    if (a & bit) product ^= shifted;
    shifted = shifted & 1n ? (shifted >> 1n) ^ POLYNOMIAL : shifted >> 1n;
  }
  return product;
}

function powerOfX(exponent: bigint): bigint {
  let power = HIGHEST_BIT;
  let square = HIGHEST_BIT >> 1n;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) power = multiply(power, square);
    square = multiply(square, square);
  }
  return power;
}
