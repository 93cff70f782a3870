import { markRunning } from '../../src/backup/running.ts';
import { layoutOf } from '../../src/files/layout.ts';
import { journalOf } from './dead-run.ts';

// Marks runs below a base directory, says how many, and lives on.
const [base = '', ...runs] = process.argv.slice(2);
let count = 0;
for (const run of runs) {
  if (await markRunning(layoutOf(base), journalOf(run), process.env['PATH'])) count += 1;
}
process.stdout.write(`marked ${count}\n`);
await Array.fromAsync(process.stdin);
