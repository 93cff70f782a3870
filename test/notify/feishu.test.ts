import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFeishu } from './feishu-server.ts';
import { failed, succeeded } from './outcomes.ts';
import { NOW, startNotifier } from './start-notifier.ts';

const HOOK = 'f31shu-canary-hook';
const SECRET = 'f31shu-canary-secret';
const now = () => NOW;

test('a robot that checks signatures takes what is signed with its secret, and shows a card', async (t) => {
  const robot = await startFeishu(t, { hook: HOOK, secret: SECRET, now });
  const { notifier, log } = startNotifier(
    t,
    { NOTIFY_FEISHU_URL: robot.url, NOTIFY_FEISHU_SECRET: SECRET },
    { language: 'zh' },
  );
  await notifier.tell('backup', [failed()]);
  assert.deepEqual(log(), []);
  const [card] = robot.shown;
  assert.deepEqual(card?.header, {
    template: 'red',
    title: { tag: 'plain_text', content: '备份失败：db:5432 上的 community' },
  });
  assert.deepEqual(card?.elements, [
    {
      tag: 'div',
      text: {
        tag: 'plain_text',
        content: [
          '数据库：community',
          '服务器：db:5432',
          '运行：community_20251011T020000Z_db01',
          '开始时间：2025-10-11T02:00:00Z',
          '用时：3 分 05 秒',
          '错误：[DISK_FULL] No space left below /data/db-backups.',
          '处理建议：Free some space, or set RETENTION_DAYS lower.',
        ].join('\n'),
      },
    },
    { tag: 'hr' },
    { tag: 'div', text: { tag: 'plain_text', content: '发送方：pg-backup-sidecar @ db01' } },
  ]);
});

test('the colour of a card says how good the news is', async (t) => {
  const robot = await startFeishu(t, { hook: HOOK, now });
  const { notifier } = startNotifier(t, { NOTIFY_FEISHU_URL: robot.url, NOTIFY_ON: 'recovery success' });
  await notifier.tell('backup', [succeeded()]);
  await notifier.tell('backup', [succeeded({ failedBefore: true, warnings: [{ en: 'w', zh: 'w' }] })]);
  assert.deepEqual(
    robot.shown.map(({ header }) => header.template),
    ['green', 'orange'],
  );
});

test('an answer in the form of old versions is understood', async (t) => {
  const robot = await startFeishu(t, { hook: HOOK, isOld: true, now });
  const { notifier, log } = startNotifier(t, { NOTIFY_FEISHU_URL: robot.url });
  await notifier.tell('backup', [failed()]);
  assert.deepEqual(log(), []);
  assert.equal(robot.shown.length, 1);
});

for (const { what, robot, said } of [
  {
    what: 'a signature with another secret',
    robot: { hook: HOOK, secret: 'other', now },
    said: /code 19021: sign match fail or timestamp is not within one hour from current time$/,
  },
  {
    what: 'a clock that is two hours off',
    robot: { hook: HOOK, secret: SECRET, now: () => new Date(NOW.getTime() - 2 * 60 * 60 * 1000) },
    said: /code 19021: sign match fail/,
  },
  {
    what: 'a keyword that is missing',
    robot: { hook: HOOK, keywords: ['alert'], now },
    said: /code 19024: Key Words Not Found$/,
  },
  {
    what: 'too many messages',
    robot: { hook: HOOK, perMinute: 0, now },
    said: /rate limit of the service reached: code 11232: frequency limited/,
  },
]) {
  test(`${what} is a failure that is told once, though the answer is HTTP 200`, async (t) => {
    const server = await startFeishu(t, robot);
    const { notifier, log, logText } = startNotifier(t, {
      NOTIFY_FEISHU_URL: server.url,
      NOTIFY_FEISHU_SECRET: SECRET,
    });
    await notifier.tell('backup', [failed()]);
    assert.match(log()[0]?.msg ?? '', /by feishu failed: 127\.0\.0\.1:\d+: /);
    assert.match(log()[0]?.msg ?? '', said);
    assert.equal(server.received.length, 1);
    assert.doesNotMatch(logText(), /canary/);
  });
}

test('a robot that wants a keyword is content with pg-backup-sidecar', async (t) => {
  const robot = await startFeishu(t, { hook: HOOK, keywords: ['pg-backup-sidecar'], now });
  for (const language of ['en', 'zh'] as const) {
    const { notifier } = startNotifier(t, { NOTIFY_FEISHU_URL: robot.url }, { language });
    await notifier.tell('backup', [failed()]);
  }
  assert.equal(robot.shown.length, 2);
});

test('a message stays below the limit of the service, however long its parts are', async (t) => {
  const robot = await startFeishu(t, { hook: HOOK, secret: SECRET, perMinute: 1000, now });
  const { notifier, log } = startNotifier(t, {
    NOTIFY_FEISHU_URL: robot.url,
    NOTIFY_FEISHU_SECRET: SECRET,
    NOTIFY_INTERVAL_MINUTES: '0',
  });
  const sizes: number[] = [];
  for (let words = 20; words <= 220; words += 4) {
    const error = { code: 'DUMP_FAILED', message: '"错误" '.repeat(words), hint: '检查 '.repeat(words) };
    const outcomes = Array.from({ length: 14 }, (_, index) => failed({ database: `数据库${index}`, error }));
    await notifier.tell('backup', outcomes);
    sizes.push(Buffer.byteLength(robot.received.at(-1)?.body ?? ''));
  }
  assert.deepEqual(log(), []);
  assert.ok(Math.max(...sizes) > 19_500, 'and it is used');
  assert.match(robot.received.at(-1)?.body ?? '', /数据库9.* …\\n.*… and 4 more/);
});
