import type { Language } from '../../language.ts';

export interface LanguageWishes {
  /** `?lang=` */
  readonly query: string | undefined;
  /** The `Cookie` header. */
  readonly cookies: string | undefined;
  /** The `Accept-Language` header. */
  readonly accepted: string | undefined;
}

const COOKIE = 'lang';
const YEAR_SECONDS = 365 * 24 * 60 * 60;

/** What was asked for in the address, else what was chosen before, else what the browser wishes, else the server's own. */
export function chooseLanguage({ query, cookies, accepted }: LanguageWishes, own: Language): Language {
  return known(query) ?? known(cookieOf(cookies)) ?? acceptedLanguage(accepted) ?? own;
}

/** What remembers a choice, for the `Set-Cookie` header; undefined where the address makes none. */
export function languageCookie(query: string | undefined, path: string): string | undefined {
  const language = known(query);
  return language && `${COOKIE}=${language}; Path=${path}; Max-Age=${YEAR_SECONDS}; SameSite=Lax; HttpOnly`;
}

function known(language: string | undefined): Language | undefined {
  return language === 'en' || language === 'zh' ? language : undefined;
}

function cookieOf(header = ''): string | undefined {
  const pairs = header.split(';').map((pair) => pair.trim().split('='));
  return pairs.find(([name]) => name === COOKIE)?.[1];
}

/** The one of highest quality; of equals the first (RFC 9110, 12.5.4). */
function acceptedLanguage(header = ''): Language | undefined {
  const wishes = header.split(',').map((wish) => {
    const [tag = '', ...parameters] = wish.trim().toLowerCase().split(';');
    const quality = parameters
      .map((one) => /^\s*q=([\d.]+)$/.exec(one)?.[1])
      .find((one) => one !== undefined);
    return { language: known(tag.trim().split('-')[0]), quality: Number(quality ?? 1) };
  });
  return wishes
    .filter(({ language, quality }) => language && quality > 0)
    .sort((a, b) => b.quality - a.quality)[0]?.language;
}
