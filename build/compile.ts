// Run while the image is built: node build/compile.ts <directory of src> <directory that is made>
// Compiles every file for itself into JavaScript, so that Node need not take the types out of each at every start; copies what is no TypeScript.
import { cpSync, globSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';

const [source = '', target = ''] = process.argv.slice(2);

/** What is imported keeps its place, and only has another name. */
const keepFilesApart: Plugin = {
  name: 'keep files apart',
  setup({ onResolve }) {
    onResolve({ filter: /^/ }, ({ kind, path }) =>
      kind === 'entry-point' ? undefined : { external: true, path: path.replace(/^(\..*)\.tsx?$/, '$1.js') },
    );
  },
};

await build({
  entryPoints: globSync(join(source, '**/*.{ts,tsx}')),
  outbase: source,
  outdir: target,
  bundle: true,
  plugins: [keepFilesApart],
  format: 'esm',
  platform: 'node',
  target: 'node24',
  logLevel: 'warning',
});
cpSync(source, target, { recursive: true, filter: (path) => !/\.tsx?$/.test(path) });
