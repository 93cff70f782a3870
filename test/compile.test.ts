import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { projectDirectory } from './harness/parts.ts';
import { temporaryDirectory } from './harness/temporary-directory.ts';

const run = promisify(execFile);

/** Imports all that was compiled but the entry, and the pages as the server does; lets a thread deflate, and prints what comes of it. */
const SCRIPT = `
  import { globSync } from 'node:fs';
  for (const file of globSync('./dist/**/*.js', { exclude: ['dist/main.js', 'dist/server/assets/**'] })) await import('./' + file);
  const { createDeflatePool } = await import('./dist/archive/reencode/deflate-pool.js');
  const pool = createDeflatePool(1);
  const segment = { start: 0, length: 3, dictionaryBytes: 0, begins: true, ends: true, endsCopy: false };
  const { output } = await pool.deflate({ input: new SharedArrayBuffer(3), level: 1, segments: [segment] });
  await pool.end();
  const { inflateRawSync } = await import('node:zlib');
  const { importPage } = await import('./dist/server/page/import-page.js');
  for (const load of Object.values(importPage)) await load();
  process.stdout.write(inflateRawSync(output).toString('hex'));
  process.exit();
`;

test('the program can be compiled: all of it loads, threads too, where Node takes no types out', async (t) => {
  const directory = temporaryDirectory(t);
  const environment = { PATH: process.env['PATH'], LANG: 'C.UTF-8' };
  const node = (args: string[]) =>
    run(process.execPath, args, {
      cwd: directory,
      env: { ...environment, NODE_OPTIONS: '--no-strip-types' },
    });
  await run(process.execPath, ['build/compile.ts', 'src', join(directory, 'dist')], {
    cwd: projectDirectory,
  });
  assert.deepEqual(compiledNames(join(directory, 'dist')), compiledNames(join(projectDirectory, 'src')));
  for (const name of ['bin', 'package.json'])
    cpSync(join(projectDirectory, name), join(directory, name), { recursive: true });
  symlinkSync(join(projectDirectory, 'node_modules'), join(directory, 'node_modules'));

  const [source, compiled] = await Promise.all([
    run(join(projectDirectory, 'bin/pg-backup.js'), ['--help'], { env: environment }),
    node(['bin/pg-backup.js', '--help']),
  ]);
  assert.equal(compiled.stdout, source.stdout);
  assert.equal((await node(['--input-type=module', '--eval', SCRIPT])).stdout, '000000');
});

function compiledNames(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replace(/\.tsx?$/, '.js'))
    .sort();
}
