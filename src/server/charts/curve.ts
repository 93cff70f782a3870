import { area, line } from 'd3-shape';

/** In percent of the drawing, from its upper left corner. */
export type Place = readonly [x: number, y: number];

/** The data of an SVG path through the places. */
export function linePath(places: readonly Place[]): string {
  return line<Place>().digits(DIGITS)([...places]) ?? '';
}

/** The same, closed along a level line below. */
export function areaPath(places: readonly Place[], floor: number): string {
  return (
    area<Place>()
      .y0(floor)
      .y1(([, y]) => y)
      .digits(DIGITS)([...places]) ?? ''
  );
}

const DIGITS = 2;
