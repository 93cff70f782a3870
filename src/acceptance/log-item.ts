import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { hasErrorCode } from '../files/storage-error.ts';
import { fillIn, type Text } from '../language.ts';
import { quoteWord } from '../quote-word.ts';
import { at, type Evidence, finishedAt } from './evidence.ts';
import type { Item } from './item.ts';

/** Handbook, 7: no ERROR in the day's log from the start to the end of the newest good run, which that log tells of. */
export async function logItem({ context, newest, record }: Evidence): Promise<Item> {
  const item = { id: 'log', chapter: 'daily', title: TITLE } as const;
  const end = newest && finishedAt(newest);
  if (!newest || !end) return { ...item, state: 'not-applicable', observed: NO_RUN };
  const days = [...new Set([newest.startedAt, end].map((time) => time.toISOString().slice(0, 10)))];
  const paths = days.map((day) =>
    join(context.settings.BACKUP_LOG_DIR, `backup_${day.replaceAll('-', '')}.log`),
  );
  // The old script's lines do not name its run.
  const mark = record ? newest.name : '';
  const found = await Promise.all(paths.map((path) => readLog(path, [newest.startedAt, end], mark)));
  const path = paths.join(' ');
  const logs = found.filter((log) => log !== undefined);
  if (logs.length < paths.length)
    return { ...item, state: 'not-applicable', observed: fillIn(NO_LOG, { path }) };
  const count = logs.reduce((sum, { errors }) => sum + errors, 0);
  if (count === 0 && !logs.some(({ isOfRun }) => isOfRun))
    return { ...item, state: 'not-applicable', observed: fillIn(NO_LINE, { path, run: newest.name }) };
  const observed = fillIn(count === 0 ? CLEAN : ERRORS, { count, path, run: newest.name });
  if (count === 0) return { ...item, state: 'done', observed, ...at(end) };
  return {
    ...item,
    state: 'open',
    observed,
    remedies: [`grep ' ERROR: ' ${paths.map(quoteWord).join(' ')}`],
  };
}

interface LogOfRun {
  /** Lines with ERROR within the time. */
  readonly errors: number;
  /** Whether a line within the time has the mark in it. */
  readonly isOfRun: boolean;
}

/** undefined where there is no such log. */
async function readLog(
  path: string,
  [from, until]: readonly [from: Date, until: Date],
  mark: string,
): Promise<LogOfRun | undefined> {
  let errors = 0;
  let isOfRun = false;
  try {
    for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
      const [, time, isError] = LINE.exec(line) ?? [];
      if (time === undefined || time < second(from) || time > second(until)) continue;
      if (isError !== undefined) errors += 1;
      isOfRun ||= line.includes(mark);
    }
    return { errors, isOfRun };
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT', 'EACCES', 'EISDIR')) return undefined;
    throw error;
  }
}

/** As times stand in the log, so that they compare as texts. */
function second(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

const LINE = /^\[(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\] (ERROR: )?/;

const TITLE: Text = { en: 'Its log has no ERROR', zh: '日志无 ERROR' };
const NO_RUN: Text = { en: 'no run is on record', zh: '没有运行记录' };
const NO_LOG: Text = {
  en: 'no such file here: {path}; the container’s own log has the same lines',
  zh: '此处没有 {path}；容器自身的日志有相同内容',
};
const NO_LINE: Text = {
  en: '{path} has no line of {run}: it was made where the log is another',
  zh: '{path} 中没有 {run} 的任何一行：该备份在使用其他日志的地方产生',
};
const CLEAN: Text = { en: '{path}, while {run} was made', zh: '{path}，{run} 运行期间' };
const ERRORS: Text = {
  en: '{count} lines with ERROR in {path} while {run} was made',
  zh: '{run} 运行期间 {path} 中有 {count} 行 ERROR',
};
