import type { Message } from './message.ts';

const SIGNS: Readonly<Record<Message['tone'], string>> = { good: '🟢', warning: '🟡', bad: '🔴' };

/** The title with a colour before it, for services whose messages have none of their own. */
export function colouredTitle({ tone, title }: Message): string {
  return `${SIGNS[tone]} ${title}`;
}
