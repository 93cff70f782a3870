import type { TestContext } from 'node:test';
import { type LocalServer, type Received, type Reply, startLocalServer } from './local-server.ts';

export interface SlackMessage {
  readonly text: string;
  readonly blocks: readonly {
    readonly type: string;
    readonly text: { readonly type: string; readonly text: string };
  }[];
}

export const SLACK_PATH = '/services/T00000000/B00000000/';

/** An incoming webhook as Slack documents it: `ok`, or an error as plain text with a 4xx status. `shown` is what stands in the channel. */
export async function startSlack(
  t: TestContext,
  token: string,
  channel: 'open' | 'archived' | 'restricted' = 'open',
): Promise<LocalServer & { readonly url: string; readonly shown: readonly SlackMessage[] }> {
  const shown: SlackMessage[] = [];
  const server = await startLocalServer(t, (request) => {
    const refusal = refuse(request, `${SLACK_PATH}${token}`);
    if (refusal !== undefined) return refusal;
    if (channel === 'archived') return { status: 410, body: 'channel_is_archived' };
    if (channel === 'restricted') return { status: 403, body: 'action_prohibited' };
    shown.push(JSON.parse(request.body));
    return { body: 'ok' };
  });
  return { ...server, shown, url: `${server.origin}${SLACK_PATH}${token}` };
}

const LIMITS: Readonly<Record<string, number>> = { header: 150, section: 3000 };

function refuse({ method, path, body }: Received, hook: string): Reply | undefined {
  if (!path.startsWith(SLACK_PATH)) return { status: 404, body: 'no_service' };
  if (path !== hook) return { status: 403, body: 'invalid_token' };
  const message = method === 'POST' ? parse(body) : undefined;
  if (message === undefined) return { status: 400, body: 'invalid_payload' };
  if (!message.text) return { status: 400, body: 'no_text' };
  const areBlocksGood =
    message.blocks.length <= 50 &&
    message.blocks.every(({ type, text }) => text.text.length > 0 && text.text.length <= (LIMITS[type] ?? 0));
  return areBlocksGood ? undefined : { status: 400, body: 'invalid_blocks' };
}

function parse(body: string): SlackMessage | undefined {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
