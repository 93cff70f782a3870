import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { howToGet } from '../src/how-to-get.ts';
import type { Text } from '../src/language.ts';
import { projectDirectory } from './harness/parts.ts';

test('outside of the image it names packages', () => {
  assert.equal(howToGet(), howToGet(false));
  assert.equal(howToGet().client(16).en, 'apt-get install postgresql-client-16');
  assert.equal(howToGet().server().zh, 'apt-get install postgresql');
  assert.equal(
    howToGet().newerClient(17, '17.10', true).en,
    'apt-get update && apt-get install --only-upgrade postgresql-client-17',
  );
});

test('in the image it names what the Dockerfile takes, and nothing to install', () => {
  const dockerfile = readFileSync(join(projectDirectory, 'Dockerfile'), 'utf8');
  const image = howToGet(true);
  const texts: Text[] = [
    ...[image.client(), image.client(18), image.server(), image.server(18)],
    ...[
      image.newerClient(17, '17.10', true),
      image.newerClient(17, '17.10', false),
      image.ossutil,
      image.rclone,
    ],
  ];
  for (const { en, zh } of texts) {
    for (const text of [en, zh]) {
      assert.doesNotMatch(text, /apt-get|https:|[{}]/);
      for (const [, name = ''] of text.matchAll(/--build-arg (\w+)=/g))
        assert.match(dockerfile, new RegExp(`^ARG .*\\b${name}\\b`, 'm'));
      for (const [, name = ''] of text.matchAll(/--target (\w+)/g))
        assert.match(dockerfile, new RegExp(`^FROM \\S+ AS ${name}$`, 'm'));
    }
    assert.notEqual(en, '');
  }
  assert.match(image.client(18).en, /PG_MAJORS="18"/);
  assert.match(image.server(18).zh, /--target drill --build-arg PG_MAJORS="18"/);
  assert.match(dockerfile, /touch \/app\/is-image\b/);
});
