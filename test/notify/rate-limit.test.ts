import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startLocalServer } from './local-server.ts';
import { failed, succeeded, WARNING } from './outcomes.ts';
import { startSlack } from './slack-server.ts';
import { NOW, type NotifierOptions, type StartedNotifier, startNotifier } from './start-notifier.ts';

const MINUTE = 60_000;
const ERROR = { code: 'AUTH_FAILED', message: 'm', hint: 'h' };
const ALL = 'failure recovery success warning stale drill';

test('the same news is told once in the interval, and then with how often it was held back', async (t) => {
  const { notifier, titles, texts, setMinute, log } = await start(t);
  await notifier.tell('backup', [failed()]);
  setMinute(30);
  await notifier.tell('backup', [failed({ run: 'another', durationSeconds: 1 })]);
  setMinute(59);
  await notifier.tell('backup', [failed()]);
  assert.equal(titles().length, 1);
  assert.deepEqual(
    log().map(({ event }) => event),
    ['NOTIFY_HELD_BACK', 'NOTIFY_HELD_BACK'],
  );
  setMinute(60);
  await notifier.tell('backup', [failed()]);
  assert.equal(titles().length, 2);
  assert.match(texts()[1] ?? '', /Held back: 2 more like this since the last message/);
  setMinute(120);
  await notifier.tell('backup', [failed()]);
  assert.doesNotMatch(texts()[2] ?? '', /Held back/);
});

test('another database, error, kind of work or target is other news', async (t) => {
  const { notifier, titles, directory, slackUrl } = await start(t);
  await notifier.tell('backup', [failed()]);
  await notifier.tell('backup', [failed({ error: ERROR })]);
  await notifier.tell('backup', [failed({ database: 'other' })]);
  await notifier.tell('backup', [failed({ host: 'db2' })]);
  await notifier.tell('backup', [failed(), failed({ database: 'other' })]);
  await notifier.tell('drill', [failed()]);
  const other = startNotifier(t, { NOTIFY_SLACK_URL: slackUrl }, { directory, target: 'shop' });
  await other.notifier.tell('backup', [failed()]);
  assert.equal(titles().length, 7);
  await notifier.tell('backup', [failed({ database: 'other' }), failed()]);
  assert.equal(titles().length, 7, 'the order of the databases is not news');
});

test('a recovery is told, and a failure after it at once; so are both when it goes back and forth', async (t) => {
  const { notifier, titles } = await start(t);
  for (let round = 0; round < 2; round += 1) {
    await notifier.tell('backup', [failed()]);
    await notifier.tell('backup', [failed()]);
    await notifier.tell('backup', [succeeded({ failedBefore: true })]);
  }
  assert.deepEqual(titles(), [
    ...['🔴 Backup failed: community on db:5432', '🟢 Backup works again: community on db:5432'],
    ...['🔴 Backup failed: community on db:5432', '🟢 Backup works again: community on db:5432'],
  ]);
});

test('what one database recovers from stays held back for another one, and for another target', async (t) => {
  const { notifier, titles, directory, slackUrl } = await start(t, 'failure stale');
  const other = startNotifier(t, { NOTIFY_SLACK_URL: slackUrl }, { directory, target: 'shop' });
  const overdue = [{ database: 'a', host: 'db', port: 5432, text: { en: 'late', zh: '晚' } }];
  await notifier.tell('backup', [failed({ database: 'a' })]);
  await notifier.tell('backup', [failed({ database: 'b' })]);
  await other.notifier.tell('backup', [failed({ database: 'a' })]);
  await notifier.tell('drill', [failed({ database: 'a' })]);
  await notifier.tellStale(overdue);
  assert.equal(titles().length, 5);
  await notifier.tell('backup', [succeeded({ database: 'a' })]);
  await notifier.tell('backup', [failed({ database: 'b' })]);
  await other.notifier.tell('backup', [failed({ database: 'a' })]);
  await notifier.tell('drill', [failed({ database: 'a' })]);
  assert.equal(titles().length, 5, 'nothing of this was over');
  await notifier.tell('backup', [failed({ database: 'a' })]);
  await notifier.tellStale(overdue);
  assert.equal(titles().length, 7);
});

test('where one drill of a database fails and another one passes, neither ends the other', async (t) => {
  const { notifier, titles } = await start(t, 'failure drill');
  for (let round = 0; round < 3; round += 1) await notifier.tell('drill', [failed(), succeeded()]);
  assert.deepEqual(
    titles().toSorted(),
    ['🔴 1 of 2 drills failed: community', '🟢 1 of 2 drills passed: community'].toSorted(),
  );
});

test('warnings are told again once a backup was without any', async (t) => {
  const { notifier, titles } = await start(t, 'warning');
  const odd = succeeded({ warnings: [WARNING] });
  await notifier.tell('backup', [odd]);
  await notifier.tell('backup', [odd]);
  assert.equal(titles().length, 1);
  await notifier.tell('backup', [succeeded()]);
  await notifier.tell('backup', [odd]);
  assert.equal(titles().length, 2);
});

test('what no channel took counts as untold; what one of two took counts as told', async (t) => {
  let isBroken = true;
  const flaky = await startLocalServer(t, () => (isBroken ? { status: 403, body: 'x' } : { body: 'ok' }));
  const { notifier, log, directory } = startNotifier(t, { NOTIFY_SLACK_URL: `${flaky.origin}/services/x` });
  await notifier.tell('backup', [failed()]);
  await notifier.tell('backup', [failed()]);
  assert.deepEqual(
    log().map(({ event }) => event),
    ['NOTIFY_FAILED', 'NOTIFY_FAILED'],
  );
  isBroken = false;
  await notifier.tell('backup', [failed()]);
  await notifier.tell('backup', [failed()]);
  assert.equal(flaky.received.length, 3);
  assert.equal(log().at(-1)?.event, 'NOTIFY_HELD_BACK');
  assert.equal(readdirSync(directory).length, 1);

  isBroken = true;
  const slack = await startSlack(t, 'x');
  const two = startNotifier(t, { NOTIFY_SLACK_URL: slack.url, NOTIFY_WECOM_URL: `${flaky.origin}/x?key=x` });
  await two.notifier.tell('backup', [failed()]);
  await two.notifier.tell('backup', [failed()]);
  assert.equal(slack.shown.length, 1);
});

test('it is remembered across processes, in private files', async (t) => {
  const { notifier, titles, directory, slackUrl } = await start(t);
  await notifier.tell('backup', [failed()]);
  const next = startNotifier(t, { NOTIFY_SLACK_URL: slackUrl }, { directory });
  await next.notifier.tell('backup', [failed()]);
  assert.equal(titles().length, 1);
  const [name = ''] = readdirSync(directory);
  assert.match(name, /^[0-9a-f]{32}\.json$/);
  assert.equal(statSync(join(directory, name)).mode & 0o777, 0o600);
  assert.equal(statSync(directory).mode & 0o777, 0o700);
  assert.deepEqual(JSON.parse(readFileSync(join(directory, name), 'utf8')), {
    type: 'backup.failed',
    target: null,
    subjects: [{ database: 'community', host: 'db', port: 5432, code: 'DISK_FULL' }],
    version: 1,
    toldAt: NOW.toISOString(),
    heldBack: 1,
  });
});

test('NOTIFY_INTERVAL_MINUTES=0 tells everything and remembers nothing', async (t) => {
  const slack = await startSlack(t, 'x');
  const variables = { NOTIFY_SLACK_URL: slack.url, NOTIFY_INTERVAL_MINUTES: '0' };
  const { notifier, directory } = startNotifier(t, variables);
  await notifier.tell('backup', [failed()]);
  await notifier.tell('backup', [failed()]);
  assert.equal(slack.shown.length, 2);
  assert.throws(() => readdirSync(directory), { code: 'ENOENT' });
});

test('what cannot be read, a time to come, and a directory that cannot be written hold nothing back', async (t) => {
  const { notifier, titles, directory, log, setMinute } = await start(t);
  await notifier.tell('backup', [failed()]);
  const file = join(directory, readdirSync(directory)[0] ?? '');
  const good = readFileSync(file, 'utf8');
  let told = 1;
  for (const text of [
    '',
    '{',
    'null',
    '[]',
    good.slice(0, 40),
    good.replace('"version": 1', '"version": 2'),
    good.replace(NOW.toISOString(), 'soon'),
  ]) {
    writeFileSync(file, text);
    await notifier.tell('backup', [failed()]);
    told += 1;
    assert.equal(titles().length, told, text);
    await notifier.tell('backup', [failed()]);
    assert.equal(titles().length, told, 'it was mended');
  }
  setMinute(-10);
  await notifier.tell('backup', [failed()]);
  assert.equal(titles().length, told + 1);
  rmSync(directory, { recursive: true });
  writeFileSync(directory, 'a file');
  await notifier.tell('backup', [failed()]);
  await notifier.tell('backup', [failed()]);
  assert.equal(titles().length, told + 3);
  assert.ok(log().some(({ event, level }) => event === 'NOTIFY_STATE_FAILED' && level === 'warn'));
});

test('accounts that nobody needs any more go, also half-written ones; other files stay', async (t) => {
  const { notifier, directory } = await start(t);
  mkdirSync(directory, { recursive: true });
  const [old, half, young, foreign] = ['0', '1', '2']
    .map((digit) => `${digit.repeat(32)}.json`)
    .concat('notes.txt');
  const longAgo = new Date(NOW.getTime() - 31 * 24 * 60 * MINUTE);
  for (const [name, time] of [
    [old, longAgo],
    [`${half}.123`, longAgo],
    [young, NOW],
    [foreign, longAgo],
  ] as const) {
    writeFileSync(join(directory, name ?? ''), '{}');
    utimesSync(join(directory, name ?? ''), time, time);
  }
  await notifier.tell('backup', [failed()]);
  const left = readdirSync(directory);
  assert.equal(left.length, 3);
  assert.ok(left.includes(young ?? '') && left.includes('notes.txt'));
});

test('two processes at once harm nothing', async (t) => {
  const { notifier, titles, directory, slackUrl, log } = await start(t);
  const others = Array.from({ length: 4 }, () =>
    startNotifier(t, { NOTIFY_SLACK_URL: slackUrl }, { directory }),
  );
  const all = [notifier, ...others.map((other) => other.notifier)];
  await Promise.all(all.map((one) => one.tell('backup', [failed()])));
  const told = titles().length;
  assert.ok(told >= 1 && told <= 5);
  await Promise.all(all.map((one) => one.tell('backup', [failed()])));
  assert.equal(titles().length, told);
  await Promise.all(all.map((one) => one.tell('backup', [succeeded()])));
  const types = readdirSync(directory).map(
    (name) => JSON.parse(readFileSync(join(directory, name), 'utf8')).type,
  );
  assert.deepEqual(types, ['backup.succeeded']);
  assert.ok(
    [...log(), ...others.flatMap((other) => other.log())].every(({ event }) => event === 'NOTIFY_HELD_BACK'),
  );
});

interface Started extends StartedNotifier {
  readonly titles: () => string[];
  readonly texts: () => string[];
  readonly setMinute: (minute: number) => void;
  readonly slackUrl: string;
}

async function start(t: TestContext, wanted = ALL, options: NotifierOptions = {}): Promise<Started> {
  const slack = await startSlack(t, 'x');
  const started = startNotifier(t, { NOTIFY_SLACK_URL: slack.url, NOTIFY_ON: wanted }, options);
  mkdirSync(dirname(started.directory), { recursive: true });
  return {
    ...started,
    titles: () => slack.shown.map(({ text }) => text),
    texts: () => slack.shown.map(({ blocks }) => blocks.map(({ text }) => text.text).join('\n')),
    setMinute: (minute) => started.setNow(new Date(NOW.getTime() + minute * MINUTE)),
    slackUrl: slack.url,
  };
}
