import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { layoutOf } from '../files/layout.ts';
import { hasErrorCode } from '../files/storage-error.ts';
import { fillIn, type Text } from '../language.ts';
import { quoteWord } from '../quote-word.ts';
import { REPORT_SCHEMA } from '../report/report.ts';
import { sharedPath } from '../report/report-source.ts';
import { compileSchema } from '../schema.ts';
import type { ServerAnswer } from './ask-server.ts';
import { at, type Evidence } from './evidence.ts';
import type { Item } from './item.ts';

const isReport = compileSchema(REPORT_SCHEMA);
const READ_BY_OTHERS = 0o004;
const LISTED_BY_OTHERS = 0o005;

/** Handbook, 12: the platform, another user, can read the newest report, and finds exactly what it parses. */
export async function reportItem({ context, newest, now, scope, history }: Evidence): Promise<Item> {
  const item = { id: 'report-file', chapter: 'go-live', title: TITLES.file } as const;
  if (!newest) return { ...item, state: 'open', observed: NO_REPORT, remedies: [`pg-backup backup${scope}`] };
  const { reports } = layoutOf(context.settings.BACKUP_BASE_DIR);
  const path = join(reports, `${newest.name}.json`);
  if (history.source !== undefined)
    return { ...item, ...(await judgeCopy(path, history.source, { now, scope })) };
  const problem = await lookAt(path, reports);
  if (problem === undefined)
    return { ...item, state: 'done', observed: fillIn(READABLE, { path }), observedAt: now };
  const remedy = `chmod 755 ${quoteWord(reports)} && chmod 644 ${quoteWord(path)}`;
  const remedies = problem === CLOSED ? [remedy] : [`pg-backup backup${scope}`];
  return { ...item, state: 'open', observed: fillIn(problem, { path }), remedies };
}

/** Who may read an object, its bucket decides, and not its mode. */
async function judgeCopy(
  copy: string,
  source: string,
  { now, scope }: Pick<Evidence, 'now' | 'scope'>,
): Promise<Pick<Item, 'state' | 'observed' | 'observedAt' | 'remedies'>> {
  const path = `${source.replace(/\/$/, '')}/reports/${sharedPath(basename(copy))}`;
  const problem = await lookAt(copy, dirname(copy));
  if (problem === undefined || problem === CLOSED)
    return { state: 'done', observed: fillIn(SHARED, { path }), observedAt: now };
  return { state: 'open', observed: fillIn(problem, { path }), remedies: [`pg-backup backup${scope}`] };
}

async function lookAt(path: string, directory: string): Promise<Text | undefined> {
  try {
    const [file, above, text] = await Promise.all([stat(path), stat(directory), readFile(path, 'utf8')]);
    if (isReport(JSON.parse(text)).length > 0) return OTHER_SHAPE;
    const isOpen = (file.mode & READ_BY_OTHERS) !== 0 && (above.mode & LISTED_BY_OTHERS) === LISTED_BY_OTHERS;
    return isOpen ? undefined : CLOSED;
  } catch (error) {
    if (error instanceof SyntaxError) return OTHER_SHAPE;
    if (hasErrorCode(error, 'ENOENT', 'EACCES')) return UNREADABLE;
    throw error;
  }
}

/** Handbook, 12: who shows the reports was asked for the newest, and for the list, and both told of that run. */
export function serverItem({ newest, now, scope }: Evidence, answer: ServerAnswer | undefined): Item {
  const item = { id: 'report-server', chapter: 'go-live', title: TITLES.server } as const;
  if (!answer)
    return {
      ...item,
      state: 'open',
      observed: NOT_ASKED,
      remedies: [`pg-backup acceptance${scope} --server http://127.0.0.1:8080`],
    };
  const { server } = answer;
  if ('problem' in answer) {
    const observed = fillIn(ASKED_IN_VAIN, { server, problem: answer.problem });
    return { ...item, state: 'open', observed, remedies: [fillIn(START_SERVER, { server })] };
  }
  const startedAt = newest?.report?.startedAt;
  const isListed = answer.records.some(
    (record) => record.database === newest?.database && record.startedAt === startedAt,
  );
  const parameters = { server, total: answer.total, run: newest?.name ?? '', shown: answer.latest ?? '-' };
  if (startedAt !== undefined && isListed && answer.latest !== undefined)
    return { ...item, state: 'done', observed: fillIn(SHOWN, parameters), ...at(now) };
  const remedies = [newest ? SAME_VOLUME : `pg-backup backup${scope}`];
  return {
    ...item,
    state: 'open',
    observed: fillIn(newest ? NOT_SHOWN : NOTHING_SHOWN, parameters),
    remedies,
  };
}

const TITLES = {
  file: { en: 'The platform can read the newest report', zh: '平台可读取最新报表' },
  server: { en: 'The reports are shown (latest and list)', zh: '报表可展示（最近一次/列表）' },
} as const satisfies Record<string, Text>;

const NO_REPORT: Text = { en: 'there is no report of a good run', zh: '没有成功运行的报表' };
const READABLE: Text = {
  en: '{path} has exactly the agreed keys, and every user may read it',
  zh: '{path} 恰好包含约定的字段，且任何用户可读',
};
const SHARED: Text = {
  en: '{path} has exactly the agreed keys; who has a key for the bucket reads it',
  zh: '{path} 恰好包含约定的字段；持有存储桶密钥者可读',
};
const OTHER_SHAPE: Text = {
  en: '{path} has not exactly the keys that the platform parses',
  zh: '{path} 的字段与平台的严格解析不符',
};
const UNREADABLE: Text = { en: '{path} is missing or cannot be read', zh: '{path} 不存在或无法读取' };
const CLOSED: Text = { en: 'other users may not read {path}', zh: '其他用户无权读取 {path}' };
const NOT_ASKED: Text = {
  en: 'no server was asked: name the report server, or the platform, with --server',
  zh: '未询问任何服务：请用 --server 指定报表服务或平台的地址',
};
const ASKED_IN_VAIN: Text = { en: '{server}: {problem}', zh: '{server}：{problem}' };
const START_SERVER: Text = {
  en: 'start it (pg-backup serve), and make {server} reachable from here; its token goes into REPORT_TOKEN_FILE',
  zh: '请启动它（pg-backup serve），并确保此处可访问 {server}；令牌写入 REPORT_TOKEN_FILE',
};
const SHOWN: Text = {
  en: '{server} shows {run} among {total} reports; its latest ended at {shown}',
  zh: '{server} 的 {total} 份报表中有 {run}；其最近一次结束于 {shown}',
};
const NOT_SHOWN: Text = {
  en: '{server} does not show {run} among its {total} reports',
  zh: '{server} 的 {total} 份报表中没有 {run}',
};
const NOTHING_SHOWN: Text = {
  en: '{server} answers, but there is no good run that it could show',
  zh: '{server} 有应答，但没有可展示的成功运行',
};
const SAME_VOLUME: Text = {
  en: 'let it read this very BACKUP_BASE_DIR (or the same REPORT_SOURCE)',
  zh: '请让它读取同一个 BACKUP_BASE_DIR（或相同的 REPORT_SOURCE）',
};
