import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectDirectory } from '../harness/parts.ts';
import { pageText } from './pages.ts';

const SOURCE = [
  ...['src/doctor', 'src/postgres', 'src/backup'].flatMap((directory) =>
    readdirSync(join(projectDirectory, directory)).map((name) => join(directory, name)),
  ),
].filter((path) => /^src\/doctor\/|-check\.ts$/.test(path));

/** Those that are put together of parts. */
const COMPOSED = ['put', 'head', 'get', 'list', 'delete']
  .map((step) => `bucket-${step}`)
  .concat(['backup', 'drill', 'verify'].map((kind) => `schedule-${kind}`));

test('both doctor pages explain every check, and no other', () => {
  const ids = new Set(COMPOSED);
  for (const path of SOURCE) {
    const text = readFileSync(join(projectDirectory, path), 'utf8');
    const named = text.matchAll(
      /(?:\bid(?: =|:)|\b(?:look|tryCheck|failedCheck|checkDirectory|versionOf)\()\s*'([a-z-]+)'/g,
    );
    for (const [, id = ''] of named) ids.add(id);
  }
  for (const page of ['docs/doctor.md', 'docs/doctor.zh-CN.md']) {
    const rows = pageText(page)
      .split('\n')
      .filter((line) => /^\| `[a-z-]+`(, `|、`| \|)/.test(line));
    const explained = rows
      .filter((row) => row.split('|').length === 5)
      .flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([a-z-]+)`/g)].map(([, id = '']) => id));
    assert.deepEqual([...new Set(explained)].sort(), [...ids].sort(), page);
  }
});
