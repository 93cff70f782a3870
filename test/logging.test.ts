import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createLog, type Log, type LogOptions } from '../src/logging.ts';
import { createScrub } from '../src/scrub.ts';
import { Secret } from '../src/secret.ts';
import { temporaryDirectory } from './harness/temporary-directory.ts';

const NOW = new Date('2025-10-11T23:59:59.500Z');

test('elsewhere than on a terminal a message is one line of JSON with its event, level, time and parameters', () => {
  const { log, lines } = record();
  log('info', 'STAGE_DONE', { stage: 'dump', seconds: 1.5 });
  assert.deepEqual(
    lines().map((line) => JSON.parse(line)),
    [
      {
        level: 'info',
        time: '2025-10-11T23:59:59.500Z',
        event: 'STAGE_DONE',
        stage: 'dump',
        seconds: 1.5,
        msg: 'dump: done in 1.5 s',
      },
    ],
  );
});

test('on a terminal, and where it is wished, a message is a readable line', () => {
  for (const options of [
    { isTTY: true, format: 'auto' },
    { isTTY: false, format: 'pretty' },
  ] as const) {
    const { log, lines } = record(options);
    log('warn', 'STAGE_DONE', { stage: 'dump', seconds: 1 });
    assert.equal(lines().length, 1);
    assert.match(lines()[0] ?? '', /2025-10-11T23:59:59Z.*WARN.*dump: done in 1 s/);
    assert.equal(lines()[0]?.includes('\u001b['), options.isTTY, 'colours are for terminals');
  }
  const { log, lines } = record({ isTTY: true, format: 'json' });
  log('info', 'UNCOMPRESSED');
  assert.equal(JSON.parse(lines()[0] ?? '').event, 'UNCOMPRESSED');
});

test('a message is in the language of the person', () => {
  const { log, lines } = record({ language: 'zh' });
  log('info', 'STAGE_DONE', { stage: 'dump', seconds: 1 });
  assert.equal(JSON.parse(lines()[0] ?? '').msg, 'dump：完成，用时 1 秒');
  log('info', 'STAGE_DONE', { stage: { en: 'dump', zh: '转储' }, seconds: 1 });
  assert.equal(JSON.parse(lines()[1] ?? '').stage, '转储');
});

for (const secret of ['"', '1', '\\', '{', 'info', 'level', 'dump', '*', '202', 'T', ':']) {
  test(`lines stay valid JSON with the same keys, and the log goes on, when the secret is ${JSON.stringify(secret)}`, (t) => {
    const directory = temporaryDirectory(t);
    const { log, lines } = record({ directory, scrub: createScrub([new Secret(secret)]) });
    log('info', 'STAGE_DONE', { stage: `"dump" 1 ${secret}`, seconds: 1 });
    log('error', 'UNCOMPRESSED');
    const entries = lines().map((line) => JSON.parse(line));
    assert.deepEqual(
      entries.map((entry) => Object.keys(entry)),
      [
        ['level', 'time', 'event', 'stage', 'seconds', 'msg'],
        ['level', 'time', 'event', 'msg'],
      ],
    );
    assert.equal(readFileSync(join(directory, 'backup_20251011.log'), 'utf8').trim().split('\n').length, 2);
  });
}

test('a secret is in no sink, whichever parameter or level it comes with', (t) => {
  const directory = temporaryDirectory(t);
  for (const format of ['json', 'pretty'] as const) {
    const { log, lines } = record({ directory, format, scrub: createScrub([new Secret('c4n"ary')]) });
    for (const level of ['debug', 'info', 'warn', 'error'] as const) {
      log(level, 'TOOL_OUTPUT', { tool: 'c4n"ary', line: 'x c4n"ary c4n%22ary YzRuImFyeQ== y' });
    }
    assert.equal(lines().length, 4);
    const everything = lines().join('') + readFileSync(join(directory, 'backup_20251011.log'), 'utf8');
    assert.doesNotMatch(everything, /c4n|YzRu/);
  }
});

test("the day's file gets the same messages, readable, without colours, for this user alone", (t) => {
  const directory = join(temporaryDirectory(t), 'made/for/it');
  const before = process.umask(0);
  t.after(() => process.umask(before));
  const { log } = record({ directory, isTTY: true });
  log('info', 'STAGE_DONE', { stage: 'dump', seconds: 1 });
  log('error', 'STAGE_FAILED', { stage: 'verify', seconds: 2 });
  const path = join(directory, 'backup_20251011.log');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.match(
    readFileSync(path, 'utf8'),
    /^\[2025-10-11T23:59:59Z\] INFO: dump: done in 1 s\n\[2025-10-11T23:59:59Z\] ERROR: verify: failed after 2 s\n$/,
  );
});

test('the file changes with the day, which is that of UTC', (t) => {
  const directory = temporaryDirectory(t);
  let now = NOW;
  const { log } = record({ directory, clock: () => now });
  log('info', 'UNCOMPRESSED');
  now = new Date(NOW.getTime() + 1000);
  log('info', 'UNCOMPRESSED');
  assert.deepEqual(readdirSync(directory), ['backup_20251011.log', 'backup_20251012.log']);
});

test('a log directory that cannot be written is said once, and the log goes on', (t) => {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, 'file'), '');
  mkdirSync(join(directory, 'taken/backup_20251011.log'), { recursive: true });
  for (const unwritable of [join(directory, 'file/sub'), join(directory, 'taken')]) {
    const { log, lines } = record({ directory: unwritable });
    for (let count = 0; count < 3; count += 1) log('info', 'UNCOMPRESSED');
    assert.deepEqual(
      lines().map((line) => JSON.parse(line).event),
      ['UNCOMPRESSED', 'LOG_FILE_UNWRITABLE', 'UNCOMPRESSED', 'UNCOMPRESSED'],
    );
    assert.match(lines()[1] ?? '', /backup_20251011\.log/);
  }
});

test('a message of several lines is one line of JSON', () => {
  const { log, lines } = record();
  log('info', 'TOOL_OUTPUT', { tool: 'pg_dump', line: 'a\nb' });
  assert.equal(lines().length, 1);
});

type Changes = Partial<LogOptions> & { readonly isTTY?: boolean };

function record(changes: Changes = {}): { log: Log; lines: () => string[] } {
  const { isTTY = false, ...options } = changes;
  const written: string[] = [];
  const log = createLog({
    output: { isTTY, write: (text: string) => written.push(text) },
    format: 'auto',
    language: 'en',
    scrub: createScrub([]),
    clock: () => NOW,
    ...options,
  });
  return { log, lines: () => written };
}
