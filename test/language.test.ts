import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseLanguage, render } from '../src/language.ts';

test('the language is BACKUP_LANG, else that of the first locale variable that is set', () => {
  const table: readonly (readonly [Record<string, string>, 'en' | 'zh'])[] = [
    [{}, 'en'],
    [{ LANG: 'zh_CN.UTF-8' }, 'zh'],
    [{ LANG: 'zh_TW' }, 'zh'],
    [{ LANG: 'C' }, 'en'],
    [{ LANG: 'zh_CN.UTF-8', LC_ALL: 'C' }, 'en'],
    [{ LANG: 'en_US.UTF-8', LC_MESSAGES: 'zh_CN' }, 'zh'],
    [{ LANG: 'zh_CN', LC_ALL: '' }, 'zh'],
    [{ LANG: 'zh_CN', BACKUP_LANG: 'en' }, 'en'],
    [{ LC_ALL: 'C', BACKUP_LANG: 'zh' }, 'zh'],
  ];
  for (const [environment, language] of table) {
    assert.equal(chooseLanguage(environment), language, JSON.stringify(environment));
  }
});

test('a parameter is put in as it is, and one that is not given stays visible', () => {
  const text = { en: '{a} and {b} and {a}', zh: '{b}' };
  assert.equal(render(text, 'en', { a: '$& {b}', b: 0 }), '$& {b} and 0 and $& {b}');
  assert.equal(render(text, 'zh', {}), '{b}');
});
