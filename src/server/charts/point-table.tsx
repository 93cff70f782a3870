import type { LineChartProps } from './line-chart.tsx';
import { word } from './words.ts';

type PointTableProps = Pick<LineChartProps, 'title' | 'points' | 'formatValue' | 'formatTime' | 'language'>;

const MOST_ROWS = 100;

/** The points of a chart, which must be in order, the newest first: for whoever cannot see it or wants to know exactly. */
export function PointTable({ title, points, formatValue, formatTime, language }: PointTableProps) {
  const rows = points.slice(-MOST_ROWS).reverse();
  const left = points.length - rows.length;
  return (
    <details class="chart-table">
      <summary>
        {word('asTable', language)} <span class="chart-unseen">{title}</span>
      </summary>
      <table>
        <thead>
          <tr>
            <th scope="col">{word('time', language)}</th>
            <th scope="col">{word('value', language)}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ at, value, isFailed, href }) => (
            <tr>
              <td>{href === undefined ? formatTime(at) : <a href={href}>{formatTime(at)}</a>}</td>
              <td>
                {formatValue(value)}
                {isFailed && ` (${word('failed', language)})`}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {left > 0 && <p>{word('more', language, { count: left })}</p>}
    </details>
  );
}
