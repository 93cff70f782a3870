import { describeError } from '../../errors.ts';
import type { Text } from '../../language.ts';
import { KIND_NAMES } from '../../schedule/entries.ts';
import { printable } from '../../schedule/freshness.ts';
import { newestSkips } from '../overview/newest-skips.ts';
import type { Site } from '../overview/site.ts';
import type { SkipFacts } from '../run-index/facts.ts';
import { UNKNOWN } from './figures.ts';
import type { PageContext } from './page-context.ts';
import { Badge, Moment, Name, Section } from './parts.tsx';

interface NotesProps {
  readonly page: PageContext;
  readonly site: Site;
}

/** What could not be looked at or read, and what was not done. */
export function NotesSection({ page, site: { followed } }: NotesProps) {
  const { say } = page;
  const { count, files } = followed.unreadable();
  const skips = newestSkips(followed.index);
  return (
    <Section id="notes" title={say(TITLE)}>
      {followed.problems.length > 0 && (
        <div class="note">
          <h3>
            <Badge tone="danger">{say(PROBLEMS)}</Badge>
          </h3>
          <ul>
            {followed.problems.map((problem) => (
              <li>{describeError(problem, page.language).message}</li>
            ))}
          </ul>
        </div>
      )}
      {count > 0 && (
        <div class="note">
          <h3>
            <Badge tone="watch">{say(UNREADABLE, { count })}</Badge>
          </h3>
          <p>{say(PASSED_OVER)}</p>
          <ul class="files">
            {files.map((file) => (
              <li>
                <code>{printable(file)}</code>
              </li>
            ))}
          </ul>
          {count > files.length && <p>{say(MORE_FILES, { count: count - files.length })}</p>}
        </div>
      )}
      {skips.length > 0 ? <SkipTable page={page} skips={skips} /> : <p class="quiet">{say(NO_SKIPS)}</p>}
    </Section>
  );
}

function SkipTable({ page, skips }: { readonly page: PageContext; readonly skips: readonly SkipFacts[] }) {
  const { say, zone } = page;
  const momentOf = (time: string | null) => (
    <Moment page={page} at={time === null ? undefined : new Date(time)} zone={zone} />
  );
  return (
    <div class="table-frame">
      <table class="stacked">
        <caption>{say(SKIPPED)}</caption>
        <thead>
          <tr>
            <th scope="col">{say(DUE)}</th>
            <th scope="col">{say(WHAT)}</th>
            <th scope="col">{say(WHY)}</th>
          </tr>
        </thead>
        <tbody>
          {skips.map(({ dueAt, skippedAt, kind, database, reason, detail }) => (
            <tr>
              <td>{momentOf(dueAt ?? skippedAt)}</td>
              <td>
                {say(
                  Object.hasOwn(KIND_NAMES, kind)
                    ? KIND_NAMES[kind as keyof typeof KIND_NAMES]
                    : sameWord(kind),
                )}
                {database !== null && ' · '}
                {database !== null && <Name>{printable(database)}</Name>}
              </td>
              <td>
                {say(
                  Object.hasOwn(REASONS, reason) ? (REASONS[reason] ?? sameWord(reason)) : sameWord(reason),
                )}
                {detail && <span class="quiet"> {printable(detail)}</span>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function sameWord(word: string): Text {
  return { en: word || UNKNOWN, zh: word || UNKNOWN };
}

const TITLE = { en: 'Notes', zh: '备注' };
const PROBLEMS = { en: 'Directories that could not be looked at', zh: '无法查看的目录' };
const UNREADABLE = { en: 'Unreadable files: {count}', zh: '无法读取的文件：{count}' };
const PASSED_OVER = {
  en: 'They are broken, too large, or no regular files, and were passed over.',
  zh: '这些文件已损坏、过大或不是普通文件，已跳过。',
};
const MORE_FILES = { en: 'and {count} more', zh: '另有 {count} 个' };
const NO_SKIPS = { en: 'No time of a schedule was skipped of late.', zh: '近期没有跳过的计划任务。' };
const SKIPPED = { en: 'Skipped: due, and not done', zh: '已跳过：到期但未执行' };
const DUE = { en: 'Due', zh: '计划时间' };
const WHAT = { en: 'What', zh: '任务' };
const WHY = { en: 'Why', zh: '原因' };
const REASONS: Readonly<Record<string, Text>> = {
  busy: { en: 'another runner was at it', zh: '另一执行者正在进行' },
  overlap: { en: 'the one before was still under way', zh: '上一次仍在进行' },
  missed: { en: 'found out too late to be caught up', zh: '发现过晚，不再补做' },
};
