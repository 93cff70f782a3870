import type { Site } from '../overview/site.ts';
import { isOffSite } from '../run-index/views.ts';
import { bytesText, countText, secondsText } from './figures.ts';
import { modeOf } from './findings.ts';
import { type JudgedDatabase, stateOf } from './judged-database.ts';
import { nameOf } from './names.ts';
import { addressOf, type PageContext } from './page-context.ts';
import { Badge, Distance, Fact, Name, Sign } from './parts.tsx';
import { Reason } from './reason.tsx';
import { sizeOf } from './run-size.ts';
import { RunningNote } from './running-note.tsx';

interface CardProps extends JudgedDatabase {
  readonly page: PageContext;
  readonly site: Site;
}

/** Fresh? Proven? Elsewhere? How long would a recovery take? */
export function DatabaseCard({ page, site, one, findings }: CardProps) {
  const { context, database, running } = one;
  const { tone, word } = stateOf({ one, findings });
  const name = page.say(nameOf(one));
  return (
    <article class={`card card-${tone}`} aria-label={name}>
      <header class="card-head">
        <h3>
          <a href={addressOf(page, ['runs'], { target: context.target, database })}>
            <Name>{name}</Name>
          </a>
        </h3>
        <Badge tone={tone}>{page.say(word)}</Badge>
      </header>
      {findings.length > 0 && (
        <ul class="reasons">
          {findings.map((finding) => (
            <li class={`reason reason-${finding.tone}`}>
              <Sign tone={finding.tone} /> <Reason page={page} finding={finding} />
            </li>
          ))}
        </ul>
      )}
      {running && (
        <RunningNote {...{ page, site, running }} newestGood={one.newestGood} zone={page.zoneOf(context)} />
      )}
      <Facts page={page} one={one} />
    </article>
  );
}

function Facts({ page, one }: Pick<CardProps, 'page' | 'one'>) {
  const { say, language } = page;
  const { context, newestGood, newestProven, measured, verdict, failures, runs } = one;
  const zone = page.zoneOf(context);
  const { target } = context;
  const link = (status: string): string =>
    addressOf(page, ['runs'], { target, database: one.database, status });
  const failed = [...failures.values()].reduce((sum, count) => sum + count, 0);
  return (
    <dl class="facts">
      <Fact name={say(NEWEST)}>
        <Distance page={page} at={newestGood && new Date(newestGood.startedAt)} zone={zone} />
      </Fact>
      <Fact name={say(PROVEN)}>
        {newestProven ? (
          <Distance page={page} at={new Date(newestProven.startedAt)} zone={zone} />
        ) : (
          <Doubt text={say(NEVER)} />
        )}
      </Fact>
      <Fact name={say(OFF_SITE)}>
        {newestGood && isOffSite(newestGood) ? (
          <span class="fact-good">
            <Sign tone="good" /> {say(YES)}
          </span>
        ) : modeOf(one) === 'local' ? (
          say(LOCAL_ONLY)
        ) : (
          <Doubt text={say(NO)} />
        )}
      </Fact>
      <Fact name={say(RECOVERY)}>{secondsText(measured?.recoverySeconds, language)}</Fact>
      <Fact name={say(SIZE)}>{bytesText(newestGood && sizeOf(newestGood))}</Fact>
      <Fact name={say(NEXT)}>
        <Distance page={page} at={verdict.nextAt} zone={zone} />
      </Fact>
      <Fact name={say(FAILURES)}>
        {failed === 0 ? (
          say(NONE_OF, { runs: countText(runs, language) })
        ) : (
          <a href={link('FAILED')}>
            {say(SOME_OF, { failed: countText(failed, language), runs: countText(runs, language) })}
          </a>
        )}
      </Fact>
    </dl>
  );
}

function Doubt({ text }: { readonly text: string }) {
  return (
    <span class="fact-watch">
      <Sign tone="watch" /> {text}
    </span>
  );
}

const NEWEST = { en: 'Newest backup', zh: '最新备份' };
const PROVEN = { en: 'Restored by a drill', zh: '经演练恢复' };
const NEVER = { en: 'never', zh: '从未' };
const OFF_SITE = { en: 'Copy elsewhere', zh: '异地副本' };
const YES = { en: 'yes', zh: '有' };
const NO = { en: 'no', zh: '无' };
const LOCAL_ONLY = { en: 'here only', zh: '仅本地' };
const RECOVERY = { en: 'Recovery takes', zh: '恢复耗时' };
const SIZE = { en: 'Size', zh: '大小' };
const NEXT = { en: 'Next due', zh: '下次备份' };
const FAILURES = { en: 'Failures', zh: '失败' };
const NONE_OF = { en: 'none of {runs}', zh: '{runs} 次中无失败' };
const SOME_OF = { en: '{failed} of {runs}', zh: '{runs} 次中 {failed} 次' };
