import { type Language, render, type Text } from '../../language.ts';
import type { Reply, Request } from './app.ts';

/** What every answer that is no success looks like. */
export interface RefusalBody {
  readonly code: number;
  readonly message: string;
}

/** The body for an HTTP status; it tells nobody what went wrong inside. */
export function refusalBody(code: number, language: Language, text?: Text): RefusalBody {
  return { code, message: render(text ?? TEXTS.get(code) ?? fallback(code), language) };
}

/** Answers with a refusal in place of a result. */
export function refuse(reply: Reply, code: number, language: Language, text?: Text): Reply {
  return reply
    .status(code)
    .type('application/json; charset=utf-8')
    .send(refusalBody(code, language, text));
}

/** Answers a request with a refusal: a browser that asked for a page gets one. */
export type Refuse = (request: Request, reply: Reply, code: number, text?: Text) => Reply;
/** undefined for whoever asked for data. */
export type RefusePage = (request: Request, reply: Reply, code: number, text: Text) => Reply | undefined;

export function createRefuse(language: Language, refusePage: RefusePage | undefined): Refuse {
  return (request, reply, code, text) =>
    refusePage?.(request, reply, code, text ?? TEXTS.get(code) ?? fallback(code)) ??
    refuse(reply, code, language, text);
}

const INTERNAL = 500;

function fallback(code: number): Text {
  return code < INTERNAL ? BAD_REQUEST : { en: 'Internal error', zh: '内部错误' };
}

const BAD_REQUEST: Text = { en: 'Bad request', zh: '请求有误' };
const TEXTS: ReadonlyMap<number, Text> = new Map([
  [401, { en: 'A token is needed', zh: '需要令牌' }],
  [404, { en: 'Not found', zh: '未找到' }],
  [405, { en: 'Only GET and HEAD', zh: '仅支持 GET 与 HEAD' }],
  [408, { en: 'Too slow', zh: '请求过慢' }],
  [413, { en: 'Too large', zh: '请求过大' }],
  [414, { en: 'The address is too long', zh: '地址过长' }],
  [421, { en: 'Not asked under an allowed name', zh: '不允许以该主机名访问' }],
  [429, { en: 'Too many requests', zh: '请求过多' }],
  [431, { en: 'The header is too large', zh: '请求头过大' }],
  [503, { en: 'Not ready yet', zh: '尚未就绪' }],
]);
