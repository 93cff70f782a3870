import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failed } from './outcomes.ts';
import { startNotifier } from './start-notifier.ts';
import { startWecom } from './wecom-server.ts';

const KEY = 'w3com-canary-key';

test('a robot shows the message as Markdown', async (t) => {
  const robot = await startWecom(t, { key: KEY });
  const { notifier, log } = startNotifier(t, { NOTIFY_WECOM_URL: robot.url }, { target: 'shop' });
  await notifier.tell('drill', [failed({ database: 'my_db' })]);
  assert.deepEqual(log(), []);
  assert.equal(
    robot.shown[0],
    [
      '**<font color="warning">［shop］ Drill failed: my_db on db:5432</font>**',
      '',
      '> Database: my_db',
      '> Server: db:5432',
      '> Run: community_20251011T020000Z_db01',
      '> Started: 2025-10-11T02:00:00Z',
      '> Duration: 3 min 05 s',
      '> Error: ［DISK_FULL］ No space left below /data/db-backups.',
      '> What to do: Free some space, or set RETENTION_DAYS lower.',
      '',
      '> Target: shop',
      '> Sent by: pg-backup-sidecar ＠ db01',
    ].join('\n'),
  );
});

test('content never exceeds 4096 bytes: long values are cut first, then databases are left out and counted', async (t) => {
  const robot = await startWecom(t, { key: KEY });
  const { notifier, log } = startNotifier(t, { NOTIFY_WECOM_URL: robot.url }, { language: 'zh' });
  const error = { code: 'DUMP_FAILED', message: '错误信息 '.repeat(500), hint: '请检查 '.repeat(500) };
  await notifier.tell('backup', [failed({ error })]);
  const outcomes = Array.from({ length: 12 }, (_, index) => failed({ database: `数据库${index}`, error }));
  await notifier.tell('backup', outcomes);
  const endless = failed({ database: 'x'.repeat(9000), host: 'y'.repeat(9000) });
  await notifier.tell('backup', [endless]);
  assert.deepEqual(log(), []);
  const [one = '', many = ''] = robot.shown;
  assert.match(one, /> 错误：［DUMP_FAILED］ 错误信息 .* …\n/);
  assert.match(many, /^\*\*<font color="warning">12 个备份中有 12 个失败：数据库0, .* 等（另有 2 个）/);
  const named = many.match(/> 数据库：/g)?.length ?? 0;
  assert.ok(named >= 3, many);
  assert.ok(many.includes(`> ……另有 ${12 - named} 个`), many);
  assert.equal(robot.shown.length, 3);
});

for (const { what, robot, said } of [
  { what: 'a wrong key', robot: { key: 'other' }, said: /errcode 93000: invalid webhook url/ },
  {
    what: 'too many messages',
    robot: { key: KEY, perMinute: 0 },
    said: /rate limit of the service reached: errcode 45009: api freq out of limit$/,
  },
]) {
  test(`${what} is a failure that is told once, though the answer is HTTP 200`, async (t) => {
    const server = await startWecom(t, robot);
    const url = server.url.replace(robot.key, KEY);
    const { notifier, log, logText } = startNotifier(t, { NOTIFY_WECOM_URL: url });
    await notifier.tell('backup', [failed()]);
    assert.match(log()[0]?.msg ?? '', said);
    assert.equal(server.received.length, 1);
    assert.doesNotMatch(logText(), /canary/);
  });
}
