import { runCommand } from '../src/exec.ts';

// Runs a program for a long time and says its process id.
await runCommand({
  file: '/bin/sh',
  args: ['-c', 'echo $$ >&2; exec sleep 1000'],
  environment: { PATH: '/usr/bin:/bin' },
  onErrorLine: (line) => process.stdout.write(`${line}\n`),
});
