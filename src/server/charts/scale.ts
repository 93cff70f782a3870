import { scaleLinear } from 'd3-scale';

/** Where a value lies, in percent. */
export type Scale = (value: number) => number;

/** Maps values from `low` to `high` to percentages; where both are equal, to the middle. */
export function percentScale(low: number, high: number, range: readonly [number, number]): Scale {
  return scaleLinear([low, high], range).clamp(true);
}

/** As SVG takes it. */
export function percent(value: number): string {
  return `${Math.round(value * 100) / 100}%`;
}
