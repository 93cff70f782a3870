import type { Language } from '../../language.ts';
import { DAY_STATES, DaySign, type DayState } from './day-sign.tsx';
import { placeOfDay } from './weeks.ts';
import { word } from './words.ts';

export interface CalendarDay {
  /** `YYYY-MM-DD`. */
  readonly date: string;
  readonly state: DayState;
  readonly text: string;
  readonly href?: string;
}

export interface CalendarProps {
  readonly title: string;
  readonly days: readonly CalendarDay[];
  readonly language: Language;
}

interface PlacedDay extends CalendarDay {
  readonly column: number;
  readonly row: number;
}

/** In units of the drawing. */
const STEP = 16;
const LEFT = 26;
const TOP = 14;
const ROWS = 7;
/** Up to so many weeks it fits a phone; longer ones are moved sideways there. */
const NARROW = 15;
const MEDIUM = 30;
const NAMED_ROWS = [0, 2, 4];
const MONDAY = Date.UTC(2024, 0, 1);
const DAY = 24 * 60 * 60 * 1000;
const UNHEARD = { 'aria-hidden': 'true' } as const;
/** The name of a month needs the room of so many weeks. */
const MONTH_COLUMNS = 2;

/** One square for each day, with a sign for what happened; the weeks are the columns, from Monday on. */
export function Calendar({ title, days, language }: CalendarProps) {
  const placed = placeDays(days);
  return (
    <figure class="chart calendar">
      <figcaption>
        <span class="chart-title">{title}</span>
      </figcaption>
      {placed.length === 0 ? (
        <p class="chart-nothing">{word('nothing', language)}</p>
      ) : (
        <>
          <Sheet title={title} days={placed} language={language} />
          <Legend language={language} />
        </>
      )}
    </figure>
  );
}

function placeDays(days: readonly CalendarDay[]): PlacedDay[] {
  const sorted = [...days].sort((one, other) => (one.date < other.date ? -1 : 1));
  const first = sorted[0]?.date ?? '';
  return sorted.flatMap((day) => {
    const place = placeOfDay(day.date, first);
    return place ? [{ ...day, ...place }] : [];
  });
}

function Sheet({
  title,
  days,
  language,
}: {
  readonly title: string;
  readonly days: readonly PlacedDay[];
  readonly language: Language;
}) {
  const columns = (days.at(-1)?.column ?? 0) + 1;
  const width = LEFT + Math.max(columns, MONTH_COLUMNS) * STEP;
  const height = TOP + ROWS * STEP;
  const hasLinks = days.some(({ href }) => href !== undefined);
  const isLong = columns > NARROW;
  const extent = columns <= NARROW ? 'narrow' : columns <= MEDIUM ? 'medium' : 'wide';
  return (
    <div
      class={`calendar-sheet calendar-${extent}`}
      {...(isLong && { tabindex: 0, role: 'group', 'aria-label': title })}
    >
      <svg viewBox={`0 0 ${width} ${height}`} role={hasLinks ? 'group' : 'img'} aria-label={title}>
        <desc>{countsText(days, language)}</desc>
        <g {...UNHEARD}>
          <MonthNames days={days} language={language} />
          {NAMED_ROWS.map((row) => (
            <text class="calendar-label" x="0" y={TOP + row * STEP + STEP * 0.7}>
              {nameOfTime(MONDAY + row * DAY, { weekday: 'short' }, language)}
            </text>
          ))}
        </g>
        {days.map((day) => (
          <Day day={day} language={language} />
        ))}
      </svg>
    </div>
  );
}

/** A link each; the keyboard stops only at those where something failed, as a year of stops is no way. */
function Day({ day, language }: { readonly day: PlacedDay; readonly language: Language }) {
  const name = word('ofDay', language, { date: day.date, text: day.text });
  const place = `translate(${LEFT + day.column * STEP} ${TOP + day.row * STEP})`;
  const square = (
    <>
      <title>{name}</title>
      <DaySign state={day.state} />
    </>
  );
  if (day.href === undefined)
    return (
      <g transform={place} {...(day.state === 'future' && UNHEARD)}>
        {square}
      </g>
    );
  const isStop = day.state === 'failed' || day.state === 'mixed';
  return (
    <g transform={place}>
      <a href={day.href} aria-label={name} {...(!isStop && { tabindex: -1 })}>
        {square}
      </a>
    </g>
  );
}

function MonthNames({
  days,
  language,
}: {
  readonly days: readonly PlacedDay[];
  readonly language: Language;
}) {
  const names: { readonly column: number; readonly month: string; readonly time: number }[] = [];
  for (const { date, column } of days) {
    const month = date.slice(0, 7);
    const before = names.at(-1);
    if (before?.month === month) continue;
    const tooNear = before !== undefined && column - before.column < MONTH_COLUMNS;
    if (tooNear) names.pop();
    names.push({ column, month, time: Date.parse(`${month}-01T00:00:00Z`) });
  }
  return (
    <>
      {names.map(({ column, time }) => (
        <text class="calendar-label" x={LEFT + column * STEP} y={TOP - 5}>
          {nameOfTime(time, { month: 'short' }, language)}
        </text>
      ))}
    </>
  );
}

function Legend({ language }: { readonly language: Language }) {
  return (
    <ul class="calendar-legend">
      {DAY_STATES.map((state) => (
        <li>
          <svg viewBox="0 0 14 14" aria-hidden="true">
            <DaySign state={state} />
          </svg>{' '}
          {word(state, language)}
        </li>
      ))}
    </ul>
  );
}

function countsText(days: readonly CalendarDay[], language: Language): string {
  return DAY_STATES.flatMap((state) => {
    const count = days.filter((day) => day.state === state).length;
    return count > 0 && state !== 'future'
      ? [word('days', language, { state: word(state, language), count })]
      : [];
  }).join(' · ');
}

function nameOfTime(time: number, options: Intl.DateTimeFormatOptions, language: Language): string {
  const locale = language === 'zh' ? 'zh-CN' : 'en-GB';
  return new Intl.DateTimeFormat(locale, { ...options, timeZone: 'UTC' }).format(time);
}
