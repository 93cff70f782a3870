#!/usr/bin/env node
// tsx would keep compiled code in a directory of /tmp that any local user can make first, and run what lies there.
process.env.TSX_DISABLE_CACHE = '1';
const { register } = await import('tsx/esm/api');

register();
await import('../src/main.ts');
