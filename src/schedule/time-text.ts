import type { Text } from '../language.ts';
import { utcSecond } from '../report/report.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Local time with its offset, and the zone: `2027-03-28 03:00 +02:00 (Europe/Berlin)`. */
export function localTime(time: Date, zone: string): string {
  const parts = new Intl.DateTimeFormat('en', {
    timeZone: zone,
    hourCycle: 'h23',
    ...{ year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' },
    timeZoneName: 'longOffset',
  }).formatToParts(time);
  const part = (type: Intl.DateTimeFormatPartTypes): string =>
    parts.find((candidate) => candidate.type === type)?.value ?? '';
  const offset = part('timeZoneName').replace('GMT', '') || '+00:00';
  return `${part('year')}-${part('month')}-${part('day')} ${part('hour')}:${part('minute')} ${offset} (${zone})`;
}

/** The time in UTC to the second; the word for no time where there is none. */
export function utcText(time: Date | undefined): Text {
  return time === undefined ? { en: 'never', zh: '无' } : sameText(utcSecond(time));
}

/** A length of time in the unit that says enough: `12 min`, `26 h`, `5 days`. */
export function durationText(milliseconds: number): Text {
  if (milliseconds < 2 * HOUR) {
    const minutes = Math.max(0, Math.floor(milliseconds / MINUTE));
    return { en: `${minutes} min`, zh: `${minutes} 分钟` };
  }
  if (milliseconds < 3 * DAY) {
    const hours = Math.floor(milliseconds / HOUR);
    return { en: `${hours} h`, zh: `${hours} 小时` };
  }
  const days = Math.floor(milliseconds / DAY);
  return { en: `${days} days`, zh: `${days} 天` };
}

/** What is the same in both languages. */
export function sameText(text: string): Text {
  return { en: text, zh: text };
}

/** The texts one behind the other, each language with its own sign between them. */
export function joinTexts(texts: readonly Text[], between: Text): Text {
  return {
    en: texts.map(({ en }) => en).join(between.en),
    zh: texts.map(({ zh }) => zh).join(between.zh),
  };
}
