import { closeSync, openSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { content } from './sdk-test-store.ts';

// Writes a file as pg_dump does, in a process of its own. Commands: `append <bytes>` goes on, `head <bytes>` writes the beginning anew.
const [path = '', totalBytes = ''] = process.argv.slice(2);
const bytes = content(Number(totalBytes));
const file = openSync(path, 'w');
let written = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const [command, count = ''] = line.split(' ');
  const size = Number(count);
  if (command === 'append') {
    writeSync(file, bytes, written, size, written);
    written += size;
  }
  if (command === 'head') writeSync(file, content(size, 2), 0, size, 0);
  process.stdout.write('done\n');
}
closeSync(file);
