import { describeError } from '../../errors.ts';
import { sameText } from '../../schedule/time-text.ts';
import type { DatabaseOverview } from '../overview/database-overview.ts';
import type { Overview } from '../overview/overview.ts';
import type { Site } from '../overview/site.ts';
import { CalendarSection } from './calendar-section.tsx';
import { ChartsSection } from './charts-section.tsx';
import { DatabasesSection } from './databases-section.tsx';
import { type Finding, findingsAbout, findingsOf } from './findings.ts';
import { Headline } from './headline.tsx';
import type { createKeeper } from './history.ts';
import type { JudgedDatabase } from './judged-database.ts';
import { Layout } from './layout.tsx';
import { nameOf } from './names.ts';
import { NotesSection } from './notes-section.tsx';
import type { PageContext } from './page-context.ts';
import { StorageSection } from './storage-section.tsx';

export interface OverviewPageProps {
  readonly page: PageContext;
  readonly site: Site;
  readonly overview: Overview;
  readonly keep: ReturnType<typeof createKeeper>;
}

/** Are we safe? */
export function OverviewPage({ page, site, overview, keep }: OverviewPageProps) {
  const { followed } = site;
  const problems = followed.problems.map((problem) =>
    sameText(describeError(problem, page.language).message),
  );
  const judged = keep(overview, 'judged', () => judgeAll(overview, page));
  const byDatabase = new Map(judged.map(({ one, findings }) => [one, findings]));
  const looks = { problems, unreadable: followed.unreadable().count, scannedAt: followed.scannedAt };
  const findings = findingsOf(overview, looks, (one) => byDatabase.get(one) ?? [], page.now);
  const asked = page.query.get('database');
  const chosen = overview.databases.find((one) => page.say(nameOf(one)) === asked);
  return (
    <Layout page={page} title={page.say(TITLE)} here="overview" scannedAt={followed.scannedAt}>
      <Headline page={page} overview={overview} findings={findings} />
      <DatabasesSection page={page} site={site} judged={judged} />
      <div class="pair">
        <CalendarSection page={page} site={site} overview={overview} keep={keep} chosen={chosen} />
        <StorageSection page={page} overview={overview} />
      </div>
      <ChartsSection page={page} site={site} overview={overview} keep={keep} chosen={chosen} />
      <NotesSection page={page} site={site} />
    </Layout>
  );
}

/** Those that need a look come first; within, the order of the settings stays. */
function judgeAll({ databases, at }: Overview, page: PageContext): readonly JudgedDatabase[] {
  const judge = (one: DatabaseOverview): JudgedDatabase => ({
    one,
    findings: findingsAbout(one, at, page.zoneOf),
  });
  const rank = (findings: readonly Finding[]): number =>
    findings.some(({ tone }) => tone === 'danger') ? 0 : findings.length > 0 ? 1 : 2;
  return databases.map(judge).toSorted((one, other) => rank(one.findings) - rank(other.findings));
}

const TITLE = { en: 'Are the backups safe?', zh: '备份是否安全？' };
