import { type BackupContext, forDatabase, type TargetContext } from '../backup/context.ts';
import { findDatabases, knownDatabases } from '../backup/databases.ts';
import { remedyText } from '../check.ts';
import { checkPast } from '../doctor/check-past.ts';
import { examineTarget, type Finding, scopeOf } from '../doctor/examine-target.ts';
import { PgBackupError } from '../errors.ts';
import { type Language, render, type Text } from '../language.ts';
import { utcSecond } from '../report/report.ts';
import { askServer, readServerAddress } from './ask-server.ts';
import { checklist } from './checklist.ts';
import { gatherEvidence } from './evidence.ts';
import { type History, withHistory } from './history.ts';
import { type Chapter, describeItem, type Item, type ItemState } from './item.ts';
import { onlyOwnSeries } from './own-series.ts';

export interface AcceptanceOptions {
  readonly json: boolean;
  readonly database?: string | undefined;
  /** The address of the report server, or of the platform. */
  readonly server?: string | undefined;
  readonly write: (text: string) => unknown;
}

/** One element of `items` of `acceptance --json`: keys stay, and may become more. */
export interface ListedItem {
  readonly id: string;
  readonly chapter: Chapter;
  readonly state: ItemState;
  /** Absent where BACKUP_ENV_FILE is no directory. */
  readonly target?: string;
  readonly database: string;
  readonly title: string;
  readonly observed: string;
  /** UTC to the second. */
  readonly observedAt?: string;
  readonly remedies?: readonly string[];
}

interface ListOfDatabase {
  readonly context: BackupContext;
  readonly items: readonly Item[];
}

/**
 * Walks the handbook's checklist for each database, ticks what is seen on the volume, in the store and by the doctor, and writes it as lines or JSON.
 * Changes nothing but what the doctor does.
 * @throws PgBackupError ACCEPTANCE_OPEN where something that applies is not ticked; USAGE for an address that is none
 */
export async function acceptance(
  contexts: readonly TargetContext[],
  options: AcceptanceOptions,
): Promise<void> {
  const language = contexts[0]?.language ?? 'en';
  const address = options.server === undefined ? undefined : readServerAddress(options.server, language);
  const lists: ListOfDatabase[] = [];
  for (const context of contexts) lists.push(...(await listsOfTarget(context, options.database, address)));
  const items = lists.flatMap((list) => list.items);
  const count = (state: ItemState): number => items.filter((item) => item.state === state).length;
  if (options.json) {
    const listed = lists.flatMap(({ context, items: own }) =>
      own.map((item) => toListed(context, item, language)),
    );
    options.write(`${JSON.stringify({ version: 1, items: listed }, undefined, 2)}\n`);
  } else {
    for (const { context, items: own } of lists)
      options.write(context.scrub(describeList(context, own, language)));
    const parameters = { done: count('done'), open: count('open'), other: count('not-applicable') };
    options.write(`${render(LEFT_TO_PEOPLE, language)}\n${render(SUMMARY, language, parameters)}\n`);
  }
  if (items.length === 0 || count('open') > 0)
    throw new PgBackupError('ACCEPTANCE_OPEN', {
      count: count('open'),
      total: items.length - count('not-applicable'),
    });
}

async function listsOfTarget(
  context: TargetContext,
  database: string | undefined,
  address: URL | undefined,
): Promise<ListOfDatabase[]> {
  const names = database === undefined ? await databasesOf(context) : [database];
  const present = (await examineTarget(context, database)).filter(({ group }) => group !== 'past');
  return withHistory(context, names, async (history) => {
    const findings = [...present, ...(await pastOf(history, names))];
    const evidences = [];
    for (const name of names)
      evidences.push(await gatherEvidence(forDatabase(context, name), { findings, history }));
    const starts = evidences.flatMap(({ newest }) => newest?.report?.startedAt ?? []);
    const { signal, settings } = context;
    const asking = { token: settings.REPORT_TOKEN, signal, back: starts.toSorted()[0] };
    const answer = address && (await askServer(address, asking));
    const lists: ListOfDatabase[] = [];
    for (const evidence of evidences)
      lists.push({ context: evidence.context, items: await checklist(evidence, answer) });
    return lists;
  });
}

/** Where the doctor looks at the volume alone, and at drills of every server. */
async function pastOf({ context }: History, names: readonly string[]): Promise<Finding[]> {
  const past = await checkPast(await onlyOwnSeries(context), names, (name) => scopeOf(context, name));
  return [...past].flatMap(([database, checks]) =>
    checks.map((check): Finding => ({ group: 'past', database, check })),
  );
}

async function databasesOf(context: TargetContext): Promise<string[]> {
  const known = await knownDatabases(context);
  return known.length > 0 ? known : findDatabases(context);
}

/** A heading for each chapter. */
function describeList(
  { target, settings }: BackupContext,
  items: readonly Item[],
  language: Language,
): string {
  const place = [target, settings.PG_DATABASE].filter((name) => name !== undefined).join(' / ');
  const chapters = Map.groupBy(items, ({ chapter }) => chapter);
  const parts = [...chapters].map(
    ([chapter, own]) =>
      `${render(CHAPTERS[chapter], language)} (${place})\n${own.map((item) => describeItem(item, language)).join('')}`,
  );
  return `${parts.join('\n')}\n`;
}

function toListed({ target, settings, scrub }: BackupContext, item: Item, language: Language): ListedItem {
  const { id, chapter, state, title, observed, observedAt, remedies } = item;
  return {
    id,
    chapter,
    state,
    ...(target === undefined ? {} : { target }),
    database: settings.PG_DATABASE,
    title: render(title, language),
    observed: scrub(render(observed, language)),
    ...(observedAt === undefined ? {} : { observedAt: utcSecond(observedAt) }),
    ...(remedies === undefined
      ? {}
      : { remedies: remedies.map((remedy) => scrub(remedyText(remedy, language))) }),
  };
}

/** With the section of the handbook. */
const CHAPTERS: Readonly<Record<Chapter, Text>> = {
  'go-live': { en: '12. Before going live', zh: '12. 验收清单' },
  daily: { en: '7, 8. Day by day, and for a restore', zh: '7、8. 日常巡检与恢复' },
  faults: { en: '9. What backups need', zh: '9. 故障排查' },
  security: { en: '10. Security', zh: '10. 安全' },
  change: { en: '13. Changes', zh: '13. 变更与回滚' },
};
const LEFT_TO_PEOPLE: Text = {
  en: 'Not seen from here, and left to you: your application’s own cases on a restored database, the rotation of keys, the note of a change.',
  zh: '以下无法由本程序观察，请自行确认：在恢复出的库上验证业务用例、轮换密钥、变更单记录。',
};
const SUMMARY: Text = {
  en: '{done} ticked, {open} open, {other} not applicable',
  zh: '已勾选 {done} 项，未完成 {open} 项，不适用 {other} 项',
};
