import { LineChart } from '../charts/line-chart.tsx';
import type { DatabaseOverview } from '../overview/database-overview.ts';
import { runNameOf } from '../run-index/run-index.ts';
import { isGood } from '../run-index/views.ts';
import { DatabaseChoice } from './database-choice.tsx';
import { bytesText, secondsText, timeText } from './figures.ts';
import { historyOf } from './history.ts';
import { nameOf } from './names.ts';
import type { OverviewPageProps } from './overview-page.tsx';
import { addressOf, type PageContext } from './page-context.ts';
import { Name, Section } from './parts.tsx';
import { sizeOf } from './run-size.ts';

/** More charts would be no look any more: whoever wants another database chooses it. */
const MOST_AT_ONCE = 3;

interface ChartsSectionProps extends OverviewPageProps {
  readonly chosen: DatabaseOverview | undefined;
}

/** How size, duration and recovery time went, run by run. */
export function ChartsSection({ page, site, overview, keep, chosen }: ChartsSectionProps) {
  const withRuns = overview.databases.filter(({ runs }) => runs > 0);
  const shown = chosen ? [chosen] : withRuns.slice(0, MOST_AT_ONCE);
  if (shown.length === 0) return null;
  const rest = chosen ? 0 : withRuns.length - shown.length;
  return (
    <Section
      id="charts"
      title={page.say(TITLE)}
      beside={
        <DatabaseChoice
          {...{ page, overview }}
          id="charts-database"
          chosen={chosen && page.say(nameOf(chosen))}
          all={page.say(FIRST, { count: Math.min(MOST_AT_ONCE, withRuns.length) })}
        />
      }
    >
      {shown.map((one) => {
        const history = keep(overview, `history ${overview.databases.indexOf(one)}`, () =>
          historyOf(one, site.followed.index, overview.at),
        );
        return <Charts page={page} one={one} history={history} />;
      })}
      {rest > 0 && <p class="quiet">{page.say(MORE, { count: rest })}</p>}
    </Section>
  );
}

interface ChartsProps {
  readonly page: PageContext;
  readonly one: DatabaseOverview;
  readonly history: ReturnType<typeof historyOf>;
}

interface Measured {
  readonly at: number;
  readonly value: number;
  readonly isFailed: boolean;
  readonly href: string;
}

function Charts({ page, one, history }: ChartsProps) {
  const { say, language } = page;
  const { target } = one.context;
  const zone = page.zoneOf(one.context);
  const hrefOf = (run: string): string => addressOf(page, ['runs', run], { target });
  const sizes = history.runs.flatMap((run): Measured[] => {
    const value = sizeOf(run);
    if (value === null || !isGood(run)) return [];
    return [{ at: run.startedAt, value, isFailed: false, href: hrefOf(runNameOf(run)) }];
  });
  const durations = history.runs.flatMap((run): Measured[] => {
    const value = run.record?.durationSeconds ?? run.report?.durationSeconds ?? null;
    if (value === null) return [];
    return [{ at: run.startedAt, value, isFailed: !isGood(run), href: hrefOf(runNameOf(run)) }];
  });
  const recoveries = history.drills.flatMap((drill): Measured[] => {
    const { recoverySeconds: value, outcome } = drill;
    const isFailed = outcome === 'failed' || outcome === 'different';
    return value === null
      ? []
      : [{ at: Date.parse(drill.startedAt), value, isFailed, href: hrefOf(drill.run) }];
  });
  const seconds = (value: number): string => secondsText(value, language);
  const formatTime = (at: number): string => timeText(new Date(at), zone).slice('2027-'.length);
  const chart = (title: string, points: readonly Measured[], formatValue: (value: number) => string) => (
    <LineChart
      {...{ title, points, formatValue, formatTime, language }}
      summary={summaryOf(points, formatValue, page)}
    />
  );
  return (
    <div class="charts-of">
      <h3>
        <Name>{say(nameOf(one))}</Name>
      </h3>
      <div class="charts">
        {chart(say(SIZE), sizes, bytesText)}
        {chart(say(DURATION), durations, seconds)}
        {chart(say(RECOVERY), recoveries, seconds)}
      </div>
    </div>
  );
}

function summaryOf(
  points: readonly Measured[],
  formatValue: (value: number) => string,
  { say }: PageContext,
): string {
  const values = points.map(({ value }) => value);
  const last = values.at(-1);
  if (last === undefined) return '';
  const [low, high] = [formatValue(Math.min(...values)), formatValue(Math.max(...values))];
  return say(low === high ? STEADY : RANGE, { last: formatValue(last), low, high });
}

const TITLE = { en: 'How it develops', zh: '变化趋势' };
const FIRST = { en: 'The first {count}', zh: '前 {count} 个' };
const MORE = {
  en: '{count} more databases have charts: choose one above.',
  zh: '另有 {count} 个库，请在上方选择。',
};
const SIZE = { en: 'Size', zh: '大小' };
const DURATION = { en: 'Duration', zh: '用时' };
const RECOVERY = { en: 'Recovery time', zh: '恢复耗时' };
const STEADY = { en: '{last}', zh: '{last}' };
const RANGE = { en: '{last}; from {low} to {high}', zh: '{last}；范围 {low} 至 {high}' };
