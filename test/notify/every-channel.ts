import type { TestContext } from 'node:test';
import { startDingtalk } from './dingtalk-server.ts';
import { startFeishu } from './feishu-server.ts';
import { startHealthchecks } from './healthchecks-server.ts';
import { startMailServer } from './mail-server.ts';
import { startSlack } from './slack-server.ts';
import { NOW } from './start-notifier.ts';
import { startReceiver } from './webhook-receiver.ts';
import { startWecom } from './wecom-server.ts';

/** Each part of the settings that nobody may see holds this word. */
export const CANARY = /c4nary|YzRuYXJ5/;
export const WEBHOOK_SECRET = `whsec_${Buffer.from('c4nary-webhook-secret-c4nary').toString('base64')}`;

/** A server of every kind, each of which takes what it gets, and the settings for all of them. */
export async function startEveryChannel(t: TestContext) {
  const now = () => NOW;
  const dingtalk = await startDingtalk(t, { token: 'c4nary-dingtalk', secret: 'SECc4nary', now });
  const feishu = await startFeishu(t, { hook: 'c4nary-feishu', secret: 'c4nary-secret', now });
  const wecom = await startWecom(t, { key: 'c4nary-wecom' });
  const slack = await startSlack(t, 'c4nary-slack');
  const webhook = await startReceiver(t, WEBHOOK_SECRET, now);
  const email = await startMailServer(t, { password: 'c4nary-password' });
  const checks = await startHealthchecks(t, { uuid: 'c4nary-uuid' });
  const variables = {
    NOTIFY_DINGTALK_URL: dingtalk.url,
    NOTIFY_DINGTALK_SECRET: 'SECc4nary',
    NOTIFY_FEISHU_URL: feishu.url,
    NOTIFY_FEISHU_SECRET: 'c4nary-secret',
    NOTIFY_WECOM_URL: wecom.url,
    NOTIFY_SLACK_URL: slack.url,
    NOTIFY_WEBHOOK_URL: `${webhook.url}?token=c4nary-query`,
    NOTIFY_WEBHOOK_SECRET: WEBHOOK_SECRET,
    NOTIFY_SMTP_URL: `smtp://backup:c4nary-password@127.0.0.1:${email.port}`,
    NOTIFY_EMAIL_FROM: 'backup@example.com',
    NOTIFY_EMAIL_TO: 'dba@example.com',
    NOTIFY_PING_URL: `${checks.origin}/c4nary-uuid`,
  };
  return { variables, dingtalk, feishu, wecom, slack, webhook, email, checks };
}
