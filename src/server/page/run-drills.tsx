import { Timeline } from '../charts/timeline.tsx';
import { ErrorNote } from './error-note.tsx';
import { bytesText, countText, secondsText } from './figures.ts';
import { type Given, listIn, numberIn, objectIn, textIn, textsIn, timeIn } from './given.ts';
import type { PageContext } from './page-context.ts';
import { Badge, type BadgeTone, Fact, Moment, Section } from './parts.tsx';
import { recordWord } from './record-words.ts';
import { stagesIn } from './run-stages.tsx';
import { FIELD_WORDS, OUTCOME_WORDS } from './words.ts';

const MOST_DIFFERENCES = 20;

interface RunDrillsProps {
  readonly page: PageContext;
  readonly drills: readonly Given[];
  readonly zone: string;
}

/** Each drill of a run: what it came to, and how long a recovery takes. */
export function RunDrills({ page, drills, zone }: RunDrillsProps) {
  const { say } = page;
  return (
    <Section id="drills" title={say(TITLE)}>
      {drills.length === 0 && <p class="quiet">{say(NONE)}</p>}
      {drills.map((drill) => (
        <Drill page={page} drill={drill} zone={zone} />
      ))}
    </Section>
  );
}

function Drill({ page, drill, zone }: Pick<RunDrillsProps, 'page' | 'zone'> & { readonly drill: Given }) {
  const { say, language } = page;
  const outcome = textIn(drill['outcome']) ?? '';
  const stages = stagesIn(page, drill['phases'], timeIn(drill['startedAt']));
  const compared = objectIn(drill['compared']);
  const error = objectIn(drill['error']);
  const rows = numberIn(compared['rows']);
  const tables = numberIn(compared['tables']);
  return (
    <article class="card drill">
      <header class="card-head">
        <h3>
          <Moment page={page} at={timeIn(drill['startedAt'])} zone={zone} />
        </h3>
        <Badge tone={TONES[outcome] ?? 'plain'}>
          {say(OUTCOME_WORDS[outcome] ?? { en: outcome, zh: outcome })}
        </Badge>
      </header>
      <dl class="facts">
        <Fact name={say(FIELD_WORDS.recovery)}>
          {secondsText(numberIn(drill['recoverySeconds']), language)}
        </Fact>
        <Fact name={say(FIELD_WORDS.size)}>{bytesText(numberIn(drill['sizeBytes']))}</Fact>
        <Fact name={say(SOURCE)}>{say(drill['place'] === 'remote' ? REMOTE : LOCAL)}</Fact>
        {rows !== undefined && tables !== undefined && (
          <Fact name={say(COMPARED)}>
            {say(COMPARED_ROWS, { tables: countText(tables, language), rows: countText(rows, language) })}
          </Fact>
        )}
      </dl>
      {Object.keys(error).length > 0 && <ErrorNote page={page} error={error} />}
      <Differences page={page} drill={drill} />
      {stages.length > 0 && (
        <Timeline
          title={say(PHASES)}
          stages={stages}
          totalSeconds={numberIn(drill['durationSeconds']) ?? 0}
          language={language}
        />
      )}
    </article>
  );
}

function Differences({ page, drill }: { readonly page: PageContext; readonly drill: Given }) {
  const { say } = page;
  const differences = listIn(drill['differences']);
  const omissions = listIn(drill['omissions']).slice(0, MOST_DIFFERENCES);
  const more = differences.length - MOST_DIFFERENCES;
  return (
    <>
      {differences.length > 0 && (
        <div class="table-frame">
          <table>
            <caption>{say(DIFFERENCES, { count: differences.length })}</caption>
            <thead>
              <tr>
                <th scope="col">{say(OBJECT)}</th>
                <th scope="col">{say(EXPECTED)}</th>
                <th scope="col">{say(FOUND)}</th>
              </tr>
            </thead>
            <tbody>
              {differences.slice(0, MOST_DIFFERENCES).map((one) => (
                <tr>
                  <th scope="row">
                    {recordWord(page, 'difference', textIn(one['kind']) ?? '')}{' '}
                    <code>{textIn(one['object'])}</code>
                  </th>
                  <td>{textIn(one['expected'])}</td>
                  <td>{textIn(one['found'])}</td>
                </tr>
              ))}
            </tbody>
          </table>
          {more > 0 && <p>{say(MORE, { count: more })}</p>}
        </div>
      )}
      {omissions.length > 0 && (
        <p class="quiet">
          {say(NOT_COMPARED)}{' '}
          {omissions
            .map((one) =>
              [
                recordWord(page, 'omission', textIn(one['kind']) ?? ''),
                ...textsIn(one['objects']).slice(0, MOST_DIFFERENCES),
              ].join(' '),
            )
            .join(say(SEMICOLON))}
        </p>
      )}
    </>
  );
}

const SEMICOLON = { en: '; ', zh: '；' };
const TONES: Readonly<Record<string, BadgeTone>> = {
  equal: 'good',
  incomplete: 'watch',
  different: 'danger',
  failed: 'danger',
};
const TITLE = { en: 'Drills', zh: '演练' };
const NONE = { en: 'No drill has restored this backup.', zh: '该备份尚未经过演练。' };
const SOURCE = { en: 'Fetched', zh: '来源' };
const REMOTE = { en: 'from elsewhere', zh: '异地副本' };
const LOCAL = { en: 'from here', zh: '本地' };
const COMPARED = { en: 'Compared', zh: '已比对' };
const COMPARED_ROWS = { en: '{rows} rows in {tables} tables', zh: '{tables} 张表，共 {rows} 行' };
const PHASES = { en: 'Phases of the drill', zh: '演练各步骤' };
const DIFFERENCES = { en: 'Differences: {count}', zh: '差异：{count}' };
const OBJECT = { en: 'Object', zh: '对象' };
const EXPECTED = { en: 'In the backup', zh: '备份中' };
const FOUND = { en: 'Restored', zh: '恢复后' };
const MORE = { en: 'and {count} more', zh: '另有 {count} 处' };
const NOT_COMPARED = { en: 'Not compared, or not in the backup:', zh: '未比对或备份中没有：' };
