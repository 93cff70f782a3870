import assert from 'node:assert/strict';
import { test } from 'node:test';
import { composeNews, composeOverdue, type Sender } from '../../src/notify/compose.ts';
import { humanDuration } from '../../src/notify/figures.ts';
import { plainText } from '../../src/notify/plain-text.ts';
import { failed, HOSTILE_NAMES, succeeded, WARNING } from './outcomes.ts';
import { NOW } from './start-notifier.ts';

const SENDER: Sender = { language: 'en', scrub: (text) => text, hostname: 'db01', target: undefined };
const ZH: Sender = { ...SENDER, language: 'zh' };

test('a failure says what happened where, and what to do', () => {
  const news = { about: 'backup', kind: 'failed', outcomes: [failed()], total: 1 } as const;
  assert.equal(
    plainText(composeNews({ ...SENDER, target: 'shop' }, NOW, news, 7)),
    `[shop] Backup failed: community on db:5432

Database: community
Server: db:5432
Run: community_20251011T020000Z_db01
Started: 2025-10-11T02:00:00Z
Duration: 3 min 05 s
Error: [DISK_FULL] No space left below /data/db-backups.
What to do: Free some space, or set RETENTION_DAYS lower.

Target: shop
Held back: 7 more like this since the last message
Sent by: pg-backup-sidecar @ db01
`,
  );
  assert.equal(
    plainText(composeNews({ ...ZH, target: 'shop' }, NOW, news, 7)),
    `[shop] 备份失败：db:5432 上的 community

数据库：community
服务器：db:5432
运行：community_20251011T020000Z_db01
开始时间：2025-10-11T02:00:00Z
用时：3 分 05 秒
错误：[DISK_FULL] No space left below /data/db-backups.
处理建议：Free some space, or set RETENTION_DAYS lower.

目标：shop
已合并：自上一条消息以来另有 7 次相同情况
发送方：pg-backup-sidecar @ db01
`,
  );
});

test('a success says how big, how long, how far proven, and what is odd', () => {
  const outcomes = [succeeded({ recoverySeconds: 95, warnings: [WARNING, { en: 'And more', zh: '还有' }] })];
  const news = { about: 'backup', kind: 'recovered', outcomes, total: 1 } as const;
  const message = composeNews(SENDER, NOW, news, 0);
  assert.equal(message.tone, 'warning');
  assert.equal(
    plainText(message),
    `Backup works again: community on db:5432

Database: community
Server: db:5432
Run: community_20251011T020000Z_db01
Started: 2025-10-11T02:00:00Z
Size: 1.23 GB
Duration: 1 h 02 min
Proof: compared with its remote copy
Recovery time: 1 min 35 s
Warning: The dump is 80 % smaller than the last one
Warning: And more

Sent by: pg-backup-sidecar @ db01
`,
  );
  assert.match(
    plainText(composeNews(ZH, NOW, news, 0)),
    /\n大小：1\.23 GB\n用时：1 小时 02 分\n验证程度：已与远端副本比对\n恢复耗时：1 分 35 秒\n警告：转储比上次小 80 %\n警告：还有\n/,
  );
});

test('of many databases ten are named and the rest is counted', () => {
  const outcomes = Array.from({ length: 12 }, (_, index) => failed({ database: `db${index}` }));
  const news = { about: 'verify', kind: 'failed', outcomes, total: 20 } as const;
  const message = composeNews(SENDER, NOW, news, 0);
  assert.equal(
    message.title,
    '12 of 20 verifications failed: db0, db1, db2, db3, db4, db5, db6, db7, db8, db9 and 2 more',
  );
  assert.equal(message.sections.length, 10);
  assert.match(plainText(message), /Database: db9\n.*\n\n… and 2 more\n\nSent by/s);
  assert.equal((message.data['outcomes'] as unknown[]).length, 12, 'machines get all of them');
});

test('what is overdue says why, in one line for each database', () => {
  const overdue = ['a', 'b'].map((database) => ({
    ...{ database, host: 'db', port: 5432 },
    text: { en: `${database} is late`, zh: `${database} 已逾期` },
  }));
  assert.equal(
    plainText(composeOverdue(SENDER, NOW, overdue, 0)),
    `2 backups overdue: a, b

Database: a
Server: db:5432
Overdue: a is late

Database: b
Server: db:5432
Overdue: b is late

Sent by: pg-backup-sidecar @ db01
`,
  );
  assert.match(
    plainText(composeOverdue(ZH, NOW, overdue.slice(0, 1), 0)),
    /^备份逾期：db:5432 上的 a\n\n数据库：a\n服务器：db:5432\n逾期：a 已逾期\n/,
  );
});

test('whatever a name holds, each value stays on its own line and secrets stay hidden', () => {
  for (const name of [...HOSTILE_NAMES, 'canary\ncanary']) {
    const error = { code: 'X', message: `${name} canary`, hint: name };
    const outcomes = [failed({ database: name, host: name, error, warnings: [{ en: name, zh: name }] })];
    const sender = { ...SENDER, scrub: (text: string) => text.replaceAll('canary', '***') };
    const news = { about: 'backup', kind: 'failed', outcomes, total: 1 } as const;
    const message = composeNews(sender, NOW, news, 0);
    const text = plainText(message);
    assert.equal(text.split('\n').length, 13, text);
    assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]|canary/u);
    assert.ok(text.isWellFormed());
    assert.doesNotMatch(JSON.stringify(message.data), /canary/);
  }
});

test('durations are written as people say them', () => {
  const written = [0, 0.44, 9.96, 12.4, 59.4, 59.6, 60, 61, 3599.6, 3600, 3725, 93_600].map((seconds) =>
    humanDuration(seconds, 'en'),
  );
  assert.deepEqual(written, [
    ...['0 s', '0.4 s', '10 s', '12 s', '59 s', '1 min 00 s', '1 min 00 s', '1 min 01 s'],
    ...['1 h 00 min', '1 h 00 min', '1 h 02 min', '26 h 00 min'],
  ]);
  assert.equal(humanDuration(3725, 'zh'), '1 小时 02 分');
});
