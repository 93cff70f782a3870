import type { Language } from '../../language.ts';
import { areaPath, linePath, type Place } from './curve.ts';
import { roundLevels } from './levels.ts';
import { PointMark } from './point-mark.tsx';
import { PointTable } from './point-table.tsx';
import { percent, percentScale, type Scale } from './scale.ts';
import { cleaned, type Point, thinned } from './series.ts';
import { word } from './words.ts';

export interface LineChartProps {
  readonly title: string;
  /** What there is to see, in a sentence. */
  readonly summary: string;
  readonly points: readonly Point[];
  readonly formatValue: (value: number) => string;
  /** Of a time in milliseconds; short. */
  readonly formatTime: (at: number) => string;
  readonly language: Language;
}

/** In percent: texts keep their size while the drawing takes whatever room there is. The levels are named at the left. */
const ACROSS = [14, 98] as const;
const FLOOR = 84;
const UPWARDS = [FLOOR, 12] as const;
const TIMES_AT = '97%';
const SPANS = 120;
/** A line that never leaves the floor still needs a height. */
const ALL_ZERO = Number.MIN_VALUE;
/** More would hide the line. */
const MOST_MARKS = 40;
/** What the summary and the table tell as well. */
const UNHEARD = { 'aria-hidden': 'true' } as const;

/** Values over time from zero up, failures marked by a cross, with all of it as a table below. */
export function LineChart(props: LineChartProps) {
  const { title, summary, language } = props;
  const points = cleaned(props.points);
  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-title">{title}</span> <span class="chart-summary">{summary}</span>
      </figcaption>
      {points.length === 0 ? (
        <p class="chart-nothing">{word('nothing', language)}</p>
      ) : (
        <>
          <Drawing {...props} points={points} />
          <PointTable {...props} points={points} />
        </>
      )}
    </figure>
  );
}

function Drawing({ title, summary, points, formatValue, formatTime, language }: LineChartProps) {
  const shown = thinned(points, SPANS);
  const values = shown.map(({ value }) => value);
  const across = percentScale(shown[0]?.at ?? 0, shown.at(-1)?.at ?? 0, ACROSS);
  const highest = Math.max(0, ...values);
  const lowest = Math.min(0, ...values);
  const levels = highest > lowest ? roundLevels(lowest, highest, formatValue) : [0];
  const upwards = percentScale(levels[0] ?? 0, Math.max(levels.at(-1) ?? 0, ALL_ZERO), UPWARDS);
  const places = shown.map(({ at, value }): Place => [across(at), upwards(value)]);
  const marked = marksOf(shown);
  const hasLinks = marked.some(({ href }) => href !== undefined);
  const nameOf = (point: Point): string =>
    [
      formatTime(point.at),
      formatValue(point.value),
      ...(point.isFailed ? [word('failed', language)] : []),
    ].join(' · ');
  return (
    <svg class="chart-drawing" role={hasLinks ? 'group' : 'img'} aria-label={title}>
      <desc>{summary}</desc>
      <g {...UNHEARD}>
        {levels.map((level) => (
          <line
            class="chart-level"
            x1="0"
            x2="100%"
            y1={percent(upwards(level))}
            y2={percent(upwards(level))}
          />
        ))}
        <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
          <path class="chart-area" d={areaPath(places, upwards(0))} />
          <path class="chart-line" d={linePath(places)} />
        </svg>
        {levels.map((level) => (
          <text class="chart-label" x="0" y={percent(upwards(level))} dy="-0.3em">
            {formatValue(level)}
          </text>
        ))}
        <Times points={shown} scale={across} formatTime={formatTime} />
        {shown.map((point) => (
          <circle
            class="chart-hit"
            cx={percent(across(point.at))}
            cy={percent(upwards(point.value))}
            r="0.6em"
          >
            <title>{nameOf(point)}</title>
          </circle>
        ))}
      </g>
      {marked.map((point) => (
        <PointMark
          point={point}
          isStop={point.isFailed === true || point === marked.at(-1)}
          name={nameOf(point)}
          x={percent(across(point.at))}
          y={percent(upwards(point.value))}
        />
      ))}
    </svg>
  );
}

function marksOf(points: readonly Point[]): readonly Point[] {
  if (points.length <= MOST_MARKS) return points;
  const failed = points.filter(({ isFailed }) => isFailed);
  const last = points.at(-1);
  const newest = failed.slice(-MOST_MARKS);
  return last && !newest.includes(last) ? [...newest, last] : newest;
}

/** When it begins and ends, and where there is room for it the middle. */
function Times({
  points,
  scale,
  formatTime,
}: {
  readonly points: readonly Point[];
  readonly scale: Scale;
  readonly formatTime: (at: number) => string;
}) {
  const first = points[0]?.at ?? 0;
  const last = points.at(-1)?.at ?? 0;
  if (first === last)
    return (
      <text class="chart-label" x={percent(scale(first))} y={TIMES_AT} text-anchor="middle">
        {formatTime(first)}
      </text>
    );
  return (
    <>
      <text class="chart-label" x={percent(scale(first))} y={TIMES_AT}>
        {formatTime(first)}
      </text>
      <text
        class="chart-label chart-label-middle"
        x={percent((scale(first) + scale(last)) / 2)}
        y={TIMES_AT}
        text-anchor="middle"
      >
        {formatTime((first + last) / 2)}
      </text>
      <text class="chart-label" x="100%" y={TIMES_AT} text-anchor="end">
        {formatTime(last)}
      </text>
    </>
  );
}
