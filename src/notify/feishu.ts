import { createHmac } from 'node:crypto';
import type { Secret } from '../secret.ts';
import type { Channel, Limits } from './channel.ts';
import { byteLength, writeToFit } from './fit.ts';
import { post } from './http.ts';
import type { Message } from './message.ts';
import { plainParts } from './plain-text.ts';
import { type AnswerForm, checkRobotAnswer } from './robot-answer.ts';

/** Of the whole body, as documented; the signature is reckoned with. */
const BODY_BYTES = 20 * 1024 - 200;
const ANSWER: AnswerForm = { codes: ['code', 'StatusCode'], text: 'msg', rateLimits: [11232, 11233] };
const COLOURS: Readonly<Record<Message['tone'], string>> = { good: 'green', warning: 'orange', bad: 'red' };

/** A custom robot of Feishu (open.feishu.cn, "custom bot guide"): a card, signed where there is a secret. */
export function createFeishu(
  url: Secret,
  secret: Secret | undefined,
  clock: () => Date,
  limits: Limits,
): Channel {
  return {
    name: 'feishu',
    async send(message, signal) {
      const card = writeToFit(message, cardOf, BODY_BYTES, (written) => byteLength(JSON.stringify(written)));
      const body = JSON.stringify({ ...(secret ? signed(secret, clock()) : {}), ...card });
      const headers = { 'content-type': 'application/json; charset=utf-8' };
      const answer = await post(url.reveal(), { body, headers, signal, limits });
      checkRobotAnswer(new URL(url.reveal()).host, answer, ANSWER);
    },
  };
}

/** Time and secret are the key here, and what is signed is nothing. */
function signed(secret: Secret, now: Date): object {
  const timestamp = String(Math.floor(now.getTime() / 1000));
  const sign = createHmac('sha256', `${timestamp}\n${secret.reveal()}`).digest('base64');
  return { timestamp, sign };
}

/** Made of `plain_text` only, in which nothing has a meaning. */
function cardOf(message: Message): object {
  const texts = plainParts(message).map((content) => ({ tag: 'div', text: { tag: 'plain_text', content } }));
  const elements = texts.flatMap((text, index) => (index === 0 ? [text] : [{ tag: 'hr' }, text]));
  const title = { tag: 'plain_text', content: message.title };
  return {
    msg_type: 'interactive',
    card: {
      config: { wide_screen_mode: true },
      header: { template: COLOURS[message.tone], title },
      elements,
    },
  };
}
