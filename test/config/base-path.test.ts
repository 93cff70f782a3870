import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { SETTINGS } from '../../src/config/settings.ts';
import { startSite } from '../server/site.ts';

const PATTERN = new RegExp(SETTINGS.BASE_PATH.pattern, 'u');

test('a path below which the server can be shown', () => {
  for (const path of [
    '/',
    '/backups',
    '/backups/',
    '/a/b.c/~d-e_f',
    '/api/backups',
    '/apis',
    '/runs2',
    '/.well-known',
  ])
    assert.match(path, PATTERN);
  for (const path of [
    '',
    'backups',
    '//',
    '/a//b',
    '/a?b',
    '/..',
    '/.',
    '/a/../b',
    '/a/.',
    '/../',
    '/é',
    '/a b',
    '/a\n',
  ])
    assert.doesNotMatch(path, PATTERN);
});

test('a path that the server answers itself cannot be one', async (t) => {
  const { get } = await startSite(t);
  const { paths } = (await get('/openapi.json')).body as { paths: object };
  const routes = [...Object.keys(paths), '/runs', '/runs/{run}', '/api', '/api/open', '/openapi.json'];
  const files = readdirSync(new URL('../../src/server/assets', import.meta.url)).map((name) => `/${name}`);
  const own = [...routes, ...files].flatMap((route) => {
    const parts = route.replaceAll(/[{}]/g, '').split('/');
    return parts.slice(1).map((_, index) => parts.slice(0, index + 2).join('/'));
  });
  assert.ok(own.includes('/api/v1'));
  for (const path of own) {
    assert.doesNotMatch(path, PATTERN);
    assert.doesNotMatch(`${path}/`, PATTERN);
  }
});

test('a long path is judged at once', () => {
  const begin = process.threadCpuUsage();
  assert.doesNotMatch(`/${'a'.repeat(10_000)}!`, PATTERN);
  assert.doesNotMatch(`${'/a'.repeat(10_000)}!`, PATTERN);
  assert.ok(process.threadCpuUsage(begin).user < 1_000_000);
});
