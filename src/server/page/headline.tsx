import { isGood as isGoodState } from '../../schedule/freshness.ts';
import type { Overview } from '../overview/overview.ts';
import { isOffSite } from '../run-index/views.ts';
import { secondsText } from './figures.ts';
import type { Finding } from './findings.ts';
import type { Content } from './html.ts';
import type { PageContext } from './page-context.ts';
import { Distance, Sign } from './parts.tsx';
import { Reason } from './reason.tsx';

const NAMED = 6;

interface HeadlineProps {
  readonly page: PageContext;
  readonly overview: Overview;
  readonly findings: readonly Finding[];
}

/** The one look: safe, or where to look and why. */
export function Headline({ page, overview, findings }: HeadlineProps) {
  const { say } = page;
  const tone = findings[0]?.tone ?? 'good';
  const more = findings.length - NAMED;
  return (
    <section class={`headline headline-${tone}`} aria-labelledby="verdict">
      <div class="headline-sign">
        <Sign tone={tone} />
      </div>
      <div class="headline-text">
        <h1 id="verdict">{say(VERDICTS[tone])}</h1>
        {findings.length === 0 ? (
          <p>
            {say(overview.databases.length === 1 ? WHY_SAFE_ONE : WHY_SAFE, {
              count: overview.databases.length,
            })}
          </p>
        ) : (
          <ul class="reasons">
            {findings.slice(0, NAMED).map((finding) => (
              <li class={`reason reason-${finding.tone}`}>
                <Sign tone={finding.tone} /> <Reason page={page} finding={finding} isNamed />
              </li>
            ))}
            {more > 0 && <li class="reason-more">{say(MORE, { count: more })}</li>}
          </ul>
        )}
      </div>
      <Figures page={page} overview={overview} />
    </section>
  );
}

function Figures({ page, overview }: Pick<HeadlineProps, 'page' | 'overview'>) {
  const { say, language } = page;
  const { databases } = overview;
  const total = databases.length;
  const count = (fits: (one: (typeof databases)[number]) => boolean): string =>
    `${databases.filter(fits).length} / ${total}`;
  const longest = Math.max(...databases.map(({ measured }) => measured?.recoverySeconds ?? -1));
  const next = databases
    .flatMap(({ verdict }) => verdict.nextAt ?? [])
    .sort((one, other) => one.getTime() - other.getTime())[0];
  return (
    <dl class="figures">
      <Figure name={say(FRESH)}>{count(({ verdict }) => isGoodState(verdict.state))}</Figure>
      <Figure name={say(PROVEN)}>{count(({ newestProven }) => newestProven !== undefined)}</Figure>
      <Figure name={say(OFF_SITE)}>
        {count(({ newestGood }) => newestGood !== undefined && isOffSite(newestGood))}
      </Figure>
      <Figure name={say(total === 1 ? RECOVERY : LONGEST_RECOVERY)}>{secondsText(longest, language)}</Figure>
      <Figure name={say(NEXT)}>
        <Distance page={page} at={next} zone={page.zone} />
      </Figure>
    </dl>
  );
}

function Figure({ name, children }: { readonly name: string; readonly children: Content }) {
  return (
    <div class="figure">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

const VERDICTS = {
  good: { en: 'Safe', zh: '安全' },
  watch: { en: 'Look here', zh: '请留意' },
  danger: { en: 'Look here now', zh: '请立即处理' },
};
const WHY_SAFE_ONE = {
  en: 'The database has a fresh backup, a drill has restored one of late, and nothing speaks against it.',
  zh: '该库有新鲜的备份，近期经演练恢复验证，且未发现任何问题。',
};
const WHY_SAFE = {
  en: 'All {count} databases have a fresh backup, drills have restored one of each of late, and nothing speaks against it.',
  zh: '全部 {count} 个库都有新鲜的备份，近期均经演练恢复验证，且未发现任何问题。',
};
const MORE = { en: 'and {count} more below', zh: '下方另有 {count} 项' };
const FRESH = { en: 'Fresh', zh: '新鲜' };
const PROVEN = { en: 'Restored by a drill', zh: '经演练恢复' };
const OFF_SITE = { en: 'Copy elsewhere', zh: '有异地副本' };
const RECOVERY = { en: 'Recovery time, measured', zh: '实测恢复耗时' };
const LONGEST_RECOVERY = { en: 'Longest recovery, measured', zh: '实测最长恢复耗时' };
const NEXT = { en: 'Next backup', zh: '下次备份' };
