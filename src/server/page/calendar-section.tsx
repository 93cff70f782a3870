import { Calendar } from '../charts/calendar.tsx';
import type { DatabaseOverview } from '../overview/database-overview.ts';
import { DatabaseChoice } from './database-choice.tsx';
import { daysOfWeeks } from './days.ts';
import { dayText } from './figures.ts';
import { countDays, type DayCount } from './history.ts';
import { nameOf } from './names.ts';
import type { OverviewPageProps } from './overview-page.tsx';
import { addressOf, type PageContext } from './page-context.ts';
import { Section } from './parts.tsx';

const WEEKS = 12;

interface CalendarSectionProps extends OverviewPageProps {
  readonly chosen: DatabaseOverview | undefined;
}

/** What each of the last days brought. */
export function CalendarSection({ page, site, overview, keep, chosen }: CalendarSectionProps) {
  const zone = chosen ? page.zoneOf(chosen.context) : page.zone;
  const name = chosen && page.say(nameOf(chosen));
  const today = dayText(page.now, zone);
  const counts = keep(overview, `days ${today} ${chosen ? overview.databases.indexOf(chosen) : ''}`, () =>
    countDays(site.followed.index, daysOfWeeks(page.now, zone, WEEKS), zone, chosen),
  );
  // Of the days before the first run nothing was to be expected.
  const first = counts.findIndex(({ good, failed }) => good + failed > 0);
  const days = counts.slice(Math.max(0, first)).map((count) => {
    const { date, good, failed } = count;
    const parameters = { target: chosen?.context.target, database: chosen?.database, from: date, to: date };
    const href = addressOf(page, ['runs'], parameters);
    return {
      date,
      state: stateOf(count, today),
      text: textOf(count, page),
      ...(good + failed > 0 && { href }),
    };
  });
  return (
    <Section
      id="calendar"
      title={page.say(TITLE, { weeks: WEEKS })}
      beside={
        <DatabaseChoice
          page={page}
          overview={overview}
          id="calendar-database"
          chosen={name}
          all={page.say(ALL)}
        />
      }
    >
      <Calendar title={name ?? page.say(ALL)} days={days} language={page.language} />
    </Section>
  );
}

function stateOf(
  { date, good, failed }: DayCount,
  today: string,
): 'good' | 'failed' | 'mixed' | 'none' | 'future' {
  if (good + failed === 0) return date >= today ? 'future' : 'none';
  if (failed === 0) return 'good';
  return good === 0 ? 'failed' : 'mixed';
}

function textOf({ good, failed }: DayCount, { say }: PageContext): string {
  if (good + failed === 0) return say(NOTHING);
  return say(failed === 0 ? GOOD : BOTH, { good, failed });
}

const TITLE = { en: 'The last {weeks} weeks', zh: '最近 {weeks} 周' };
const ALL = { en: 'All databases', zh: '所有库' };
const NOTHING = { en: 'no run', zh: '无运行' };
const GOOD = { en: '{good} good', zh: '成功 {good} 次' };
const BOTH = { en: '{good} good, {failed} failed', zh: '成功 {good} 次，失败 {failed} 次' };
