#!/usr/bin/env -S MALLOC_ARENA_MAX=2 node --max-semi-space-size=2 --heap-growing-percent=25 --optimize-for-size
// What is read and sent lies outside the heap: a young generation of 2 MB does, and saves tens of megabytes for years. The old one would else
// let as much garbage lie as it keeps, and glibc would keep what each thread gave back apart.
import { existsSync } from 'node:fs';

// The image has what build/compile.ts made of src in its place.
const source = new URL('../src/main.ts', import.meta.url);
if (existsSync(source)) {
  // tsx, which compiles the pages of the report server, would keep compiled code in a directory of /tmp that any local user can make first, and
  // run what lies there; and its compiler would stay in memory for ever, in a thread and a process of its own.
  process.env.TSX_DISABLE_CACHE = '1';
  process.env.ESBUILD_WORKER_THREADS = '0';
  await import(source);
} else {
  await import('../dist/main.js');
}
