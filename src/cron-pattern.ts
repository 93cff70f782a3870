import { Cron } from 'croner';
import { fillIn, type Text } from './language.ts';

/** The times of a pattern in its time zone, each a whole minute. */
export interface CronPattern {
  /** The first time after this one. */
  next(after: Date): Date | undefined;
  /** The last time that is not after this one. */
  previous(atOrBefore: Date): Date | undefined;
}

/**
 * Reads a pattern of five fields or a nickname. A fixed time that a clock change leaves out comes at the first minute after it, one that
 * happens twice comes once; patterns with `*` or a step go by real time.
 * @throws Error where `patternProblem` or `timeZoneProblem` has something to say.
 */
export function parseCronPattern(pattern: string, timeZone: string): CronPattern {
  const cron = new Cron(pattern.trim(), { ...OPTIONS, timezone: timeZoneName(timeZone) });
  return {
    next: (after) => cron.nextRun(after) ?? undefined,
    // croner looks before the second that it is given.
    previous: (atOrBefore) => cron.previousRuns(1, secondAfter(atOrBefore))[0],
  };
}

/** What is expected instead of a pattern that cannot be read or never comes. */
export function patternProblem(pattern: string): Text | undefined {
  const words = pattern.trim().split(/\s+/);
  const isNickname = words.length === 1 && NICKNAMES.includes(pattern.trim().toLowerCase());
  if (!isNickname && words.length !== FIELDS.length) return FIVE_FIELDS;
  for (const [index, field] of isNickname ? [] : FIELDS.entries()) {
    const word = words[index] ?? '';
    const alone = FIELDS.map((_, other) => (other === index ? word : '*')).join(' ');
    if (!isReadable(alone)) return fillIn(OTHER_FIELD, { field: field.name, word, range: field.range });
  }
  if (!isReadable(pattern)) return FIVE_FIELDS;
  // Within each 400 years the calendar repeats itself; what croner searches is less, but more than the rarest date needs.
  return parseCronPattern(pattern, 'UTC').next(new Date()) === undefined ? A_TIME_THAT_COMES : undefined;
}

/** What is expected instead of a name that is no time zone of the IANA database. */
export function timeZoneProblem(zone: string): Text | undefined {
  const name = timeZoneName(zone);
  // An offset is no zone: it knows no summer time, and POSIX counts it the other way round.
  const isName = /^[A-Za-z]/.test(name) && (name.length !== 3 || SHORT_ZONES.includes(name.toUpperCase()));
  if (isName) {
    try {
      new Intl.DateTimeFormat('en', { timeZone: name });
      return undefined;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  return A_TIME_ZONE;
}

/** The IANA name in a value of TZ, which may begin with a colon (POSIX, "Environment Variables"). */
export function timeZoneName(zone: string): string {
  return zone.startsWith(':') ? zone.slice(1) : zone;
}

const SECOND = 1000;
const OPTIONS = { paused: true, mode: '5-part', fixedTimeRule: 'no-wildcard' } as const;
/** Those of the IANA database. ICU knows others, by which CST, that of China to some, is that of Chicago. */
const SHORT_ZONES = [
  'CET',
  'EET',
  'EST',
  'GMT',
  'HST',
  'MET',
  'MST',
  'PRC',
  'ROC',
  'ROK',
  'UCT',
  'UTC',
  'WET',
];
const NICKNAMES = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'];

const FIELDS: readonly { readonly name: Text; readonly range: string }[] = [
  { name: { en: 'minute', zh: '分钟' }, range: '0-59' },
  { name: { en: 'hour', zh: '小时' }, range: '0-23' },
  { name: { en: 'day of the month', zh: '日' }, range: '1-31, L' },
  { name: { en: 'month', zh: '月' }, range: '1-12, JAN-DEC' },
  { name: { en: 'day of the week', zh: '星期' }, range: '0-7, SUN-SAT' },
];

const FIVE_FIELDS: Text = {
  en: 'five fields (minute, hour, day of the month, month, day of the week; no seconds) such as 0 2 * * *, or @hourly, @daily, @weekly, @monthly, @yearly',
  zh: '五个字段（分 时 日 月 星期，不含秒），如 0 2 * * *，或 @hourly、@daily、@weekly、@monthly、@yearly',
};
const OTHER_FIELD: Text = {
  en: 'another {field} than {word} ({range}; with lists 1,3, ranges 1-5 and steps */2)',
  zh: '{field}字段不是 {word}（{range}；可用列表 1,3、范围 1-5、步长 */2）',
};
const A_TIME_THAT_COMES: Text = {
  en: 'a day that exists: this pattern never comes',
  zh: '存在的日期：该表达式永远不会触发',
};
const A_TIME_ZONE: Text = {
  en: 'an IANA time zone such as Asia/Shanghai, Europe/Berlin or UTC; where TZ has to be another thing, set BACKUP_TIMEZONE',
  zh: 'IANA 时区名，如 Asia/Shanghai、Europe/Berlin 或 UTC；若 TZ 必须取其他形式，请设置 BACKUP_TIMEZONE',
};

function secondAfter(time: Date): Date {
  return new Date((Math.floor(time.getTime() / SECOND) + 1) * SECOND);
}

function isReadable(pattern: string): boolean {
  try {
    parseCronPattern(pattern, 'UTC');
    return true;
  } catch {
    return false;
  }
}
