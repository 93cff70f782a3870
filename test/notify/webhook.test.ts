import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { failed, succeeded, WARNING } from './outcomes.ts';
import { NOW, startNotifier } from './start-notifier.ts';
import { startReceiver } from './webhook-receiver.ts';

const SECRET = `whsec_${Buffer.from('w3bhook-canary-secret-of-32-bytes').toString('base64')}`;
const now = () => NOW;

test('a receiver that verifies signatures takes our JSON', async (t) => {
  const receiver = await startReceiver(t, SECRET, now);
  const { notifier, log } = startNotifier(
    t,
    { NOTIFY_WEBHOOK_URL: receiver.url, NOTIFY_WEBHOOK_SECRET: SECRET },
    { target: 'shop' },
  );
  const outcome = failed();
  await notifier.tell('backup', [outcome, succeeded({ database: 'other' })]);
  assert.deepEqual(log(), []);
  const [{ text, ...payload } = { text: '' }] = receiver.taken;
  assert.deepEqual(payload, {
    version: 1,
    type: 'backup.failed',
    timestamp: '2025-10-11T02:05:00.000Z',
    language: 'en',
    title: '[shop] 1 of 2 backups failed: community',
    data: {
      target: 'shop',
      hostname: 'db01',
      heldBack: 0,
      total: 2,
      outcomes: [{ ...outcome, warnings: [] }],
    },
  });
  assert.match(text, /^\[shop\] 1 of 2 backups failed: community\n\nDatabase: community\n/);
});

test('every kind of news has its type', async (t) => {
  const receiver = await startReceiver(t, SECRET, now);
  const { notifier } = startNotifier(t, {
    NOTIFY_WEBHOOK_URL: receiver.url,
    NOTIFY_WEBHOOK_SECRET: SECRET,
    NOTIFY_ON: 'failure recovery success warning stale drill',
  });
  for (const about of ['backup', 'drill', 'verify'] as const) {
    await notifier.tell(about, [failed()]);
    await notifier.tell(about, [succeeded({ failedBefore: true })]);
    await notifier.tell(about, [succeeded({ warnings: [WARNING] })]);
    await notifier.tell(about, [succeeded()]);
  }
  await notifier.tellStale([
    { database: 'community', host: 'db', port: 5432, text: { en: 'late', zh: '晚' } },
  ]);
  assert.deepEqual(
    receiver.taken.map(({ type }) => type),
    [
      ...['backup.failed', 'backup.recovered', 'backup.warning', 'backup.succeeded'],
      ...['drill.failed', 'drill.recovered', 'drill.warning', 'drill.succeeded'],
      ...['verify.failed', 'verify.recovered', 'verify.warning'],
      'backup.stale',
    ],
  );
  assert.deepEqual(receiver.taken.at(-1)?.data, {
    target: null,
    hostname: 'db01',
    heldBack: 0,
    overdue: [{ database: 'community', host: 'db', port: 5432, text: 'late' }],
  });
});

test('every message has an id of its own, which stays the same when it is tried again', async (t) => {
  const receiver = await startReceiver(t, SECRET, now);
  const { notifier } = startNotifier(t, {
    NOTIFY_WEBHOOK_URL: receiver.url,
    NOTIFY_WEBHOOK_SECRET: SECRET,
    NOTIFY_INTERVAL_MINUTES: '0',
  });
  await notifier.tell('backup', [failed()]);
  await notifier.tell('backup', [failed()]);
  const ids = receiver.received.map(({ headers }) => String(headers['webhook-id']));
  assert.equal(new Set(ids).size, 2);
  for (const id of ids) assert.match(id, /^msg_[0-9a-f]{32}$/);
});

test('a receiver with another secret refuses it, which is logged without either of them', async (t) => {
  const other = `whsec_${randomBytes(32).toString('base64')}`;
  const receiver = await startReceiver(t, other, now);
  const { notifier, log, logText } = startNotifier(t, {
    NOTIFY_WEBHOOK_URL: receiver.url,
    NOTIFY_WEBHOOK_SECRET: SECRET,
  });
  await notifier.tell('backup', [failed()]);
  assert.match(log()[0]?.msg ?? '', /by webhook failed: 127\.0\.0\.1:\d+: HTTP 401: bad signature$/);
  assert.equal(receiver.received.length, 1);
  assert.doesNotMatch(logText(), /canary|whsec_/);
});
