import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { projectDirectory } from '../harness/parts.ts';
import { pageText } from './pages.ts';

const PAGES = ['.', 'docs', 'k8s', 'compose'].flatMap((directory) =>
  readdirSync(join(projectDirectory, directory))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(directory, name)),
);

test('every link between the pages leads somewhere', () => {
  for (const page of PAGES) {
    for (const [, target = ''] of pageText(page).matchAll(/\]\((?!https?:)([^)]+)\)/g)) {
      const [file = '', anchor] = target.split('#');
      const path = file === '' ? page : normalize(join(dirname(page), file));
      assert.ok(existsSync(join(projectDirectory, path)), `${page}: ${target}`);
      if (anchor !== undefined) assert.ok(anchorsOf(path).includes(anchor), `${page}: ${target}`);
    }
  }
});

/** As GitHub makes them of headings. */
function anchorsOf(page: string): string[] {
  return [...pageText(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
