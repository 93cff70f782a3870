import { claimDeadRun, readBootId } from '../../src/backup/running.ts';
import { layoutOf } from '../../src/files/layout.ts';

// Claims a dead run, says whether it got it, and takes the mark away once its input ends.
const [base = '', run = ''] = process.argv.slice(2);
const dead = await claimDeadRun(layoutOf(base), run, process.env['PATH'], readBootId());
process.stdout.write(dead ? 'claimed\n' : 'not mine\n');
await Array.fromAsync(process.stdin);
await dead?.remove();
