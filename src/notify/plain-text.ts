import { type Language, render } from '../language.ts';
import type { Line, Message } from './message.ts';
import { AND_MORE, COLON } from './words.ts';

/** The whole message as people read it where nothing is marked up. */
export function plainText(message: Message): string {
  return `${[message.title, ...plainParts(message)].join('\n\n')}\n`;
}

/** The message without its title, one text for each database and one for the rest. */
export function plainParts(message: Message): string[] {
  const { language } = message;
  const parts = message.sections.map((lines) => plainLines(lines, language));
  const more = andMore(message);
  return [...parts, ...(more === undefined ? [] : [more]), plainLines(message.lines, language)];
}

/** How many databases are not named; undefined where all of them are. */
export function andMore({ unnamed, language }: Message): string | undefined {
  return unnamed === 0 ? undefined : render(AND_MORE, language, { count: unnamed });
}

function plainLines(lines: readonly Line[], language: Language): string {
  return lines.map(({ label, value }) => render(COLON, language, { label, value })).join('\n');
}
