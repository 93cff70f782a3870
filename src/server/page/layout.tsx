import { timeText } from './figures.ts';
import type { Content } from './html.ts';
import { addressOf, type PageContext, sameAddress } from './page-context.ts';

export interface LayoutProps {
  readonly page: PageContext;
  /** Before the name of the program. */
  readonly title: string;
  /** Which link of the navigation leads here. */
  readonly here?: 'overview' | 'runs';
  /** When everything was looked at the last time. */
  readonly scannedAt?: Date | undefined;
  /** After so many seconds the page is asked for again, without any script. */
  readonly retrySeconds?: number;
  readonly children: Content;
}

/** What all pages have around their content. */
export function Layout({ page, title, here, scannedAt, retrySeconds, children }: LayoutProps) {
  const { root, say } = page;
  return (
    <html lang={page.language === 'zh' ? 'zh-CN' : 'en'}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        {retrySeconds !== undefined && <meta http-equiv="refresh" content={String(retrySeconds)} />}
        <title>{`${title} · pg-backup`}</title>
        <link rel="icon" type="image/svg+xml" href={`${root}favicon.svg`} />
        <link rel="stylesheet" href={`${root}charts.css`} />
        <link rel="stylesheet" href={`${root}page.css`} />
        {retrySeconds === undefined && <script type="module" src={`${root}live.js`} />}
      </head>
      <body>
        <a class="skip" href="#content">
          {say(SKIP)}
        </a>
        <header class="top">
          <a class="brand" href={root}>
            <svg viewBox="0 0 24 24" aria-hidden="true">
              <path class="brand-shield" d="M12 2l8 3v6c0 5-3.4 9.2-8 11-4.6-1.8-8-6-8-11V5z" />
              <path class="brand-check" d="M8 12l3 3 5-6" />
            </svg>
            <span>pg-backup</span>
          </a>
          <nav class="pages" aria-label={say(NAVIGATION)}>
            <a href={root} aria-current={here === 'overview' ? 'page' : undefined}>
              {say(OVERVIEW)}
            </a>
            <a href={addressOf(page, ['runs'])} aria-current={here === 'runs' ? 'page' : undefined}>
              {say(RUNS)}
            </a>
          </nav>
          <nav class="pages languages" aria-label={say(LANGUAGE)}>
            <LanguageLink page={page} language="en" name="English" />
            <LanguageLink page={page} language="zh" name="中文" />
          </nav>
        </header>
        <main id="content" tabIndex={-1} data-revision={page.revision}>
          {children}
        </main>
        <p id="live" class="live" role="status" data-lost={say(LOST)} />
        {here && <Foot page={page} scannedAt={scannedAt} />}
      </body>
    </html>
  );
}

function LanguageLink({
  page,
  language,
  name,
}: {
  readonly page: PageContext;
  readonly language: PageContext['language'];
  readonly name: string;
}) {
  const isHere = page.language === language;
  return (
    <a
      href={sameAddress(page, 'lang', language)}
      lang={language === 'zh' ? 'zh-CN' : 'en'}
      hreflang={language}
      aria-current={isHere ? 'true' : undefined}
    >
      {name}
    </a>
  );
}

function Foot({ page, scannedAt }: Pick<LayoutProps, 'page' | 'scannedAt'>) {
  const { say, zone } = page;
  return (
    <footer class="foot">
      <p>
        {say(AS_OF, { time: timeText(page.now, zone), zone })}
        {scannedAt && ` · ${say(SCANNED, { time: timeText(scannedAt, zone, 'with seconds') })}`}
      </p>
      <p>
        <a href={addressOf(page, ['api'])}>API</a> · pg-backup {page.version}
      </p>
    </footer>
  );
}

const SKIP = { en: 'Skip to the content', zh: '跳到正文' };
const NAVIGATION = { en: 'Pages', zh: '页面' };
const OVERVIEW = { en: 'Overview', zh: '概览' };
const RUNS = { en: 'Runs', zh: '运行记录' };
const LANGUAGE = { en: 'Language', zh: '语言' };
const LOST = {
  en: 'The connection is lost: what you see may be old. Trying again …',
  zh: '连接已断开，页面内容可能已过时。正在重试……',
};
const AS_OF = { en: 'As of {time}; times in {zone}', zh: '截至 {time}；时间为 {zone} 时区' };
const SCANNED = { en: 'last looked through at {time}', zh: '最近一次扫描 {time}' };
