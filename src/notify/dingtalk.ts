import { createHmac } from 'node:crypto';
import type { Secret } from '../secret.ts';
import type { Channel, Limits } from './channel.ts';
import { byteLength, writeToFit } from './fit.ts';
import { post } from './http.ts';
import { inMarkdown, markdownParts } from './markdown.ts';
import type { Message } from './message.ts';
import { type AnswerForm, checkRobotAnswer } from './robot-answer.ts';
import { colouredTitle } from './tone.ts';

/** Of the whole body (errcode 460101). */
const BODY_BYTES = 20_000;
const ANSWER: AnswerForm = { codes: ['errcode'], text: 'errmsg', rateLimits: [130101, 410100] };

/** A custom robot of DingTalk (open.dingtalk.com, "custom robot access"): Markdown, signed where there is a secret. */
export function createDingtalk(
  url: Secret,
  secret: Secret | undefined,
  clock: () => Date,
  limits: Limits,
): Channel {
  return {
    name: 'dingtalk',
    async send(message, signal) {
      const address = new URL(url.reveal());
      if (secret !== undefined) {
        const timestamp = String(clock().getTime());
        address.searchParams.set('timestamp', timestamp);
        address.searchParams.set('sign', signature(timestamp, secret));
      }
      const body = writeToFit(message, bodyOf, BODY_BYTES, byteLength);
      const headers = { 'content-type': 'application/json; charset=utf-8' };
      const answer = await post(address.href, { body, headers, signal, limits });
      checkRobotAnswer(address.host, answer, ANSWER);
    },
  };
}

function signature(timestamp: string, secret: Secret): string {
  return createHmac('sha256', secret.reveal()).update(`${timestamp}\n${secret.reveal()}`).digest('base64');
}

function bodyOf(message: Message): string {
  const title = inMarkdown(colouredTitle(message));
  const text = [`#### ${title}`, ...markdownParts(message, '- ')].join('\n\n');
  return JSON.stringify({ msgtype: 'markdown', markdown: { title, text }, at: { isAtAll: false } });
}
