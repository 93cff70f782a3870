import { tryFileLock } from '../../src/backup/file-lock.ts';

// Takes the lock of a file, says so, and holds it until its input ends.
const [path = ''] = process.argv.slice(2);
const lock = await tryFileLock(path, process.env['PATH']);
process.stdout.write(lock ? 'held\n' : 'busy\n');
await Array.fromAsync(process.stdin);
await lock?.release();
