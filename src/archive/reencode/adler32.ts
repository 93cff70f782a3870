/** The largest prime below 65536, and how many bytes may be added before the sums must be reduced (RFC 1950, section 8.2; zlib's adler32.c). */
const BASE = 65_521;
const MOST_BYTES = 3_800;

/** The checksum of a zlib stream's content (RFC 1950). */
export function adler32(bytes: Uint8Array): number {
  let [low, high] = [1, 0];
  for (let index = 0; index < bytes.length; ) {
    const end = Math.min(index + MOST_BYTES, bytes.length);
    for (; index < end; index += 1) {
      low += bytes[index] ?? 0;
      high += low;
    }
    low %= BASE;
    high %= BASE;
  }
  return join(low, high);
}

/** The checksum of two contents one behind the other, of which the second one has so many bytes (as zlib's adler32_combine). */
export function combineAdler32(first: number, second: number, secondBytes: number): number {
  const [firstLow, secondLow] = [first & 0xffff, second & 0xffff];
  const low = firstLow + secondLow - 1 + BASE;
  // Each byte of the second content adds the first one's sum, less the 1 that its own began with.
  const high = (first >>> 16) + (second >>> 16) + (secondBytes % BASE) * (firstLow - 1 + BASE);
  return join(low % BASE, high % BASE);
}

function join(low: number, high: number): number {
  return ((high << 16) | low) >>> 0;
}
