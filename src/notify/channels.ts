import type { Settings } from '../config/settings.ts';
import { createScrub, type Scrub } from '../scrub.ts';
import type { Secret } from '../secret.ts';
import type { Channel, Limits } from './channel.ts';
import { createDingtalk } from './dingtalk.ts';
import { createEmail } from './email.ts';
import { createFeishu } from './feishu.ts';
import { createPing, type PingEvent } from './ping.ts';
import { createSlack } from './slack.ts';
import { urlSecrets } from './url-secrets.ts';
import { createWebhook } from './webhook.ts';
import { createWecom } from './wecom.ts';

/** The channels that the settings name, without the ping, which is told other things. */
export function createChannels(settings: Settings, clock: () => Date, limits: Limits): Channel[] {
  const { NOTIFY_SLACK_URL: slack, NOTIFY_WECOM_URL: wecom } = settings;
  const { NOTIFY_DINGTALK_URL: dingtalk, NOTIFY_DINGTALK_SECRET: dingtalkSecret } = settings;
  const { NOTIFY_FEISHU_URL: feishu, NOTIFY_FEISHU_SECRET: feishuSecret } = settings;
  const { NOTIFY_WEBHOOK_URL: webhook, NOTIFY_WEBHOOK_SECRET: webhookSecret } = settings;
  const { NOTIFY_SMTP_URL: smtp, NOTIFY_EMAIL_FROM: from, NOTIFY_EMAIL_TO: to } = settings;
  return [
    dingtalk && createDingtalk(dingtalk, dingtalkSecret, clock, limits),
    feishu && createFeishu(feishu, feishuSecret, clock, limits),
    wecom && createWecom(wecom, limits),
    slack && createSlack(slack, limits),
    webhook && webhookSecret && createWebhook(webhook, webhookSecret, clock, limits),
    smtp && from && to && createEmail(smtp, { from, to }, limits),
  ].filter((channel) => channel !== undefined && channel !== '');
}

/** The check that the settings name; undefined where they name none. */
export function createPingChannel(settings: Settings, event: PingEvent, limits: Limits): Channel | undefined {
  return settings.NOTIFY_PING_URL && createPing(settings.NOTIFY_PING_URL, event, limits);
}

/** Replaces every secret of the channels, also where a service quotes a part of its address. */
export function channelScrub(settings: Settings): Scrub {
  const urls: readonly (Secret | undefined)[] = [
    settings.NOTIFY_DINGTALK_URL,
    settings.NOTIFY_FEISHU_URL,
    settings.NOTIFY_WECOM_URL,
    settings.NOTIFY_SLACK_URL,
    settings.NOTIFY_WEBHOOK_URL,
    settings.NOTIFY_PING_URL,
    settings.NOTIFY_SMTP_URL,
  ];
  const secrets = [
    settings.NOTIFY_DINGTALK_SECRET,
    settings.NOTIFY_FEISHU_SECRET,
    settings.NOTIFY_WEBHOOK_SECRET,
    ...urls.flatMap((url) => (url === undefined ? [] : urlSecrets(url))),
  ];
  return createScrub(secrets.filter((secret) => secret !== undefined));
}
