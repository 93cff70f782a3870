import type { SpaceForecast } from '../../backup/space-forecast.ts';
import type { DatabaseOverview } from '../overview/database-overview.ts';
import type { Overview, VolumeOverview } from '../overview/overview.ts';
import { bytesText } from './figures.ts';
import { withinDays } from './findings.ts';
import type { PageContext } from './page-context.ts';
import { Fact, Name, Section } from './parts.tsx';

/** What the backups take, what is free, and for how long that will do. */
export function StorageSection({
  page,
  overview,
}: {
  readonly page: PageContext;
  readonly overview: Overview;
}) {
  const { databases, volumes } = overview;
  const remoteBytes = databases.reduce((sum, one) => sum + one.remoteBytes, 0);
  return (
    <Section id="storage" title={page.say(TITLE)}>
      <div class="cards">
        {volumes.map((volume, place) => (
          <Volume page={page} volume={volume} usedBytes={usedOf(databases, place)} />
        ))}
        {remoteBytes > 0 && (
          <article class="card" aria-label={page.say(REMOTE)}>
            <h3>{page.say(REMOTE)}</h3>
            <dl class="facts">
              <Fact name={page.say(COPIES)}>{bytesText(remoteBytes)}</Fact>
            </dl>
            <p class="quiet">{page.say(BY_RECORDS)}</p>
          </article>
        )}
      </div>
    </Section>
  );
}

interface VolumeProps {
  readonly page: PageContext;
  readonly volume: VolumeOverview;
  readonly usedBytes: number | undefined;
}

function Volume({ page, volume, usedBytes }: VolumeProps) {
  const { say } = page;
  const { directory, freeBytes, forecast } = volume;
  return (
    <article class="card" aria-label={directory}>
      <h3>
        <Name>{directory}</Name>
      </h3>
      {usedBytes !== undefined && freeBytes !== undefined && (
        <Bar share={usedBytes / (usedBytes + freeBytes || 1)} />
      )}
      <dl class="facts">
        <Fact name={say(USED)}>{usedBytes === undefined ? say(UNLISTED) : bytesText(usedBytes)}</Fact>
        <Fact name={say(FREE)}>{bytesText(freeBytes)}</Fact>
        {forecast && (
          <Fact name={say(GROWTH)}>{say(A_DAY, { bytes: bytesText(forecast.growthBytesPerDay) })}</Fact>
        )}
        {forecast && <Fact name={say(NEXT)}>{bytesText(forecast.nextBytes)}</Fact>}
      </dl>
      <p class="quiet">{forecastText(forecast, page)}</p>
    </article>
  );
}

/** The figures stand beside it. */
function Bar({ share }: { readonly share: number }) {
  return (
    <svg class="bar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
      <rect class="bar-track" width="100" height="1" />
      <rect class="bar-fill" width={Math.round(Math.min(1, share) * 1000) / 10} height="1" />
    </svg>
  );
}

function forecastText(forecast: SpaceForecast | undefined, { say }: PageContext): string {
  if (!forecast) return say(NO_FORECAST);
  const { daysLeft, horizonDays } = forecast;
  return daysLeft === undefined
    ? say(ENOUGH, { days: horizonDays })
    : say(FULL_IN, { days: withinDays(daysLeft) });
}

/** undefined where the files of one cannot be listed. */
function usedOf(databases: readonly DatabaseOverview[], place: number): number | undefined {
  return databases
    .filter((one) => one.place === place)
    .reduce<number | undefined>(
      (sum, { localBytes }) => (sum === undefined || localBytes === undefined ? undefined : sum + localBytes),
      0,
    );
}

const TITLE = { en: 'Storage', zh: '存储空间' };
const USED = { en: 'Backups here', zh: '本地备份' };
const UNLISTED = { en: 'cannot be seen', zh: '无法查看' };
const FREE = { en: 'Free', zh: '剩余' };
const GROWTH = { en: 'Growth', zh: '增长' };
const A_DAY = { en: '{bytes} a day', zh: '每天 {bytes}' };
const NEXT = { en: 'The next backups need', zh: '下次备份需要' };
const NO_FORECAST = { en: 'Nothing to learn a forecast from.', zh: '暂无可供预测的数据。' };
const ENOUGH = {
  en: 'Retention included, there is room for the next {days} days at least.',
  zh: '计入保留策略，至少未来 {days} 天空间充足。',
};
const FULL_IN = {
  en: 'Retention included, the volume will be full within {days}.',
  zh: '计入保留策略，{days}内将写满。',
};
const REMOTE = { en: 'Elsewhere', zh: '异地' };
const COPIES = { en: 'Confirmed copies', zh: '已确认的副本' };
const BY_RECORDS = { en: 'By the records; the store was not asked.', zh: '依据记录统计，未向存储端查询。' };
