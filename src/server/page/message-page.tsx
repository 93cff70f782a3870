import type { Text } from '../../language.ts';
import { Layout } from './layout.tsx';
import type { PageContext } from './page-context.ts';

interface MessagePageProps {
  readonly page: PageContext;
  /** The HTTP status. */
  readonly code: number;
  readonly message: string;
  readonly retrySeconds?: number;
}

/** What a browser gets in place of a page. */
export function MessagePage({ page, code, message, retrySeconds }: MessagePageProps) {
  const { say, root } = page;
  return (
    <Layout page={page} title={message} {...(retrySeconds !== undefined && { retrySeconds })}>
      <div class="message">
        <p class="message-code">{code}</p>
        <h1>{message}</h1>
        {HINTS[code] && <p>{say(HINTS[code])}</p>}
        <p>
          <a href={root}>{say(BACK)}</a>
        </p>
      </div>
    </Layout>
  );
}

const BACK = { en: 'To the overview', zh: '返回概览' };
const HINTS: Readonly<Record<number, Text>> = {
  404: {
    en: 'There is no such page, or no report and no record of such a run any more.',
    zh: '没有这个页面，或该运行的报表与记录已不存在。',
  },
  503: {
    en: 'The reports are still being read, or a directory cannot be listed. This page asks again by itself.',
    zh: '仍在读取报表，或有目录无法列出。本页会自动重试。',
  },
};
