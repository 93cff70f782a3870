import type { Site } from '../overview/site.ts';
import { isOffSite } from '../run-index/views.ts';
import { DatabaseCard } from './database-card.tsx';
import { bytesText, secondsText } from './figures.ts';
import { type JudgedDatabase, stateOf } from './judged-database.ts';
import { nameOf } from './names.ts';
import { addressOf, type PageContext } from './page-context.ts';
import { Badge, Distance, Name, Section } from './parts.tsx';
import { sizeOf } from './run-size.ts';

/** More of them would be no look any more. */
const MOST_CARDS = 60;

/** A card for each database; where there are very many, a table of those that can wait. */
export function DatabasesSection({
  page,
  site,
  judged,
}: {
  readonly page: PageContext;
  readonly site: Site;
  readonly judged: readonly JudgedDatabase[];
}) {
  const rest = judged.slice(MOST_CARDS);
  return (
    <Section id="databases" title={page.say(TITLE)}>
      <div class="cards">
        {judged.slice(0, MOST_CARDS).map((each) => (
          <DatabaseCard page={page} site={site} {...each} />
        ))}
      </div>
      {rest.length > 0 && <RestTable page={page} judged={rest} />}
    </Section>
  );
}

function RestTable({
  page,
  judged,
}: {
  readonly page: PageContext;
  readonly judged: readonly JudgedDatabase[];
}) {
  const { say, language } = page;
  return (
    <div class="table-frame">
      <table>
        <caption>{say(CAPTION, { count: judged.length })}</caption>
        <thead>
          <tr>
            {Object.values(COLUMNS).map((column) => (
              <th scope="col">{say(column)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {judged.map(({ one, findings }) => {
            const { context, database, newestGood, newestProven, measured, verdict } = one;
            const zone = page.zoneOf(context);
            const { tone, word } = stateOf({ one, findings });
            return (
              <tr>
                <th scope="row">
                  <a href={addressOf(page, ['runs'], { target: context.target, database })}>
                    <Name>{say(nameOf(one))}</Name>
                  </a>
                </th>
                <td>
                  <Badge tone={tone}>{say(word)}</Badge>
                </td>
                <td>
                  <Distance page={page} at={dateOf(newestGood)} zone={zone} />
                </td>
                <td>
                  <Distance page={page} at={dateOf(newestProven)} zone={zone} />
                </td>
                <td>{say(newestGood && isOffSite(newestGood) ? YES : NO)}</td>
                <td class="number">{secondsText(measured?.recoverySeconds, language)}</td>
                <td class="number">{bytesText(newestGood && sizeOf(newestGood))}</td>
                <td>
                  <Distance page={page} at={verdict.nextAt} zone={zone} />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function dateOf(run: { readonly startedAt: number } | undefined): Date | undefined {
  return run && new Date(run.startedAt);
}

const TITLE = { en: 'Databases', zh: '数据库' };
const CAPTION = { en: 'The other {count} databases', zh: '其余 {count} 个库' };
const YES = { en: 'yes', zh: '有' };
const NO = { en: 'no', zh: '无' };
const COLUMNS = {
  database: { en: 'Database', zh: '数据库' },
  state: { en: 'State', zh: '状态' },
  newest: { en: 'Newest backup', zh: '最新备份' },
  proven: { en: 'Newest restored by a drill', zh: '最近经演练恢复的备份' },
  offSite: { en: 'Copy elsewhere', zh: '异地副本' },
  recovery: { en: 'Recovery time', zh: '恢复耗时' },
  size: { en: 'Size', zh: '大小' },
  next: { en: 'Next due', zh: '下次' },
};
