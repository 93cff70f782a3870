import type { IndexedRun } from '../run-index/run-index.ts';
import { runNameOf } from '../run-index/run-index.ts';
import { bytesText, secondsText, UNKNOWN } from './figures.ts';
import { Layout } from './layout.tsx';
import { fullName } from './names.ts';
import { addressOf, type PageContext } from './page-context.ts';
import { Badge, Moment, Name } from './parts.tsx';
import { sizeOf } from './run-size.ts';
import { ProofBadge, StatusBadge } from './run-status.tsx';
import { type FilterChoices, type FilterValues, RunsFilterForm } from './runs-filter-form.tsx';
import { FIELD_WORDS } from './words.ts';

export interface ListedRun {
  readonly run: IndexedRun;
  readonly target: string | undefined;
  /** IANA */
  readonly zone: string;
}

export interface RunsPageProps {
  readonly page: PageContext;
  readonly runs: readonly ListedRun[];
  readonly values: FilterValues;
  readonly choices: FilterChoices;
  readonly nextCursor: string | null;
  readonly isFirst: boolean;
  readonly scannedAt: Date | undefined;
}

/** The list of runs, a page of it. */
export function RunsPage(props: RunsPageProps) {
  const { page, runs, values, choices, nextCursor, isFirst, scannedAt } = props;
  const { say } = page;
  return (
    <Layout page={page} title={say(TITLE)} here="runs" scannedAt={scannedAt}>
      <h1>{say(TITLE)}</h1>
      <RunsFilterForm page={page} values={values} choices={choices} />
      {runs.length === 0 ? <p class="empty">{say(NOTHING)}</p> : <RunsTable page={page} runs={runs} />}
      <nav class="paging" aria-label={say(PAGING)}>
        {!isFirst && <a href={addressOf(page, ['runs'], { ...values })}>{say(NEWEST)}</a>}
        {nextCursor !== null && (
          <a rel="next" href={addressOf(page, ['runs'], { ...values, cursor: nextCursor })}>
            {say(OLDER)}
          </a>
        )}
      </nav>
    </Layout>
  );
}

function RunsTable({ page, runs }: Pick<RunsPageProps, 'page' | 'runs'>) {
  const { say } = page;
  return (
    <div class="table-frame">
      <table class="runs stacked">
        <caption>{say(runs.length === 1 ? CAPTION_ONE : CAPTION, { count: runs.length })}</caption>
        <thead>
          <tr>
            <th scope="col">{say(FIELD_WORDS.started)}</th>
            <th scope="col">{say(FIELD_WORDS.database)}</th>
            <th scope="col">{say(FIELD_WORDS.result)}</th>
            <th scope="col">{say(FIELD_WORDS.proof)}</th>
            <th scope="col" class="number">
              {say(FIELD_WORDS.size)}
            </th>
            <th scope="col" class="number">
              {say(FIELD_WORDS.duration)}
            </th>
            <th scope="col" class="number">
              {say(FIELD_WORDS.copies)}
            </th>
          </tr>
        </thead>
        <tbody>
          {runs.map((listed) => (
            <Row page={page} {...listed} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ page, run, target, zone }: ListedRun & { readonly page: PageContext }) {
  const { report, record } = run;
  const { say, language } = page;
  return (
    <tr>
      <th scope="row">
        <a href={addressOf(page, ['runs', runNameOf(run)], { target })}>
          <Moment page={page} at={new Date(run.startedAt)} zone={zone} />
        </a>
      </th>
      <td>
        <Name>{fullName(target, run.database)}</Name>
      </td>
      <td>
        <StatusBadge page={page} run={run} />
        {record?.errorCode && <code class="code">{record.errorCode}</code>}
        {record?.hasWarning && <Badge tone="watch">{say(UNLIKE)}</Badge>}
        {record?.awaitsUpload && <Badge tone="watch">{say(AWAITS_UPLOAD)}</Badge>}
      </td>
      <td>
        <ProofBadge page={page} run={run} />
      </td>
      <td class="number">{bytesText(sizeOf(run))}</td>
      <td class="number">{secondsText(record?.durationSeconds ?? report?.durationSeconds, language)}</td>
      <td class="number">{record?.copies ?? report?.remoteUrls?.length ?? UNKNOWN}</td>
    </tr>
  );
}

const TITLE = { en: 'Runs', zh: '运行记录' };
const CAPTION = { en: '{count} runs, the newest first', zh: '{count} 次运行，最新的在前' };
const CAPTION_ONE = { en: 'One run', zh: '1 次运行' };
const NOTHING = { en: 'No run fits.', zh: '没有符合条件的运行。' };
const PAGING = { en: 'Pages of the list', zh: '分页' };
const NEWEST = { en: '← Newest runs', zh: '← 最新的运行' };
const OLDER = { en: 'Older runs →', zh: '更早的运行 →' };
const UNLIKE = { en: 'unlike the others', zh: '与以往不同' };
const AWAITS_UPLOAD = { en: 'waits for its upload', zh: '等待上传' };
