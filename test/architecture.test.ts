import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { projectDirectory } from './harness/parts.ts';

/** The text of each source file by its path below src/. */
const SOURCES: ReadonlyMap<string, string> = new Map(
  readdirSync(join(projectDirectory, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.tsx?$/.test(path))
    .map((path) => [path, readFileSync(join(projectDirectory, 'src', path), 'utf8')]),
);

const { dependencies } = JSON.parse(readFileSync(join(projectDirectory, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
};

/** They have no effects and no options that matter, so they need no door. */
const PURE_PACKAGES = ['pretty-bytes', 'p-map'];
/** It makes what the image holds in place of src, and is not in the image. */
const COMPILER = 'esbuild';

/** The directories below src/ that each one may import from; the files that lie directly in src/ are below all of them, but for the entry. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  acceptance: ['backup', 'doctor', 'files', 'report', 'schedule'],
  commands: ['acceptance', 'backup', 'config', 'doctor', 'restore', 'schedule', 'server'],
  archive: [],
  'archive/reencode': ['archive'],
  config: [],
  encryption: ['config', 'files'],
  files: [],
  postgres: ['config'],
  report: ['files'],
  fingerprint: ['archive', 'postgres', 'report'],
  storage: ['config', 'files', 'report'],
  notify: ['config', 'files', 'report'],
  backup: [
    'archive',
    'archive/reencode',
    'config',
    'encryption',
    'files',
    'fingerprint',
    'notify',
    'postgres',
    'report',
    'storage',
  ],
  restore: [
    'archive',
    'backup',
    'config',
    'encryption',
    'files',
    'fingerprint',
    'notify',
    'postgres',
    'report',
    'storage',
  ],
  schedule: ['backup', 'config', 'files', 'notify', 'report', 'restore'],
  server: ['backup', 'files', 'server/http', 'server/overview', 'server/routes', 'server/run-index'],
  'server/routes': [
    'report',
    'schedule',
    'server/http',
    'server/overview',
    'server/page',
    'server/routes/schemas',
    'server/run-index',
  ],
  'server/routes/schemas': ['server/http'],
  'server/overview': ['backup', 'files', 'schedule', 'server/run-index'],
  'server/run-index': ['backup', 'files', 'report'],
  'server/page': [
    'backup',
    'notify',
    'report',
    'schedule',
    'server/charts',
    'server/http',
    'server/overview',
    'server/run-index',
  ],
  'server/charts': ['notify'],
  'server/http': [],
  doctor: [
    'backup',
    'config',
    'encryption',
    'files',
    'fingerprint',
    'postgres',
    'report',
    'restore',
    'schedule',
    'storage',
  ],
};
const ENTRY_FILES = ['main.ts', 'cli.ts', 'program.ts'];

const LONGEST_LINES = 250;
/** Tables: they grow with what they list, not with logic. */
const TABLES = ['config/settings.ts', 'error-table.ts', 'messages.ts'];

test('every package has one door: a single file imports it', () => {
  for (const name of Object.keys(dependencies)) {
    if (PURE_PACKAGES.includes(name)) continue;
    const doors = [...SOURCES.keys()].filter((path) => importsOf(path).includes(name));
    assert.equal(
      doors.length,
      name === COMPILER ? 0 : 1,
      `${name} is imported in ${doors.join(', ') || 'no file'}`,
    );
  }
});

test('only declared packages and built-in modules are imported', () => {
  for (const path of SOURCES.keys()) {
    for (const name of importsOf(path)) {
      if (name.startsWith('node:') || name.startsWith('.')) continue;
      assert.ok(name in dependencies, `${path} imports ${name}`);
    }
  }
});

test('the environment and the exit of the process belong to main.ts', () => {
  for (const [path, text] of SOURCES) {
    if (path === 'main.ts') continue;
    assert.doesNotMatch(text, /process\s*\.\s*(env|exit|exitCode|argv)\b|\bimport\b.*'node:process'/, path);
  }
});

test('nothing below knows what is above', () => {
  const directories = new Set(
    [...SOURCES.keys()].map((path) => dirname(path)).filter((name) => name !== '.'),
  );
  assert.deepEqual([...directories].sort(), Object.keys(MAY_IMPORT).sort());
  for (const path of SOURCES.keys()) {
    const own = dirname(path);
    for (const imported of localImportsOf(path)) {
      const other = dirname(imported);
      if (own === '.') {
        if (!ENTRY_FILES.includes(path)) assert.equal(other, '.', `${path} imports ${imported}`);
      } else {
        const allowed = ['.', own, ...(MAY_IMPORT[own] ?? [])];
        assert.ok(allowed.includes(other), `${path} imports ${imported}`);
        const isEntry = ENTRY_FILES.includes(imported) && !(own === 'commands' && imported === 'program.ts');
        assert.ok(!isEntry, `${path} imports ${imported}`);
      }
    }
  }
});

test('no file imports itself by a detour', () => {
  const done = new Set<string>();
  const visit = (path: string, way: readonly string[]): void => {
    assert.ok(!way.includes(path), [...way, path].join(' → '));
    if (done.has(path)) return;
    for (const next of localImportsOf(path, 'values')) visit(next, [...way, path]);
    done.add(path);
  };
  for (const path of SOURCES.keys()) visit(path, []);
});

test('files are short, but for the tables', () => {
  for (const [path, text] of SOURCES) {
    const lines = text.split('\n').length - 1;
    assert.equal(
      lines > LONGEST_LINES,
      TABLES.includes(path) && lines > LONGEST_LINES,
      `${path} has ${lines} lines`,
    );
  }
  for (const path of TABLES) assert.ok(SOURCES.has(path), path);
});

test('nothing under src knows of the tests', () => {
  for (const [path, text] of SOURCES) {
    assert.doesNotMatch(text, /['"`/]test\/|stand-in|node:test/, path);
  }
});

test('there are named exports only, no barrel files and no drawers for anything', () => {
  for (const [path, text] of SOURCES) {
    assert.doesNotMatch(text, /^export (default|\* )|^enum |^export (const )?enum /m, path);
    assert.doesNotMatch(path, /(^|\/)(utils?|helpers?|common|lib|index)(\.tsx?|\/)/, path);
  }
});

/** What the file imports: names of packages and modules, and relative paths as they are written. */
function importsOf(path: string, kind: 'all' | 'values' = 'all'): string[] {
  const text = SOURCES.get(path) ?? '';
  const pattern = /(?:^(?:import|export)\s+(type\s)?[^;']*?from\s+|^import\s+|\bimport\()'([^']+)'/gm;
  return [...text.matchAll(pattern)].flatMap(([, isType, specifier = '']) => {
    if (kind === 'values' && isType) return [];
    if (specifier.startsWith('.') || specifier.startsWith('node:')) return [specifier];
    return [/^(@[^/]+\/[^/]+|[^/]+)/.exec(specifier)?.[0] ?? specifier];
  });
}

/** The files below src/ that the file imports. */
function localImportsOf(path: string, kind: 'all' | 'values' = 'all'): string[] {
  return importsOf(path, kind)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => normalize(join(dirname(path), specifier)))
    .filter((imported) => SOURCES.has(imported));
}
