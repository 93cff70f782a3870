import { writeDurably } from '../../src/files/durable-files.ts';

// Replaces one file again and again until it is killed; says so after the first time.
const [path = ''] = process.argv.slice(2);
const SIZE_CHARACTERS = 1_000_000;
for (let count = 0; ; count += 1) {
  await writeDurably(path, (count % 2 === 0 ? 'a' : 'b').repeat(SIZE_CHARACTERS), 0o644);
  if (count === 0) process.stdout.write('written\n');
}
