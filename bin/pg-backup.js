#!/usr/bin/env -S node --max-semi-space-size=2 --heap-growing-percent=25
// What is read and sent lies outside the heap: a young generation of 2 MB does, and saves tens of megabytes for years. The old one would else
// let as much garbage lie as it keeps.
import { fileURLToPath } from 'node:url';

// Node takes the types out by itself, in half the time. What is more than types, the pages of the report server, tsx compiles.
if (process.argv.includes('serve')) await registerTsx();
await import('../src/main.ts');

async function registerTsx() {
  // It would keep compiled code in a directory of /tmp that any local user can make first, and run what lies there.
  process.env.TSX_DISABLE_CACHE = '1';
  const { register } = await import('tsx/esm/api');

  // It would look for the settings of TypeScript in the working directory, and knows of no JSX without them.
  register({ tsconfig: fileURLToPath(new URL('../tsconfig.json', import.meta.url)) });
}
