import { createHmac } from 'node:crypto';
import type { TestContext } from 'node:test';
import { type LocalServer, type Received, type Reply, startLocalServer } from './local-server.ts';

export interface DingtalkRobot {
  readonly token: string;
  readonly secret?: string;
  /** At least one of them must stand in the text. */
  readonly keywords?: readonly string[];
  /** Messages in a minute. */
  readonly perMinute?: number;
  readonly now: () => Date;
}

export interface DingtalkMessage {
  readonly msgtype: string;
  readonly markdown: { readonly title: string; readonly text: string };
  readonly at?: { readonly isAtAll?: boolean };
}

/** A custom robot as DingTalk documents it: HTTP 200 and an errcode whatever happens. `shown` is what stands in the group. */
export async function startDingtalk(
  t: TestContext,
  robot: DingtalkRobot,
): Promise<LocalServer & { readonly url: string; readonly shown: readonly DingtalkMessage[] }> {
  const shown: DingtalkMessage[] = [];
  const server = await startLocalServer(t, (request) => {
    const refusal = refuse(robot, request, shown.length);
    if (refusal !== undefined) return refusal;
    shown.push(JSON.parse(request.body));
    return answer(0, 'ok');
  });
  return { ...server, shown, url: `${server.origin}/robot/send?access_token=${robot.token}` };
}

const HOUR_MILLISECONDS = 60 * 60 * 1000;

function refuse(robot: DingtalkRobot, request: Received, sent: number): Reply | undefined {
  const { method, path, query, headers, body } = request;
  if (method !== 'POST' || path !== '/robot/send') return { status: 404, body: '' };
  if (query.get('access_token') !== robot.token) return answer(300001, 'token is not exist');
  if (Buffer.byteLength(body) > 20_000) {
    return answer(460101, 'description: body 大小不合法;solution:请保持大小在 20000bytes 以内;');
  }
  if (!/^application\/json\b/.test(headers['content-type'] ?? ''))
    return answer(43004, 'invalid Content-Type');
  if (robot.secret !== undefined) {
    const timestamp = query.get('timestamp') ?? '';
    if (Math.abs(Number(timestamp) - robot.now().getTime()) > HOUR_MILLISECONDS) {
      return answer(310000, 'invalid timestamp');
    }
    const mac = createHmac('sha256', robot.secret);
    mac.update(`${timestamp}\n${robot.secret}`);
    if (query.get('sign') !== mac.digest('base64')) return answer(310000, 'sign not match');
  }
  const message = parse(body);
  if (message?.msgtype !== 'markdown' || !message.markdown?.title || !message.markdown.text) {
    return answer(40035, '缺少参数 json');
  }
  const { keywords = [] } = robot;
  const { text } = message.markdown;
  if (keywords.length > 0 && !keywords.some((word) => text.includes(word))) {
    return answer(310000, 'keywords not in content');
  }
  if (sent >= (robot.perMinute ?? 20)) return answer(130101, 'send too fast, exceed 20 times per minute');
  return undefined;
}

function parse(body: string): DingtalkMessage | undefined {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function answer(errcode: number, errmsg: string): Reply {
  return { headers: { 'content-type': 'application/json' }, body: JSON.stringify({ errcode, errmsg }) };
}
