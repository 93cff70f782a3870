import { type Language, render } from '../language.ts';
import type { Line, Message } from './message.ts';
import { andMore } from './plain-text.ts';
import { COLON } from './words.ts';

/**
 * Their likes without a meaning, because neither DingTalk nor WeCom documents a way to escape what means something in their Markdown:
 * mentions, links, pictures, tags, entities, emphasis.
 */
const LIKES: Readonly<Record<string, string>> = {
  '<': '＜',
  '>': '＞',
  '[': '［',
  ']': '］',
  '@': '＠',
  '&': '＆',
  '*': '＊',
  '`': '｀',
  '\\': '＼',
};

/** A text from outside inside Markdown; an address in it stays readable and is no link. */
export function inMarkdown(text: string): string {
  return text.replaceAll(/[<>[\]@&*`\\]/g, (sign) => LIKES[sign] ?? sign).replaceAll('://', '：//');
}

/** The parts of a message below its title, each a list of lines that begin with `mark`. */
export function markdownParts(message: Message, mark: string): string[] {
  const { language, sections, lines } = message;
  const parts = sections.map((section) => markdownLines(section, language, mark));
  const more = andMore(message);
  return [...parts, ...(more === undefined ? [] : [`${mark}${more}`]), markdownLines(lines, language, mark)];
}

function markdownLines(lines: readonly Line[], language: Language, mark: string): string {
  return lines
    .map(({ label, value }) => `${mark}${render(COLON, language, { label, value: inMarkdown(value) })}`)
    .join('\n');
}
