import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { splitWords } from '../../src/config/shell-text.ts';

const plain = fc.string({
  unit: fc.constantFrom(...'aZ0_./:@%+,=-!^é中😀', '$.'),
  minLength: 1,
  maxLength: 6,
});
const escaped = fc.constantFrom(...'$`"\'\\ #;&|<>()*~aé\t', '\n').map((text) => `\\${text}`);
const singleQuoted = fc
  .string({ unit: fc.constantFrom(...'ab# "\\`;&|<>()~\t*中', '\n', '$(', '$a') })
  .map((text) => `'${text}'`);
const doubleQuoted = fc
  .string({
    unit: fc.constantFrom(..."ab# ';&|<>()~\t*中", '\n', '\\$', '\\`', '\\"', '\\\\', '\\a', '\\\n'),
  })
  .map((text) => `"${text}"`);
const word = fc
  .array(fc.oneof(plain, escaped, singleQuoted, doubleQuoted), { minLength: 1, maxLength: 4 })
  .map((pieces) => pieces.join(''));
const line = fc
  .array(fc.tuple(fc.constantFrom(' ', '  ', '\t', ' \t '), word))
  .map((parts) => parts.flat().join(''));

for (const shell of ['bash', 'sh']) {
  test(`a text of quoted words is split as ${shell} splits it`, () => {
    fc.assert(
      fc.property(line, (text) => {
        const { words, errors } = splitWords(text);
        assert.deepEqual(errors, []);
        assert.deepEqual(words, splitBy(shell, text));
      }),
      { numRuns: 250 },
    );
  });
}

test('an empty quoted word is a word, and blanks alone are none', () => {
  assert.deepEqual(splitWords(`'' "" a''b`).words, ['', '', 'ab']);
  assert.deepEqual(splitWords(' \t\n ').words, []);
  assert.deepEqual(splitWords('').words, []);
});

test('characters that are operators for a shell belong to the word, because no shell runs it', () => {
  assert.deepEqual(splitWords('--exclude-table=a|b -T (x);y *').words, [
    '--exclude-table=a|b',
    '-T',
    '(x);y',
    '*',
  ]);
});

test('an open quote and a command substitution are errors', () => {
  for (const text of [`-T 'x`, `-T "x`, '-T $(x)', '-T "`x`"']) {
    assert.equal(splitWords(text).errors.length, 1, text);
  }
});

/** The shell reads the text as the words of a `set --`, without expanding file names. */
function splitBy(shell: string, text: string): string[] {
  const script = `set -f; set -- ${text}\nfor word do printf '%s\\0' "$word"; done`;
  const output = execFileSync(shell, ['-c', script], {
    encoding: 'utf8',
    // bash takes a socket as its input for a remote login, and reads ~/.bashrc.
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { LC_ALL: 'C.UTF-8' },
  });
  return output.split('\0').slice(0, -1);
}
