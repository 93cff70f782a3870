/** From `start` up to `end`, which is not in it. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Ranges that are in order and apart, and one more: merged where they touch. */
export function withRange(ranges: readonly ByteRange[], added: ByteRange): ByteRange[] {
  const isApart = ({ start, end }: ByteRange): boolean => end < added.start || start > added.end;
  const touching = [added, ...ranges.filter((range) => !isApart(range))];
  const merged = {
    start: Math.min(...touching.map(({ start }) => start)),
    end: Math.max(...touching.map(({ end }) => end)),
  };
  return [...ranges.filter(isApart), merged].sort((a, b) => a.start - b.start);
}

/** What the ranges leave out of the first `sizeBytes`, in pieces of at most `pieceBytes`. */
export function* gapsBetween(
  ranges: readonly ByteRange[],
  sizeBytes: number,
  pieceBytes: number,
): Generator<ByteRange, void> {
  let at = 0;
  for (const { start, end } of [...ranges, { start: sizeBytes, end: sizeBytes }]) {
    for (; at < start; at += pieceBytes) yield { start: at, end: Math.min(at + pieceBytes, start) };
    at = end;
  }
}

/** The bytes in all of them. */
export function bytesIn(ranges: readonly ByteRange[]): number {
  return ranges.reduce((sum, { start, end }) => sum + end - start, 0);
}

/** Whether they are in order, apart, not empty, and within the first `sizeBytes`. */
export function areSound(ranges: readonly ByteRange[], sizeBytes: number): boolean {
  const isSound = ({ start, end }: ByteRange, index: number): boolean =>
    start < end && end <= sizeBytes && start > (ranges[index - 1]?.end ?? -1);
  return ranges.every(isSound);
}
