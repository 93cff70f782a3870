import { runCommand } from '../src/exec.ts';

// Runs a program for a long time and says its process id. It notes a SIGQUIT in the directory, and ends once it finds `end` there.
const [deathSignal = '', directory = '', userId] = process.argv.slice(2);
const script = `trap 'echo >"$1/quit"; exit' QUIT
  echo $$ >&2
  until [ -e "$1/end" ]; do sleep 0.05; done
  echo >"$1/ended"`;
await runCommand({
  file: '/bin/sh',
  args: ['-c', script, 'sh', directory],
  environment: { PATH: '/usr/bin:/bin' },
  ...(deathSignal === 'KILL' ? {} : { deathSignal: deathSignal === 'QUIT' ? 'QUIT' : null }),
  userId: userId === undefined ? undefined : Number(userId),
  onErrorLine: (line) => process.stdout.write(`${line}\n`),
});
