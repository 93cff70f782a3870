import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseLanguage, languageCookie } from '../../../src/server/page/choose-language.ts';

test('the address decides, then what was chosen before, then the browser, then the server', () => {
  const all = { query: 'zh', cookies: 'a=b; lang=en', accepted: 'en' };
  assert.equal(chooseLanguage(all, 'en'), 'zh');
  assert.equal(chooseLanguage({ ...all, query: undefined, accepted: 'zh' }, 'zh'), 'en');
  assert.equal(
    chooseLanguage({ ...all, query: 'fr', cookies: 'lang=fr', accepted: 'fr, zh-TW' }, 'en'),
    'zh',
  );
  assert.equal(chooseLanguage({ ...all, query: 'fr', cookies: undefined, accepted: 'de, *' }, 'zh'), 'zh');
});

test('of what a browser wishes the first of the highest quality counts', () => {
  const wished = (accepted: string | undefined, own: 'en' | 'zh' = 'en') =>
    chooseLanguage({ query: undefined, cookies: undefined, accepted }, own);
  assert.equal(wished('en;q=0.3, zh-CN;q=0.8'), 'zh');
  assert.equal(wished('zh-CN,zh;q=0.9,en;q=0.8'), 'zh');
  assert.equal(wished('EN-gb, zh', 'zh'), 'en');
  assert.equal(wished('zh;q=0, en;q=0.1', 'zh'), 'en');
  assert.equal(wished('zh;q=0', 'en'), 'en');
  assert.equal(wished(undefined, 'zh'), 'zh');
  assert.equal(wished(',;;q=,zh ; q=1'), 'zh');
});

test('a choice is remembered, and nothing else is', () => {
  assert.match(
    languageCookie('zh', '/backups') ?? '',
    /^lang=zh; Path=\/backups; Max-Age=\d+; SameSite=Lax; HttpOnly$/,
  );
  assert.equal(languageCookie('zh; Domain=x', '/'), undefined);
  assert.equal(languageCookie(undefined, '/'), undefined);
});
