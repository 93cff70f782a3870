import type { TargetContext } from '../../backup/context.ts';
import { type Language, render, type Text, type TextParameters } from '../../language.ts';
import { splitUrl } from '../http/split-url.ts';

/** What every part of a page needs to know of it. */
export interface PageContext {
  readonly language: Language;
  /** Leads from the page's address to the root of the server: `./`, `../`, … */
  readonly root: string;
  /** The page's own address: what follows the last slash, and its parameters. */
  readonly leaf: string;
  readonly query: URLSearchParams;
  /** IANA; of what belongs to no target. */
  readonly zone: string;
  zoneOf(context: TargetContext): string;
  readonly now: Date;
  readonly version: string;
  /** Of the index that the page shows. */
  readonly revision: number;
  say(text: Text, parameters?: TextParameters): string;
}

export interface Asked {
  /** Path and query as they were asked for, without BASE_PATH. */
  readonly url: string;
  readonly language: Language;
}

export function pageContext(
  { url, language }: Asked,
  facts: Pick<PageContext, 'zone' | 'zoneOf' | 'now' | 'version' | 'revision'>,
): PageContext {
  const { path, query } = splitUrl(url);
  const depth = path.split('/').length - 2;
  return {
    ...facts,
    language,
    root: depth > 0 ? '../'.repeat(depth) : './',
    leaf: path.slice(path.lastIndexOf('/') + 1),
    query: new URLSearchParams(query ?? ''),
    say: (text, parameters) => render(text, language, parameters),
  };
}

/** An address below the root, each segment and value escaped; what is undefined is left out. */
export function addressOf(
  { root }: Pick<PageContext, 'root'>,
  segments: readonly string[],
  parameters: Readonly<Record<string, string | undefined>> = {},
): string {
  const query = Object.entries(parameters)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${encoded(value)}`]))
    .join('&');
  return `${root}${segments.map(encoded).join('/')}${query && `?${query}`}`;
}

/** The same page with one parameter changed. */
export function sameAddress({ leaf, query }: PageContext, name: string, value: string): string {
  const changed = new URLSearchParams(query);
  changed.set(name, value);
  return `${leaf === '' ? './' : leaf}?${changed}`;
}

/** A name may hold half a surrogate pair, which no address can. */
function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
