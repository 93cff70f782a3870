import type { Secret } from '../secret.ts';
import type { Channel, Limits } from './channel.ts';
import { cutToFit } from './fit.ts';
import { post, shownAnswer } from './http.ts';
import type { Message } from './message.ts';
import { plainParts } from './plain-text.ts';
import { colouredTitle } from './tone.ts';

/** Of a header and of a text in a section (docs.slack.dev, Block Kit). */
const HEADER_CHARACTERS = 150;
const SECTION_CHARACTERS = 3000;

/** An incoming webhook of Slack: blocks of `plain_text`; it answers `ok`, or an error as text with another status. */
export function createSlack(url: Secret, limits: Limits): Channel {
  return {
    name: 'slack',
    async send(message, signal) {
      const headers = { 'content-type': 'application/json; charset=utf-8' };
      const answer = await post(url.reveal(), { body: bodyOf(message), headers, signal, limits });
      if (answer.trim() !== 'ok') throw new Error(`${new URL(url.reveal()).host}: ${shownAnswer(answer)}`);
    },
  };
}

function bodyOf(message: Message): string {
  const title = colouredTitle(message);
  return JSON.stringify({
    // Where blocks are not shown, as in a notification of the phone.
    text: escaped(title, SECTION_CHARACTERS),
    mrkdwn: false,
    link_names: false,
    unfurl_links: false,
    unfurl_media: false,
    blocks: [
      { type: 'header', text: plain(escaped(title, HEADER_CHARACTERS)) },
      ...plainParts(message).map((part) => ({
        type: 'section',
        text: plain(escaped(part, SECTION_CHARACTERS)),
      })),
    ],
  });
}

function plain(text: string): object {
  return { type: 'plain_text', text, emoji: false };
}

/** The three signs that Slack wants escaped in every text; they begin mentions and links. */
function escaped(text: string, limit: number): string {
  return escapeSigns(cutToFit(text, limit, (cut) => escapeSigns(cut).length));
}

function escapeSigns(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
