import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { byteLength, cutToFit, writeToFit } from '../../src/notify/fit.ts';
import type { Message } from '../../src/notify/message.ts';
import { plainText } from '../../src/notify/plain-text.ts';
import { NOW } from './start-notifier.ts';

const words = fc
  .array(fc.string({ unit: fc.constantFrom('a', 'é', '😀', '&'), minLength: 1, maxLength: 12 }), {
    maxLength: 60,
  })
  .map((list) => list.join(' '));

test('a cut text measures no more than the limit, ends with a whole word and the mark, and is the longest such one', () => {
  fc.assert(
    fc.property(words, fc.integer({ min: 10, max: 400 }), (text, limit) => {
      const cut = cutToFit(text, limit, byteLength);
      assert.ok(byteLength(cut) <= limit);
      if (byteLength(text) <= limit) {
        assert.equal(cut, text);
        return;
      }
      const kept = cut.replace(/ ?…$/, '');
      assert.notEqual(kept, cut);
      const [next = ''] = text.slice(kept.length).trimStart().split(' ');
      assert.ok(kept === '' || text.startsWith(`${kept} `), 'whole words only');
      const longer = [kept, next].filter((part) => part !== '').join(' ');
      assert.ok(longer === text || byteLength(`${longer} …`) > limit, 'nothing is given away');
    }),
  );
});

test('Chinese, which has no blanks, is cut between its signs, and other words in it stay whole', () => {
  assert.equal(
    cutToFit('磁盘空间不足，请清理目录后重试', 10, (text) => text.length),
    '磁盘空间不足，请 …',
  );
  assert.equal(
    cutToFit('目录 /data/db-backups 空间不足', 12, (text) => text.length),
    '目录 …',
  );
  assert.equal(
    cutToFit('请清理目录backups后重试', 9, (text) => text.length),
    '请清理目录 …',
  );
});

test('a message that fits is left as it is; else long values are cut, and then databases are left out and counted', () => {
  const message = messageOf(10, 'word '.repeat(100).trim());
  const fitting = (limit: number) => writeToFit(message, plainText, limit, byteLength);
  assert.equal(fitting(100_000), plainText(message));
  const shorter = fitting(3000);
  assert.ok(byteLength(shorter) <= 3000);
  assert.match(shorter, / …/);
  assert.equal(shorter.match(/Error/g)?.length, 10);
  const few = fitting(500);
  assert.ok(byteLength(few) <= 500);
  const named = few.match(/Error/g)?.length ?? 0;
  assert.ok(named > 0 && named < 10);
  assert.match(few, new RegExp(`… and ${10 - named} more`));
  assert.match(fitting(1), /^Title\n\n… and 10 more\n/, 'the title is the last thing to go');
});

function messageOf(databases: number, value: string): Message {
  return {
    ...{ type: 'backup.failed', tone: 'bad', language: 'en', sentAt: NOW, title: 'Title' },
    sections: Array.from({ length: databases }, () => [{ label: 'Error', value }]),
    ...{ unnamed: 0, lines: [{ label: 'Sent by', value: 'db01' }], data: {} },
  };
}
