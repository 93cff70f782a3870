/** A measured value. */
export interface Point {
  /** In milliseconds. */
  readonly at: number;
  readonly value: number;
  readonly isFailed?: boolean;
  readonly href?: string;
}

/** In order of time, without what is no number. */
export function cleaned(points: readonly Point[]): Point[] {
  return points
    .filter(({ at, value }) => Number.isFinite(at) && Number.isFinite(value))
    .sort((one, other) => one.at - other.at);
}

/**
 * As few of the points as show the same line: of each of so many equal spans of time the first, the last, the lowest, the highest and
 * the first failure. They must be in order.
 */
export function thinned(points: readonly Point[], spans: number): readonly Point[] {
  const [first] = points;
  const last = points.at(-1);
  if (!first || !last || points.length <= spans * KEPT_PER_SPAN) return points;
  const length = (last.at - first.at) / spans || 1;
  const bySpan = Map.groupBy(points, ({ at }) => Math.floor((at - first.at) / length));
  return [...bySpan.values()].flatMap(extremesOf);
}

const KEPT_PER_SPAN = 5;

function extremesOf(span: readonly Point[]): Point[] {
  const lowest = span.reduce((one, other) => (other.value < one.value ? other : one));
  const highest = span.reduce((one, other) => (other.value > one.value ? other : one));
  const kept = [span[0], lowest, highest, span.find(({ isFailed }) => isFailed), span.at(-1)];
  return span.filter((point) => kept.includes(point));
}
