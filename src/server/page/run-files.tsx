import { bytesText } from './figures.ts';
import { type Given, listIn, numberIn, objectIn, textIn, textsIn, timeIn } from './given.ts';
import type { PageContext } from './page-context.ts';
import { Badge, Moment, Section } from './parts.tsx';
import { FIELD_WORDS } from './words.ts';

/** A run has four files, each with a copy in each store. */
const MOST_FILES = 50;

interface RunFilesProps {
  readonly page: PageContext;
  readonly record: Given;
  readonly report: Given;
  readonly zone: string;
  readonly dataFiles: ReadonlySet<string> | undefined;
}

/** The files that a run left here, and their copies elsewhere. */
export function RunFiles({ page, record, report, zone, dataFiles }: RunFilesProps) {
  const { say } = page;
  const artifacts = listIn(record['artifacts']).slice(0, MOST_FILES);
  const remote = listIn(record['remote']).slice(0, MOST_FILES);
  const urls = remote.length > 0 ? [] : textsIn(objectIn(report['remote'])['urls']).slice(0, MOST_FILES);
  const file = textIn(objectIn(report['local'])['file']);
  return (
    <Section id="files" title={say(TITLE)}>
      {artifacts.length > 0 && <Artifacts page={page} artifacts={artifacts} dataFiles={dataFiles} />}
      {artifacts.length === 0 && file !== undefined && (
        <p>
          {say(LOCAL)} <code>{file}</code>
        </p>
      )}
      {remote.length > 0 && <Copies page={page} remote={remote} zone={zone} />}
      {urls.length > 0 && (
        <>
          <p>{say(CLAIMED)}</p>
          <ul class="files">
            {urls.map((url) => (
              <li>
                <code>{url}</code>
              </li>
            ))}
          </ul>
        </>
      )}
      {remote.length === 0 && urls.length === 0 && <p class="quiet">{say(NO_COPY)}</p>}
    </Section>
  );
}

interface ArtifactsProps extends Pick<RunFilesProps, 'page' | 'dataFiles'> {
  readonly artifacts: readonly Given[];
}

function Artifacts({ page, artifacts, dataFiles }: ArtifactsProps) {
  const { say } = page;
  return (
    <div class="table-frame">
      <table class="stacked">
        <caption>{say(HERE)}</caption>
        <thead>
          <tr>
            <th scope="col">{say(FILE)}</th>
            <th scope="col" class="number">
              {say(FIELD_WORDS.size)}
            </th>
            <th scope="col">SHA-256</th>
            {dataFiles && <th scope="col">{say(STILL)}</th>}
          </tr>
        </thead>
        <tbody>
          {artifacts.map((artifact) => {
            const name = textIn(artifact['name']) ?? '';
            return (
              <tr>
                <th scope="row">
                  <code>{name}</code>
                </th>
                <td class="number">{bytesText(numberIn(artifact['sizeBytes']))}</td>
                <td>
                  <code class="hash">{textIn(artifact['sha256'])}</code>
                </td>
                {dataFiles && (
                  <td>
                    <Badge tone={dataFiles.has(name) ? 'good' : 'plain'}>
                      {say(dataFiles.has(name) ? PRESENT : REMOVED)}
                    </Badge>
                  </td>
                )}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

interface CopiesProps extends Pick<RunFilesProps, 'page' | 'zone'> {
  readonly remote: readonly Given[];
}

function Copies({ page, remote, zone }: CopiesProps) {
  const { say } = page;
  return (
    <div class="table-frame">
      <table class="stacked">
        <caption>{say(ELSEWHERE)}</caption>
        <thead>
          <tr>
            <th scope="col">{say(ADDRESS)}</th>
            <th scope="col" class="number">
              {say(FIELD_WORDS.size)}
            </th>
            <th scope="col">{say(CONFIRMED)}</th>
          </tr>
        </thead>
        <tbody>
          {remote.map((copy) => (
            <tr>
              <th scope="row">
                <code>{textIn(copy['url'])}</code>
              </th>
              <td class="number">{bytesText(numberIn(copy['sizeBytes']))}</td>
              <td>
                <Moment page={page} at={timeIn(copy['confirmedAt'])} zone={zone} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const TITLE = { en: 'Files and copies', zh: '文件与副本' };
const LOCAL = { en: 'Written to', zh: '写入' };
const CLAIMED = { en: 'Copies that the report tells of:', zh: '报表所述的副本：' };
const NO_COPY = { en: 'No copy elsewhere is on record.', zh: '没有异地副本的记录。' };
const HERE = { en: 'Files of the run', zh: '运行产生的文件' };
const ELSEWHERE = { en: 'Confirmed copies elsewhere', zh: '已确认的异地副本' };
const FILE = { en: 'File', zh: '文件' };
const STILL = { en: 'Here', zh: '本地' };
const PRESENT = { en: 'here', zh: '在' };
const REMOVED = { en: 'removed', zh: '已删除' };
const ADDRESS = { en: 'Address', zh: '地址' };
const CONFIRMED = { en: 'Confirmed', zh: '确认时间' };
