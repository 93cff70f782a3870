import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { CANARY, startEveryChannel, WEBHOOK_SECRET } from './every-channel.ts';
import { type Fault, type Reply, startLocalServer } from './local-server.ts';
import { textOf } from './mail-server.ts';
import { failed, succeeded } from './outcomes.ts';
import { startSlack } from './slack-server.ts';
import { startNotifier } from './start-notifier.ts';

test('every channel that is configured is told, in the language of the person', async (t) => {
  for (const [language, title] of [
    ['en', 'Backup failed: community on db:5432'],
    ['zh', '备份失败：db:5432 上的 community'],
  ] as const) {
    const servers = await startEveryChannel(t);
    const { notifier, log } = startNotifier(t, servers.variables, { language });
    await notifier.tell('backup', [failed()]);
    await notifier.tellStale([]);
    assert.deepEqual(log(), []);
    const [mail] = servers.email.mails;
    assert.ok(mail);
    for (const told of [
      servers.dingtalk.shown[0]?.markdown.title,
      servers.feishu.shown[0]?.header.title.content,
      servers.wecom.shown[0],
      servers.slack.shown[0]?.text,
      servers.webhook.taken[0]?.title,
      textOf(mail),
    ]) {
      assert.ok(told?.includes(title), told);
    }
    assert.equal(servers.checks.pings.length, 0);
  }
});

test('a channel that fails in any way is named in the log, without a secret, and the others are told all the same', async (t) => {
  const echo = (status: number) => (request: { path: string; query: URLSearchParams; body: string }) => ({
    status,
    body: `cannot deliver to ${request.path}?${request.query} (${[...request.query.values()].join(' ')})`,
  });
  const ways: Record<string, Fault | ReturnType<typeof echo> | Reply> = {
    'an answer that is no JSON': { body: '<html>Welcome to the portal</html>' },
    'an error that quotes the address': echo(200),
    'another one, with a status': echo(400),
    'a redirect': { status: 302, headers: { location: '/c4nary-elsewhere' }, body: '' },
    silence: 'hang',
    'a cut connection': 'cut',
  };
  for (const [what, way] of Object.entries(ways)) {
    const broken = await startLocalServer(t, (request) => (typeof way === 'function' ? way(request) : way));
    const working = await startSlack(t, 'c4nary-slack');
    const { notifier, log, logText } = startNotifier(t, {
      NOTIFY_DINGTALK_URL: `${broken.origin}/robot/send?access_token=c4nary-dingtalk`,
      NOTIFY_DINGTALK_SECRET: 'SECc4nary',
      NOTIFY_FEISHU_URL: `${broken.origin}/open-apis/bot/v2/hook/c4nary-feishu`,
      NOTIFY_FEISHU_SECRET: 'c4nary-secret',
      NOTIFY_WECOM_URL: `${broken.origin}/cgi-bin/webhook/send?key=c4nary%2Fwecom%2B`,
      NOTIFY_SLACK_URL: working.url,
      NOTIFY_WEBHOOK_URL: `http://user:c4nary-pass@${broken.host}/c4nary-webhook/in?token=c4nary-query`,
      NOTIFY_WEBHOOK_SECRET: WEBHOOK_SECRET,
      NOTIFY_PING_URL: `${broken.origin}/c4nary-uuid`,
    });
    await notifier.tell('backup', [failed()]);
    await notifier.ping('fail', [failed()]);
    assert.equal(working.shown.length, 1, what);
    const failures = log().map(({ event, level, msg }) => `${event} ${level} ${msg.split(' ')[3]}`);
    const expected = ['dingtalk', 'feishu', 'wecom', 'webhook', 'ping'].map(
      (name) => `NOTIFY_FAILED warn ${name}`,
    );
    // Any 2xx answer of a webhook or a check means that it took the message.
    const isTaken = what.startsWith('an ');
    assert.deepEqual(failures.toSorted(), (isTaken ? expected.slice(0, 3) : expected).toSorted(), what);
    assert.doesNotMatch(logText(), CANARY, what);
    for (const { msg } of log()) assert.ok(msg.includes(`${broken.host}: `), msg);
  }
});

test('a webhook with a password in its address is sent it as a header', async (t) => {
  const server = await startLocalServer(t, () => ({ body: '' }));
  const { notifier, log } = startNotifier(t, {
    NOTIFY_WEBHOOK_URL: `http://user:c4nary-pass@${server.host}/in`,
    NOTIFY_WEBHOOK_SECRET: WEBHOOK_SECRET,
  });
  await notifier.tell('backup', [failed()]);
  assert.deepEqual(log(), []);
  assert.equal(
    server.received[0]?.headers.authorization,
    `Basic ${Buffer.from('user:c4nary-pass').toString('base64')}`,
  );
});

test('a secret that an error holds reaches no channel', async (t) => {
  const servers = await startEveryChannel(t);
  const { notifier } = startNotifier(t, { ...servers.variables, PGPASSWORD: 'pg-p4ssword' });
  const error = { code: 'X', message: `login with pg-p4ssword at ${servers.slack.url}`, hint: 'pg-p4ssword' };
  await notifier.tell('backup', [failed({ error, warnings: [{ en: 'pg-p4ssword', zh: 'pg-p4ssword' }] })]);
  await notifier.ping('fail', [failed({ error })]);
  const bodies = [
    servers.dingtalk,
    servers.feishu,
    servers.wecom,
    servers.slack,
    servers.webhook,
    servers.checks,
  ]
    .map(({ received }) => received.map(({ body }) => body).join(''))
    .concat(servers.email.mails.map(textOf));
  assert.equal(bodies.length, 7);
  for (const body of bodies) {
    assert.match(body, /\*\*\*|＊＊＊/);
    assert.doesNotMatch(body, /pg-p4ssword|c4nary-slack/);
  }
});

test('channels are told side by side, and a hanging one costs no more than the limit', async (t) => {
  const hanging = await startLocalServer(t, () => 'hang');
  const { notifier, log } = startNotifier(t, {
    NOTIFY_SLACK_URL: `${hanging.origin}/services/x`,
    NOTIFY_WECOM_URL: `${hanging.origin}/cgi-bin/webhook/send?key=x`,
    NOTIFY_DINGTALK_URL: `${hanging.origin}/robot/send?access_token=x`,
    NOTIFY_PING_URL: `${hanging.origin}/check`,
  });
  const paths = () => hanging.received.map(({ path }) => path);
  await notifier.tell('backup', [failed()]);
  assert.equal(new Set(paths().slice(0, 3)).size, 3, 'side by side');
  assert.ok(paths().length <= 9, 'three tries each');
  assert.equal(log().length, 3);
  await notifier.ping('start');
  const pings = paths().filter((path) => path.startsWith('/check'));
  assert.equal(pings.length, 1, 'the work waits no longer than for one try');
});

test('where nothing is configured, or nothing is news, nothing happens and no file is written', async (t) => {
  const slack = await startSlack(t, 'x');
  const nothing = startNotifier(t, {});
  await nothing.notifier.tell('backup', [failed()]);
  await nothing.notifier.tellStale([{ database: 'a', host: 'db', port: 5432, text: { en: 'a', zh: 'a' } }]);
  const noNews = startNotifier(t, { NOTIFY_SLACK_URL: slack.url, NOTIFY_ON: 'recovery' });
  await noNews.notifier.tell('backup', [failed(), succeeded()]);
  await noNews.notifier.tellStale([{ database: 'a', host: 'db', port: 5432, text: { en: 'a', zh: 'a' } }]);
  assert.deepEqual(slack.received, []);
  for (const { directory, log } of [nothing, noNews]) {
    assert.ok(!existsSync(directory));
    assert.deepEqual(log(), []);
  }
});

test('whether anybody knows that backups are overdue is told to whoever asked', async (t) => {
  const overdue = [{ database: 'a', host: 'db', port: 5432, text: { en: 'a', zh: 'a' } }];
  const slack = await startSlack(t, 'x');
  let isBroken = true;
  const server = await startLocalServer(t, () => ({ status: isBroken ? 403 : 200, body: '' }));
  const webhook = {
    NOTIFY_WEBHOOK_URL: `${server.origin}/in`,
    NOTIFY_WEBHOOK_SECRET: WEBHOOK_SECRET,
    NOTIFY_ON: 'stale',
  };
  const one = startNotifier(t, webhook).notifier;
  assert.equal(await one.tellStale(overdue), false);
  isBroken = false;
  assert.equal(await one.tellStale(overdue), true);
  isBroken = true;
  assert.equal(await one.tellStale(overdue), true, 'held back, because it was told');
  const always = startNotifier(t, { ...webhook, NOTIFY_INTERVAL_MINUTES: '0' }).notifier;
  assert.equal(await always.tellStale(overdue), false);
  const two = startNotifier(t, { ...webhook, NOTIFY_SLACK_URL: slack.url }).notifier;
  assert.equal(await two.tellStale(overdue), true, 'one channel is enough');

  assert.equal(await startNotifier(t, {}).notifier.tellStale(overdue), true, 'nobody to tell');
  const unwanted = startNotifier(t, { ...webhook, NOTIFY_ON: 'failure' }).notifier;
  assert.equal(await unwanted.tellStale(overdue), true, 'nobody wants to know');
});

test('words of an address stay in a message', async (t) => {
  const server = await startLocalServer(t, () => ({ body: 'ok' }));
  const { notifier } = startNotifier(t, { NOTIFY_SLACK_URL: `${server.origin}/hooks/database-backup` });
  await notifier.tell('backup', [failed({ database: 'database-backup' })]);
  assert.match(server.received[0]?.body ?? '', /Backup failed: database-backup on/);
});

test('a bug in here is logged and hurts nothing', async (t) => {
  const slack = await startSlack(t, 'x');
  const { notifier, log } = startNotifier(t, { NOTIFY_SLACK_URL: slack.url });
  const broken = { ...failed(), error: { code: 'X', message: undefined as unknown as string, hint: '' } };
  Object.defineProperty(broken, 'run', { get: () => assert.fail('broken getter') });
  await notifier.tell('backup', [broken]);
  assert.deepEqual(
    log().map(({ msg }) => msg),
    ['The notification by * failed: broken getter'],
  );
});
