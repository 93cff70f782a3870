/** A range of a file that is sent as one part. Numbers begin with 1. */
export interface Part {
  readonly number: number;
  readonly offset: number;
  readonly sizeBytes: number;
}

const MEBIBYTE = 1024 ** 2;
/** OSS takes at most so many parts, and of 100 KB to 5 GB each (UploadPart, CompleteMultipartUpload). */
const MAXIMUM_PARTS = 10_000;
const LARGEST_PART_BYTES = 5120 * MEBIBYTE;
const PARTS_OF_ONE_SIZE = 100;

export const FIRST_PART_BYTES = 8 * MEBIBYTE;

/** What an object of OSS can hold; all parts together have room for 49.1 TB. */
export const LARGEST_FILE_BYTES = 48.8e12;

/**
 * The parts of a file of that size; endless files (`Infinity`) have full parts only. Where a part lies follows from its number alone, so that a
 * file can be sent before its size is known: the size doubles every 100 parts, which is about 1% of what lies before, up to 5 GiB.
 */
export function* partsOf(fileSizeBytes: number): Generator<Part, void> {
  let offset = 0;
  for (let number = 1; number <= MAXIMUM_PARTS && offset < fileSizeBytes; number += 1) {
    const sizeBytes = Math.min(fullSizeBytes(number), fileSizeBytes - offset);
    yield { number, offset, sizeBytes };
    offset += sizeBytes;
  }
}

function fullSizeBytes(number: number): number {
  const doublings = Math.floor((number - 1) / PARTS_OF_ONE_SIZE);
  return Math.min(FIRST_PART_BYTES * 2 ** doublings, LARGEST_PART_BYTES);
}
