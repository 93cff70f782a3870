import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startHealthchecks } from './healthchecks-server.ts';
import { failed, succeeded } from './outcomes.ts';
import { startNotifier } from './start-notifier.ts';

const UUID = 'd1665499-e827-441f-bf13-8f15e8f4c0b9';
const SLUG = { key: 'p1ng-canary-key', slug: 'backup-of-shop' };

test('start, success and failure have their addresses, and the text goes along', async (t) => {
  const checks = await startHealthchecks(t, { uuid: UUID });
  const { notifier, log } = startNotifier(t, { NOTIFY_PING_URL: `${checks.origin}/${UUID}` });
  await notifier.ping('start');
  await notifier.ping('success', [succeeded()]);
  await notifier.ping('fail', [failed(), succeeded({ database: 'other' })]);
  assert.deepEqual(log(), []);
  assert.deepEqual(
    checks.pings.map(({ kind }) => kind),
    ['start', 'success', 'fail'],
  );
  const [start, success, fail] = checks.pings;
  assert.equal(start?.body, 'Backup started\n\nSent by: pg-backup-sidecar @ db01\n');
  assert.match(
    success?.body ?? '',
    /^Backup succeeded\n\nDatabase: community\n.*\nSize: 1\.23 GB\nDuration: 1 h 02 min\n/s,
  );
  assert.match(fail?.body ?? '', /^Backup failed\n.*\nError: \[DISK_FULL\] No space.*\n\nDatabase: other\n/s);
});

test('a query stays at the end of the address, and a slash at its end is no part of it', async (t) => {
  const checks = await startHealthchecks(t, SLUG);
  const address = `${checks.origin}/${SLUG.key}/${SLUG.slug}`;
  for (const url of [`${address}?create=1`, `${address}/?create=1`]) {
    const { notifier } = startNotifier(t, { NOTIFY_PING_URL: url });
    await notifier.ping('fail', [failed()]);
  }
  assert.deepEqual(
    checks.pings.map(({ kind, query }) => `${kind} ${query}`),
    ['fail create=1', 'fail create=1'],
  );
});

test('the text is cut to 10 kB', async (t) => {
  const checks = await startHealthchecks(t, { uuid: UUID });
  const { notifier } = startNotifier(t, { NOTIFY_PING_URL: `${checks.origin}/${UUID}` });
  const error = { code: 'DUMP_FAILED', message: '错误 '.repeat(900), hint: '' };
  await notifier.ping(
    'fail',
    Array.from({ length: 9 }, () => failed({ error })),
  );
  const body = checks.pings[0]?.body ?? '';
  assert.ok(
    Buffer.byteLength(body) <= 10_000 && Buffer.byteLength(body) > 9900,
    `${Buffer.byteLength(body)}`,
  );
  assert.match(body, / …$/);
});

test('what is known of a check that does not exist, or is called too often, is in the log, also where the answer is HTTP 200', async (t) => {
  const otherUuid = await startHealthchecks(t, { uuid: 'other' });
  const limitedUuid = await startHealthchecks(t, { uuid: UUID, limited: true });
  const otherSlug = await startHealthchecks(t, { ...SLUG, slug: 'other' });
  for (const [url, said] of [
    [`${otherUuid.origin}/${UUID}`, /: OK \(not found\)$/],
    [`${limitedUuid.origin}/${UUID}`, /: OK \(rate limited\)$/],
    [`${otherSlug.origin}/${SLUG.key}/${SLUG.slug}`, /: HTTP 404: not found$/],
  ] as const) {
    const { notifier, log, logText } = startNotifier(t, { NOTIFY_PING_URL: url });
    await notifier.ping('success');
    assert.match(log()[0]?.msg ?? '', said);
    assert.doesNotMatch(logText(), /canary|d1665499/);
  }
});

test('without an address nothing is called, and news does not go there', async (t) => {
  const checks = await startHealthchecks(t, { uuid: UUID });
  const { notifier, log } = startNotifier(t, {});
  await notifier.ping('start');
  const other = startNotifier(t, { NOTIFY_PING_URL: `${checks.origin}/${UUID}` });
  await other.notifier.tell('backup', [failed()]);
  assert.deepEqual([log(), other.log(), checks.received], [[], [], []]);
});
