import type { Text } from '../../language.ts';
import { scheduleEntries } from '../../schedule/entries.ts';
import type { Reply, Request } from '../http/app.ts';
import { splitUrl } from '../http/split-url.ts';
import type { Site } from '../overview/site.ts';
import { chooseLanguage, languageCookie } from '../page/choose-language.ts';
import { draw, htmlText, PAGE_POLICY, type Page } from '../page/html.ts';
import { importPage } from '../page/import-page.ts';
import { type PageContext, pageContext } from '../page/page-context.ts';

/** How pages are asked for and answered. */
export interface Pages {
  contextOf(request: Request): PageContext;
  send(request: Request, reply: Reply, status: number, page: Page): Reply;
  /** A page that says no more than that; after `retrySeconds` it asks again. */
  sendMessage(request: Request, reply: Reply, status: number, text: Text, retrySeconds?: number): Reply;
}

/** @throws PgBackupError SETTINGS_INVALID for a time zone that is none */
export function createPages(site: Site, basePath: string): Pages {
  const zones = new Map(site.contexts.map((context) => [context, scheduleEntries(context)[0].zone]));
  const [first] = site.contexts;
  const zone = (first && zones.get(first)) ?? 'UTC';
  const contextOf = ({ url, headers }: Request): PageContext => {
    const wishes = {
      query: languageIn(url),
      cookies: headers.cookie,
      accepted: headers['accept-language'],
    };
    return pageContext(
      { url, language: chooseLanguage(wishes, site.language) },
      {
        zone,
        zoneOf: (context) => zones.get(context) ?? zone,
        now: first?.clock() ?? new Date(),
        version: site.version,
        revision: site.followed.index.revision,
      },
    );
  };
  const send = ({ url }: Request, reply: Reply, status: number, page: Page): Reply => {
    const cookie = languageCookie(languageIn(url), basePath || '/');
    if (cookie !== undefined) reply.header('set-cookie', cookie);
    return reply
      .status(status)
      .header('content-security-policy', PAGE_POLICY)
      .header('vary', 'accept, accept-language, cookie')
      .type('text/html; charset=utf-8')
      .send(htmlText(page));
  };
  return {
    contextOf,
    send,
    sendMessage(request, reply, status, text, retrySeconds) {
      const page = contextOf(request);
      const message = { page, code: status, message: page.say(text) };
      const again = retrySeconds === undefined ? {} : { retrySeconds };
      importPage.message().then(
        (MessagePage) => send(request, reply, status, draw(MessagePage, { ...message, ...again })),
        (error) => reply.send(error),
      );
      return reply;
    },
  };
}

/** Whether a browser asks for something that is no data. */
export function wantsPage({ url, headers }: Request): boolean {
  const { path } = splitUrl(url);
  if (path.startsWith('/api/') || DATA.includes(path)) return false;
  return (headers.accept ?? '').includes('text/html');
}

const DATA: readonly string[] = ['/metrics', '/openapi.json', '/healthz', '/livez', '/readyz'];

function languageIn(url: string): string | undefined {
  return new URLSearchParams(splitUrl(url).query ?? '').get('lang') ?? undefined;
}
