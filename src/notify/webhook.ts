import type { Secret } from '../secret.ts';
import type { Channel, Limits } from './channel.ts';
import { post } from './http.ts';
import type { Message } from './message.ts';
import { plainText } from './plain-text.ts';

/** A receiver of one's own: our JSON, signed as Standard Webhooks 1.0.0 says; any 2xx answer is success. */
export function createWebhook(url: Secret, secret: Secret, clock: () => Date, limits: Limits): Channel {
  return {
    name: 'webhook',
    async send(message, signal) {
      const { Webhook } = await import('standardwebhooks');
      const id = `msg_${crypto.randomUUID().replaceAll('-', '')}`;
      const now = clock();
      const body = JSON.stringify(payloadOf(message));
      const headers = {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
        'webhook-signature': new Webhook(secret.reveal()).sign(id, now, body),
      };
      await post(url.reveal(), { body, headers, signal, limits });
    },
  };
}

/** Documented in docs/notifications.md; fields may be added, none may change its meaning. */
function payloadOf(message: Message): object {
  const { type, language, sentAt, title, data } = message;
  return {
    version: 1,
    type,
    timestamp: sentAt.toISOString(),
    language,
    title,
    text: plainText(message),
    data,
  };
}
