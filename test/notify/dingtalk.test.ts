import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDingtalk } from './dingtalk-server.ts';
import { failed } from './outcomes.ts';
import { NOW, startNotifier } from './start-notifier.ts';

const TOKEN = 'd1ngt4lk-canary-token';
const SECRET = 'SECd1ngt4lk-canary-secret';
const now = () => NOW;

test('a robot that checks signatures takes what is signed with its secret, and shows it', async (t) => {
  const robot = await startDingtalk(t, { token: TOKEN, secret: SECRET, now });
  const { notifier, log } = startNotifier(t, {
    NOTIFY_DINGTALK_URL: robot.url,
    NOTIFY_DINGTALK_SECRET: SECRET,
  });
  await notifier.tell('backup', [failed()]);
  assert.deepEqual(log(), []);
  assert.equal(robot.shown[0]?.markdown.title, '🔴 Backup failed: community on db:5432');
  assert.equal(
    robot.shown[0]?.markdown.text,
    [
      '#### 🔴 Backup failed: community on db:5432',
      '',
      '- Database: community',
      '- Server: db:5432',
      '- Run: community_20251011T020000Z_db01',
      '- Started: 2025-10-11T02:00:00Z',
      '- Duration: 3 min 05 s',
      '- Error: ［DISK_FULL］ No space left below /data/db-backups.',
      '- What to do: Free some space, or set RETENTION_DAYS lower.',
      '',
      '- Sent by: pg-backup-sidecar ＠ db01',
    ].join('\n'),
  );
  assert.deepEqual(robot.shown[0]?.at, { isAtAll: false });
});

test('without a secret nothing is signed', async (t) => {
  const robot = await startDingtalk(t, { token: TOKEN, now });
  const { notifier } = startNotifier(t, { NOTIFY_DINGTALK_URL: robot.url });
  await notifier.tell('backup', [failed()]);
  assert.equal(robot.shown.length, 1);
  assert.deepEqual([...(robot.received[0]?.query.keys() ?? [])], ['access_token']);
});

for (const { what, robot, said } of [
  {
    what: 'a signature with another secret',
    robot: { token: TOKEN, secret: 'SECother', now },
    said: /errcode 310000: sign not match$/,
  },
  {
    what: 'a clock that is two hours off',
    robot: { token: TOKEN, secret: SECRET, now: () => new Date(NOW.getTime() + 2 * 60 * 60 * 1000) },
    said: /errcode 310000: invalid timestamp$/,
  },
  {
    what: 'a keyword that is missing',
    robot: { token: TOKEN, keywords: ['alert'], now },
    said: /errcode 310000: keywords not in content$/,
  },
  {
    what: 'too many messages',
    robot: { token: TOKEN, perMinute: 0, now },
    said: /rate limit of the service reached: errcode 130101: send too fast, exceed 20 times per minute$/,
  },
]) {
  test(`${what} is a failure that is told once, though the answer is HTTP 200`, async (t) => {
    const server = await startDingtalk(t, robot);
    const { notifier, log, logText } = startNotifier(t, {
      NOTIFY_DINGTALK_URL: server.url,
      NOTIFY_DINGTALK_SECRET: SECRET,
    });
    await notifier.tell('backup', [failed()]);
    assert.deepEqual(
      log().map(({ event, level }) => [event, level]),
      [['NOTIFY_FAILED', 'warn']],
    );
    assert.match(log()[0]?.msg ?? '', /by dingtalk failed: 127\.0\.0\.1:\d+: /);
    assert.match(log()[0]?.msg ?? '', said);
    assert.equal(server.received.length, 1, 'an answered errcode is not tried again');
    assert.equal(server.shown.length, 0);
    assert.doesNotMatch(logText(), /canary/);
  });
}

test('a robot that wants a keyword is content with pg-backup-sidecar', async (t) => {
  const robot = await startDingtalk(t, { token: TOKEN, keywords: ['pg-backup-sidecar'], now });
  for (const language of ['en', 'zh'] as const) {
    const { notifier } = startNotifier(t, { NOTIFY_DINGTALK_URL: robot.url }, { language });
    await notifier.tell('backup', [failed()]);
  }
  assert.equal(robot.shown.length, 2);
});

test('a message stays below the limit of the service, with the marks of what was cut', async (t) => {
  const robot = await startDingtalk(t, { token: TOKEN, now });
  const { notifier } = startNotifier(t, { NOTIFY_DINGTALK_URL: robot.url });
  const error = { code: 'DUMP_FAILED', message: 'pg_dump：错误 '.repeat(2000), hint: '请检查 '.repeat(2000) };
  const outcomes = Array.from({ length: 14 }, (_, index) => failed({ database: `数据库${index}`, error }));
  await notifier.tell('backup', outcomes);
  const text = robot.shown[0]?.markdown.text ?? '';
  assert.match(text, /- Database: 数据库9\n/);
  assert.match(text, /- Error: ［DUMP_FAILED］ pg_dump：错误 .* …\n/);
  assert.match(text, /- … and 4 more\n/);
});
