import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failed } from './outcomes.ts';
import { startSlack } from './slack-server.ts';
import { startNotifier } from './start-notifier.ts';

const TOKEN = 'sl4ck-canary-token';

test('a channel shows the message in blocks of plain text', async (t) => {
  const channel = await startSlack(t, TOKEN);
  const { notifier, log } = startNotifier(t, { NOTIFY_SLACK_URL: channel.url });
  await notifier.tell('backup', [failed({ database: 'a&b' })]);
  assert.deepEqual(log(), []);
  const [message] = channel.shown;
  assert.equal(message?.text, '🔴 Backup failed: a&amp;b on db:5432');
  assert.deepEqual(message?.blocks, [
    {
      type: 'header',
      text: { type: 'plain_text', text: '🔴 Backup failed: a&amp;b on db:5432', emoji: false },
    },
    {
      type: 'section',
      text: {
        type: 'plain_text',
        emoji: false,
        text: [
          'Database: a&amp;b',
          'Server: db:5432',
          'Run: community_20251011T020000Z_db01',
          'Started: 2025-10-11T02:00:00Z',
          'Duration: 3 min 05 s',
          'Error: [DISK_FULL] No space left below /data/db-backups.',
          'What to do: Free some space, or set RETENTION_DAYS lower.',
        ].join('\n'),
      },
    },
    {
      type: 'section',
      text: { type: 'plain_text', text: 'Sent by: pg-backup-sidecar @ db01', emoji: false },
    },
  ]);
});

for (const [state, said] of [
  ['archived', /HTTP 410: channel_is_archived$/],
  ['restricted', /HTTP 403: action_prohibited$/],
] as const) {
  test(`what Slack says of a channel that is ${state} is in the log, and is not tried again`, async (t) => {
    const channel = await startSlack(t, TOKEN, state);
    const { notifier, log, logText } = startNotifier(t, { NOTIFY_SLACK_URL: channel.url });
    await notifier.tell('backup', [failed()]);
    assert.match(log()[0]?.msg ?? '', said);
    assert.equal(channel.received.length, 1);
    assert.doesNotMatch(logText(), /canary|T00000000/);
  });
}

test('texts stay below the limits of blocks, also with signs that are escaped', async (t) => {
  const channel = await startSlack(t, TOKEN);
  const { notifier, log } = startNotifier(t, { NOTIFY_SLACK_URL: channel.url });
  const error = { code: 'DUMP_FAILED', message: '<&> '.repeat(2000), hint: '<&> '.repeat(2000) };
  const outcomes = Array.from({ length: 12 }, (_, index) => failed({ database: `<&> ${index}`, error }));
  await notifier.tell('backup', outcomes);
  await notifier.tell('backup', [failed({ database: '&'.repeat(500) })]);
  assert.deepEqual(log(), []);
  assert.equal(channel.shown.length, 2);
  assert.match(channel.shown[0]?.blocks[1]?.text.text ?? '', / …$/);
});
