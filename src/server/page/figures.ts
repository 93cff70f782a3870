import prettyBytes from 'pretty-bytes';
import { fillIn, type Language, type Text } from '../../language.ts';
import { humanDuration } from '../../notify/figures.ts';
import { durationText } from '../../schedule/time-text.ts';

/** For what is not known. */
export const UNKNOWN = '—';

/** `1.23 GB`. */
export function bytesText(bytes: number | null | undefined): string {
  return typeof bytes === 'number' && Number.isFinite(bytes) ? prettyBytes(bytes) : UNKNOWN;
}

/** `3 min 05 s`. */
export function secondsText(seconds: number | null | undefined, language: Language): string {
  const isKnown = typeof seconds === 'number' && Number.isFinite(seconds) && seconds >= 0;
  return isKnown ? humanDuration(seconds, language) : UNKNOWN;
}

export function countText(count: number, language: Language): string {
  return Number.isFinite(count) ? count.toLocaleString(localeOf(language)) : UNKNOWN;
}

/** `2027-01-10 20:00`, in the zone. */
export function timeText(at: Date, zone: string, seconds: 'with seconds' | '' = ''): string {
  const parts = formatterOf(zone).formatToParts(at);
  const part = (type: Intl.DateTimeFormatPartTypes): string =>
    parts.find((candidate) => candidate.type === type)?.value ?? '';
  const time = `${part('hour')}:${part('minute')}${seconds && `:${part('second')}`}`;
  return `${part('year')}-${part('month')}-${part('day')} ${time}`;
}

/** `2027-01-10`, in the zone. */
export function dayText(at: Date, zone: string): string {
  return timeText(at, zone).slice(0, -' 00:00'.length);
}

export function localeOf(language: Language): string {
  return language === 'zh' ? 'zh-CN' : 'en-GB';
}

/** How far `at` lies before or after now. */
export function distanceText(at: Date, now: Date): Text {
  const distance = at.getTime() - now.getTime();
  if (Math.abs(distance) < MINUTE) return NOW;
  return fillIn(distance < 0 ? AGO : AHEAD, { length: durationText(Math.abs(distance)) });
}

const MINUTE = 60_000;
const NOW: Text = { en: 'just now', zh: '刚刚' };
const AGO: Text = { en: '{length} ago', zh: '{length}前' };
const AHEAD: Text = { en: 'in {length}', zh: '{length}后' };

const formatters = new Map<string, Intl.DateTimeFormat>();

/** To make one takes longer than to use it a thousand times. */
function formatterOf(zone: string): Intl.DateTimeFormat {
  const known = formatters.get(zone);
  if (known) return known;
  const made = new Intl.DateTimeFormat('en', {
    timeZone: zone,
    hourCycle: 'h23',
    ...{ year: 'numeric', month: '2-digit', day: '2-digit' },
    ...{ hour: '2-digit', minute: '2-digit', second: '2-digit' },
  });
  formatters.set(zone, made);
  return made;
}
