import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { SETTING_NAMES } from '../../src/config/settings.ts';
import { describeError, PgBackupError } from '../../src/errors.ts';
import { composeNews } from '../../src/notify/compose.ts';
import { plainText } from '../../src/notify/plain-text.ts';
import { blocksOf, FENCES, namesInTable, pageText } from '../docs/pages.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { WEBHOOK_SECRET } from './every-channel.ts';
import { type Received, startLocalServer } from './local-server.ts';
import { failed, succeeded } from './outcomes.ts';
import { startNotifier } from './start-notifier.ts';

const PAGE = 'docs/notifications.md';
const PAGES = [PAGE, 'docs/notifications.zh-CN.md'];

test('both pages have the same blocks for machines, and none that a test would have to run', () => {
  for (const fence of ['json', 'js']) {
    assert.equal(fenced(PAGE, fence).length, 1);
    assert.deepEqual(fenced('docs/notifications.zh-CN.md', fence), fenced(PAGE, fence));
  }
  for (const page of PAGES) for (const fence of FENCES) assert.deepEqual(blocksOf(page, fence), []);
});

test('every setting of notifications is explained, and every event', () => {
  const names = SETTING_NAMES.filter((name) => name.startsWith('NOTIFY_'));
  for (const page of PAGES) {
    for (const name of names) assert.ok(pageText(page).includes(`\`${name}\``), `${page}: ${name}`);
  }
  const events = 'failure recovery warning success drill stale'.split(' ');
  assert.deepEqual(namesInTable(PAGE, 'What is told'), events);
  assert.deepEqual(namesInTable('docs/notifications.zh-CN.md', '通知哪些事件'), events);
});

test('the message that is shown is what people get', () => {
  for (const [language, page] of [
    ['en', PAGE],
    ['zh', 'docs/notifications.zh-CN.md'],
  ] as const) {
    const cause = new PgBackupError('DISK_FULL', { path: '/data/db-backups/data', freeSize: '0 B' });
    const { code, message, hint } = describeError(cause, language);
    const run = 'community_20261120T020000Z_db1';
    const outcome = failed({ run, startedAt: '2026-11-20T02:00:00Z', error: { code, message, hint } });
    const sender = { language, scrub: (text: string) => text, hostname: 'db1', target: 'shop' };
    const news = { about: 'backup', kind: 'failed', outcomes: [outcome], total: 1 } as const;
    assert.equal(fenced(page, 'text')[0], plainText(composeNews(sender, new Date(), news, 0)));
  }
});

test('the JSON of the page is what a webhook gets', async (t) => {
  const { payload } = await webhookGets(t);
  const documented = JSON.parse(fenced(PAGE, 'json')[0] ?? '');
  assert.deepEqual(shapeOf(payload), shapeOf(documented));
});

test('the lines of the page tell a genuine message from every other one', async (t) => {
  const file = join(temporaryDirectory(t), 'verify.mjs');
  writeFileSync(file, fenced(PAGE, 'js')[0] ?? '');
  const { isGenuine } = await import(pathToFileURL(file).href);
  const { headers, body } = (await webhookGets(t)).received;
  assert.equal(isGenuine(headers, body, WEBHOOK_SECRET), true);
  const other = `whsec_${Buffer.alloc(32).toString('base64')}`;
  const signature = `v1,AAAA ${headers['webhook-signature']}`;
  assert.equal(isGenuine({ ...headers, 'webhook-signature': signature }, body, WEBHOOK_SECRET), true);
  assert.equal(isGenuine(headers, body.replace('FAILED', 'SUCCESS'), WEBHOOK_SECRET), false);
  assert.equal(isGenuine(headers, body, other), false);
  assert.equal(isGenuine({ ...headers, 'webhook-id': 'msg_1' }, body, WEBHOOK_SECRET), false);
  for (const timestamp of [`${Math.floor(Date.now() / 1000) - 301}`, 'soon']) {
    assert.equal(isGenuine({ ...headers, 'webhook-timestamp': timestamp }, body, WEBHOOK_SECRET), false);
  }
});

async function webhookGets(
  t: Parameters<typeof startNotifier>[0],
): Promise<{ received: Received; payload: unknown }> {
  const server = await startLocalServer(t, () => ({ body: '' }));
  const { notifier, setNow } = startNotifier(
    t,
    { NOTIFY_WEBHOOK_URL: server.origin, NOTIFY_WEBHOOK_SECRET: WEBHOOK_SECRET },
    { target: 'shop' },
  );
  setNow(new Date());
  await notifier.tell('backup', [failed(), succeeded({ database: 'other' })]);
  const [received] = server.received;
  assert.ok(received);
  return { received, payload: JSON.parse(received.body) };
}

/** The names of all fields and the types of their values. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, shapeOf(item)]));
}

function fenced(page: string, fence: string): string[] {
  const pattern = new RegExp(`^\`\`\`${fence}\\n(.*?)^\`\`\`$`, 'gms');
  return [...pageText(page).matchAll(pattern)].map(([, block]) => block ?? '');
}
