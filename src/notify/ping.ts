import type { Secret } from '../secret.ts';
import type { Channel, Limits } from './channel.ts';
import { byteLength, cutToFit } from './fit.ts';
import { post, shownAnswer } from './http.ts';
import { plainText } from './plain-text.ts';

export type PingEvent = 'start' | 'success' | 'fail';

const BODY_BYTES = 10_000;
const PATHS: Readonly<Record<PingEvent, string>> = { start: '/start', success: '', fail: '/fail' };

/** One of the addresses of a check (healthchecks.io/docs/http_api); the message goes along as its body. */
export function createPing(url: Secret, event: PingEvent, limits: Limits): Channel {
  return {
    name: 'ping',
    async send(message, signal) {
      const address = addressOf(url, event);
      const body = cutToFit(plainText(message), BODY_BYTES, byteLength);
      const headers = { 'content-type': 'text/plain; charset=utf-8' };
      const answer = await post(address.href, { body, headers, signal, limits });
      // A check that is addressed by its UUID answers so under HTTP 200, for old clients: "OK (not found)", "OK (rate limited)".
      if (/^OK \(.+\)/.test(answer)) throw new Error(`${address.host}: ${shownAnswer(answer)}`);
    },
  };
}

function addressOf(url: Secret, event: PingEvent): URL {
  const address = new URL(url.reveal());
  address.pathname = `${address.pathname.replace(/\/+$/, '')}${PATHS[event]}`;
  return address;
}
