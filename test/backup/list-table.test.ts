import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alignColumns } from '../../src/backup/list-table.ts';

test('columns line up, without borders, colours or blanks at the end', () => {
  assert.equal(
    alignColumns(
      ['RUN', 'SIZE'],
      [
        ['a', '1 B'],
        ['longer', ''],
      ],
    ),
    'RUN     SIZE\na       1 B\nlonger\n',
  );
});

test('a Chinese character takes two columns', () => {
  assert.equal(
    alignColumns(
      ['备份', '大小'],
      [
        ['ab', '1 B'],
        ['东西x', '2 B'],
      ],
    ),
    '备份   大小\nab     1 B\n东西x  2 B\n',
  );
});

test('long names are neither cut nor broken', () => {
  const name = 'x'.repeat(300);
  assert.equal(alignColumns(['RUN'], [[name]]), `RUN\n${name}\n`);
});
