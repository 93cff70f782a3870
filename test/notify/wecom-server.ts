import type { TestContext } from 'node:test';
import { type LocalServer, type Received, type Reply, startLocalServer } from './local-server.ts';

export interface WecomRobot {
  readonly key: string;
  readonly perMinute?: number;
}

/** A group robot as WeCom documents it: HTTP 200 and an errcode whatever happens. `shown` is the Markdown that stands in the group. */
export async function startWecom(
  t: TestContext,
  robot: WecomRobot,
): Promise<LocalServer & { readonly url: string; readonly shown: readonly string[] }> {
  const shown: string[] = [];
  const server = await startLocalServer(t, (request) => {
    const refusal = refuse(robot, request, shown.length);
    if (refusal !== undefined) return refusal;
    shown.push(JSON.parse(request.body).markdown.content);
    return answer(0, 'ok');
  });
  return { ...server, shown, url: `${server.origin}/cgi-bin/webhook/send?key=${robot.key}` };
}

function refuse(robot: WecomRobot, { method, path, query, body }: Received, sent: number): Reply | undefined {
  if (method !== 'POST' || path !== '/cgi-bin/webhook/send') return { status: 404, body: '' };
  if (query.get('key') !== robot.key) {
    return answer(93000, 'invalid webhook url, hint: [1620132870_51_88bf], from ip: 10.0.0.1');
  }
  const message = parse(body);
  if (message?.msgtype !== 'markdown') return answer(40008, 'invalid message type');
  const bytes = Buffer.byteLength(message.markdown?.content ?? '');
  if (bytes === 0) return answer(44004, 'empty content');
  if (bytes > 4096)
    return answer(40058, 'markdown.content exceed max length 4096. invalid Request Parameter');
  if (sent >= (robot.perMinute ?? 20)) return answer(45009, 'api freq out of limit');
  return undefined;
}

function parse(body: string): { msgtype?: string; markdown?: { content?: string } } | undefined {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function answer(errcode: number, errmsg: string): Reply {
  return { headers: { 'content-type': 'application/json' }, body: JSON.stringify({ errcode, errmsg }) };
}
