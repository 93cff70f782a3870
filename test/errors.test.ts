import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ERRORS, type ErrorCode } from '../src/error-table.ts';
import { describeError, PgBackupError } from '../src/errors.ts';
import { EXIT_CODES, STOP_SIGNALS } from '../src/exit-codes.ts';
import type { Language, Text } from '../src/language.ts';
import { render } from '../src/language.ts';
import { MESSAGES } from '../src/messages.ts';

const CODES = Object.keys(ERRORS) as ErrorCode[];
const TEXTS: readonly (readonly [string, Text])[] = [
  ...CODES.flatMap((code) => [
    [`message of ${code}`, ERRORS[code].message] as const,
    [`hint of ${code}`, ERRORS[code].hint] as const,
  ]),
  ...Object.entries(MESSAGES),
  ...Object.entries(EXIT_CODES).map(([code, text]) => [`exit code ${code}`, text] as const),
];

test('every text is there in both languages, with the same placeholders', () => {
  for (const [name, text] of TEXTS) {
    assert.deepEqual(placeholders(text, 'zh'), placeholders(text, 'en'), name);
    assert.equal(text.en === '', text.zh === '', name);
  }
});

test('a text whose placeholders are all given shows none', () => {
  for (const [name, text] of TEXTS) {
    const parameters = Object.fromEntries(placeholders(text, 'en').map((placeholder) => [placeholder, 'X']));
    for (const language of ['en', 'zh'] as const)
      assert.doesNotMatch(render(text, language, parameters), /[{}]/, name);
  }
});

test('what a hint needs is given with the message or is its remedy', () => {
  const own: Partial<Record<ErrorCode, readonly string[]>> = {
    CONNECTION_FAILED: ['user'],
    DATABASE_MISSING: ['user'],
  };
  for (const code of CODES) {
    const given = [...placeholders(ERRORS[code].message, 'en'), 'remedy', ...(own[code] ?? [])];
    for (const name of placeholders(ERRORS[code].hint, 'en'))
      assert.ok(given.includes(name), `${code}: ${name}`);
  }
});

test('every exit code of an error is documented, and every documented one can happen', () => {
  const used = new Set<number>([
    0,
    ...Object.values(STOP_SIGNALS),
    ...CODES.map((code) => ERRORS[code].exitCode),
  ]);
  assert.deepEqual(new Set(Object.keys(EXIT_CODES).map(Number)), used);
  for (const code of CODES) assert.notEqual(ERRORS[code].exitCode, 0);
});

test('every error says what to do next, unless a person asked for it', () => {
  for (const code of CODES) assert.equal(ERRORS[code].hint.en === '', code === 'INTERRUPTED', code);
});

test('an error is described with its code, exit code, message and hint', () => {
  const error = new PgBackupError('BUSY', { database: 'd', holder: 'somebody' });
  assert.equal(error.message, 'Another backup of "d" is under way: somebody.');
  assert.deepEqual(describeError(error, 'zh'), {
    code: 'BUSY',
    exitCode: 7,
    message: '"d" 已有另一个备份正在进行：somebody。',
    hint: '未做任何改动。请等待其结束，或在那里终止它。',
  });
});

test('an interruption has the exit code of its signal', () => {
  const exitCodeOf = (signal: string): number =>
    describeError(new PgBackupError('INTERRUPTED', { signal }), 'en').exitCode;
  assert.equal(exitCodeOf('SIGINT'), 130);
  assert.equal(exitCodeOf('SIGTERM'), 143);
});

test('whatever else is thrown is a bug with its own text', () => {
  for (const thrown of [new TypeError('x is not a function'), 'x is not a function']) {
    const { code, exitCode, message } = describeError(thrown, 'en');
    assert.deepEqual([code, exitCode], ['INTERNAL', 1]);
    assert.equal(message, 'Unexpected error: x is not a function');
  }
});

function placeholders(text: Text, language: Language): string[] {
  return [...new Set([...text[language].matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? ''))].sort();
}
