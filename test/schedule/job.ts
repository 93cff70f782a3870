import { spawn } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';

// Stands where the program is: notes how it was started, then does what the file says for this start.
const [directory = '', ...args] = [process.env['JOB_DIRECTORY'], ...process.argv.slice(2)];
const { BACKUP_RETRIES, BACKUP_LOG_FORMAT, ONLY_HERE } = process.env;
appendFileSync(
  `${directory}/started`,
  `${JSON.stringify({ args, options: process.execArgv.join(' '), BACKUP_RETRIES, BACKUP_LOG_FORMAT, ONLY_HERE })}\n`,
);
const starts = readFileSync(`${directory}/started`, 'utf8').trim().split('\n').length;
const acts = readFileSync(`${directory}/acts`, 'utf8').split(' ');
const act = acts[Math.min(starts, acts.length) - 1] ?? '';
process.stdout.write('to stdout\nwithout an end');
process.stderr.write('to stderr\n');
if (act === 'kill') process.kill(process.pid, 'SIGKILL');
if (act === 'crash') throw new Error('a bug');
if (act === 'outlive') {
  // In a session of its own, it keeps what it has from us open.
  const { pid } = spawn('sleep', ['600'], { detached: true, stdio: 'inherit' });
  process.stderr.write(`outlived by ${pid}\n`);
}
if (act === 'input') for await (const _ of process.stdin) process.exit(9);
if (act === 'wait' || act === 'die') {
  process.on('SIGTERM', () => {
    process.stderr.write('told\n');
    if (act === 'die') process.kill(process.pid, 'SIGKILL');
    setTimeout(() => process.exit(143), 100);
  });
  process.stderr.write('ready\n');
  setInterval(() => {}, 1000);
}
if (/^\d+$/.test(act)) process.exitCode = Number(act);
