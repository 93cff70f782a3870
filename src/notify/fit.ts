import { cutBetweenWords } from '../scrub.ts';
import type { Message } from './message.ts';

const MARK = ' …';
/** Of one value. */
const LENGTHS = [1000, 500, 250, 120, 60];

export function byteLength(text: string): number {
  return Buffer.byteLength(text);
}

/** The longest beginning of a text that measures no more than `limit`, cut between words, with a mark where it was cut. */
export function cutToFit(text: string, limit: number, measure: (text: string) => number): string {
  if (measure(text) <= limit) return text;
  let fits = 0;
  let tooLong = text.length;
  while (tooLong - fits > 1) {
    const middle = Math.floor((fits + tooLong) / 2);
    if (measure(cut(text, middle)) <= limit) fits = middle;
    else tooLong = middle;
  }
  return cut(text, fits);
}

/** What `write` makes of the message, with as much of it left out as is needed to measure no more than `limit`: first of long values, then of databases. */
export function writeToFit<T>(
  message: Message,
  write: (message: Message) => T,
  limit: number,
  measure: (written: T) => number,
): T {
  let written = write(message);
  for (const shorter of shorterOnes(message)) {
    if (measure(written) <= limit) return written;
    written = write(shorter);
  }
  return written;
}

function* shorterOnes(message: Message): Generator<Message> {
  let shorter = message;
  for (const length of LENGTHS) {
    shorter = withShortValues(message, length);
    yield shorter;
  }
  const { sections, unnamed } = shorter;
  for (let named = sections.length - 1; named >= 0; named -= 1) {
    yield { ...shorter, sections: sections.slice(0, named), unnamed: unnamed + sections.length - named };
  }
}

function withShortValues(message: Message, length: number): Message {
  const shorten = (lines: Message['lines']): Message['lines'] =>
    lines.map(({ label, value }) => ({ label, value: cutToFit(value, length, (text) => text.length) }));
  return { ...message, sections: message.sections.map(shorten), lines: shorten(message.lines) };
}

function cut(text: string, maximumCharacters: number): string {
  const words = cutBetweenWords(text, maximumCharacters, 'beginning');
  // Chinese has no blanks to cut at; what is no Chinese is not cut inside here either.
  const signs = text.slice(0, maximumCharacters).replace(/[^\p{Script=Han}，。；：、）]*$/u, '');
  return `${signs.length > words.length ? signs : words}${MARK}`.trimStart();
}
