import { createHmac } from 'node:crypto';
import type { TestContext } from 'node:test';
import { type LocalServer, type Received, type Reply, startLocalServer } from './local-server.ts';

export interface FeishuRobot {
  readonly hook: string;
  readonly secret?: string;
  readonly keywords?: readonly string[];
  readonly perMinute?: number;
  /** How old versions answered: StatusCode and StatusMessage, no code. */
  readonly isOld?: boolean;
  readonly now: () => Date;
}

export interface FeishuCard {
  readonly header: {
    readonly template: string;
    readonly title: { readonly tag: string; readonly content: string };
  };
  readonly elements: readonly {
    readonly tag: string;
    readonly text?: { readonly tag: string; readonly content: string };
  }[];
}

/** A custom robot as Feishu documents it: HTTP 200 and a code whatever happens. `shown` are the cards that stand in the group. */
export async function startFeishu(
  t: TestContext,
  robot: FeishuRobot,
): Promise<LocalServer & { readonly url: string; readonly shown: readonly FeishuCard[] }> {
  const shown: FeishuCard[] = [];
  const server = await startLocalServer(t, (request) => {
    const refusal = refuse(robot, request, shown.length);
    if (refusal !== undefined) return refusal;
    shown.push(JSON.parse(request.body).card);
    return robot.isOld
      ? reply({ Extra: null, StatusCode: 0, StatusMessage: 'success' })
      : reply({ code: 0, msg: 'success', data: {}, StatusCode: 0, StatusMessage: 'success' });
  });
  return { ...server, shown, url: `${server.origin}/open-apis/bot/v2/hook/${robot.hook}` };
}

function refuse(robot: FeishuRobot, request: Received, sent: number): Reply | undefined {
  const { method, path, headers, body } = request;
  if (method !== 'POST' || path !== `/open-apis/bot/v2/hook/${robot.hook}`) {
    return error(19001, 'param invalid: incoming webhook access token invalid');
  }
  const isJson = /^application\/json\b/.test(headers['content-type'] ?? '');
  const message = isJson && Buffer.byteLength(body) <= 20 * 1024 ? parse(body) : undefined;
  if (message?.['msg_type'] !== 'interactive') return error(9499, 'Bad Request');
  if (robot.secret !== undefined) {
    const { timestamp, sign } = message as { timestamp?: string; sign?: string };
    const age = Math.abs(Number(timestamp) - robot.now().getTime() / 1000);
    const mac = createHmac('sha256', `${timestamp}\n${robot.secret}`).update(Buffer.alloc(0));
    if (!(age <= 3600) || sign !== mac.digest('base64')) {
      return error(19021, 'sign match fail or timestamp is not within one hour from current time');
    }
  }
  const { keywords = [] } = robot;
  if (keywords.length > 0 && !keywords.some((word) => body.includes(word))) {
    return error(19024, 'Key Words Not Found');
  }
  if (sent >= (robot.perMinute ?? 100))
    return error(11232, 'frequency limited psm[lark.oapi.app_platform_runtime]');
  return undefined;
}

function parse(body: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function error(code: number, msg: string): Reply {
  return reply({ code, msg, data: {} });
}

function reply(value: object): Reply {
  return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) };
}
