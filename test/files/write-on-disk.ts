import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeError } from '../../src/errors.ts';
import { writeDurably } from '../../src/files/durable-files.ts';

// Fills a disk with what lies beside it, as far as that fits, then replaces a text there and says how it went.
const [directory = '', textBytes = ''] = process.argv.slice(2);
const path = join(directory, 'disk/report.json');
writeFileSync(path, 'old');
try {
  writeFileSync(join(directory, 'disk/fill'), readFileSync(join(directory, 'fill')));
} catch (error) {
  if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
}
try {
  await writeDurably(path, 'x'.repeat(Number(textBytes)), 0o644);
  process.stdout.write('written\n');
} catch (error) {
  const { code, message } = describeError(error, 'en');
  process.stdout.write(`${code} ${message}\n`);
}
process.stdout.write(`${readFileSync(path, 'utf8')}\n`);
