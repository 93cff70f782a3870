import { type Language, render, type Text } from '../language.ts';
import { OSS_ERRORS, OSS_ERRORS_BY_EC, type OssErrorMeaning, UNKNOWN_OSS_ERROR } from './oss-error-table.ts';

/** The page of the errors of OSS in one language, as Markdown. */
export function ossErrorsPage(language: Language): string {
  const say = (text: Text): string => render(text, language);
  const row = (code: string, { meaning, remedy }: OssErrorMeaning): string =>
    `| ${code} | ${say(meaning)} | ${say(remedy)} |`;
  const rows = [
    ...Object.entries(OSS_ERRORS).map(([code, entry]) => row(`\`${code}\``, entry)),
    ...Object.entries(OSS_ERRORS_BY_EC).map(([ec, entry]) =>
      row(`EC \`${ec}${ec.endsWith('-') ? '…' : ''}\``, entry),
    ),
    row(say(ANY_OTHER), UNKNOWN_OSS_ERROR),
  ];
  return [say(HEADING), '', say(TABLE_HEADING), '| --- | --- | --- |', ...rows, ''].join('\n');
}

const HEADING: Text = {
  en: `# Errors of OSS

Generated from \`src/storage/oss-error-table.ts\` by \`npm run generate\`.

A message names the code of OSS, what it means, the HTTP status, the RequestId and the EC; support asks for the last two. The body of an
answer is never shown: it can repeat keys and what was signed. Faults that pass (no connection, a timeout, 5xx, 408, 429) are tried again
before they are reported; a refusal is reported at once. The codes from \`HostNotFound\` on are our own, for what happens without an answer.`,
  zh: `# OSS 错误

由 \`npm run generate\` 根据 \`src/storage/oss-error-table.ts\` 生成。

错误消息包含 OSS 错误码、含义、HTTP 状态、RequestId 与 EC；联系支持时请提供后两者。应答正文从不显示：其中可能含有密钥与待签名内容。
暂时性故障（无连接、超时、5xx、408、429）会先重试再报告；拒绝则立即报告。自 \`HostNotFound\` 起为本程序自有的代码，表示未得到应答的情况。`,
};
const TABLE_HEADING: Text = {
  en: '| Code | What it means | What to do |',
  zh: '| 错误码 | 含义 | 处理办法 |',
};
const ANY_OTHER: Text = { en: 'any other', zh: '其他' };
