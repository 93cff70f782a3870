import type { Secret } from '../secret.ts';
import type { Channel, Limits } from './channel.ts';
import { byteLength, writeToFit } from './fit.ts';
import { post } from './http.ts';
import { inMarkdown, markdownParts } from './markdown.ts';
import type { Message } from './message.ts';
import { type AnswerForm, checkRobotAnswer } from './robot-answer.ts';

/** Of `markdown.content` (errcode 40058). */
const CONTENT_BYTES = 4096;
const ANSWER: AnswerForm = { codes: ['errcode'], text: 'errmsg', rateLimits: [45009, 45033] };
const COLOURS: Readonly<Record<Message['tone'], string>> = {
  good: 'info',
  warning: 'warning',
  bad: 'warning',
};

/** A group robot of WeCom (developer.work.weixin.qq.com, document 91770): Markdown. */
export function createWecom(url: Secret, limits: Limits): Channel {
  return {
    name: 'wecom',
    async send(message, signal) {
      const content = writeToFit(message, contentOf, CONTENT_BYTES, byteLength);
      const body = JSON.stringify({ msgtype: 'markdown', markdown: { content } });
      const headers = { 'content-type': 'application/json' };
      const answer = await post(url.reveal(), { body, headers, signal, limits });
      checkRobotAnswer(new URL(url.reveal()).host, answer, ANSWER);
    },
  };
}

function contentOf(message: Message): string {
  const title = `**<font color="${COLOURS[message.tone]}">${inMarkdown(message.title)}</font>**`;
  return [title, ...markdownParts(message, '> ')].join('\n\n');
}
