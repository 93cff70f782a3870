import type { Point } from './series.ts';

/** A dot, or a cross for a failure: by its shape and not by its colour alone. */
export function PointMark({
  point,
  isStop,
  name,
  x,
  y,
}: {
  readonly point: Point;
  /** Of the keyboard: the table has all of them. */
  readonly isStop: boolean;
  readonly name: string;
  readonly x: string;
  readonly y: string;
}) {
  const sign = (
    <>
      <title>{name}</title>
      <circle class="chart-target" cx={x} cy={y} r="0.75em" />
      {point.isFailed ? (
        <svg class="chart-cross" x={x} y={y} overflow="visible" aria-hidden="true">
          <path d="M-4-4 4 4M-4 4 4-4" />
        </svg>
      ) : (
        <circle class="chart-dot" cx={x} cy={y} r="0.2em" />
      )}
    </>
  );
  if (point.href === undefined) return <g>{sign}</g>;
  return (
    <a href={point.href} aria-label={name} {...(!isStop && { tabindex: -1 })}>
      {sign}
    </a>
  );
}
