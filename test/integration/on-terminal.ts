import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { projectDirectory } from '../harness/parts.ts';
import { type Installation, lifetime } from './installation.ts';

export interface OnTerminal {
  readonly exitCode: number | null;
  /** Everything that was shown. */
  readonly screen: string;
}

/** Runs the command on a terminal of its own (script(1)), on which the answer is typed as soon as the question is there. */
export async function runOnTerminal(
  t: TestContext,
  { env, directory }: Installation,
  args: readonly string[],
  dialogue: { readonly question: RegExp; readonly answer: string },
): Promise<OnTerminal> {
  const words = [process.execPath, join(projectDirectory, 'bin/pg-backup.js'), ...args];
  const command = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  const terminal = spawn('script', ['--quiet', '--return', '--flush', '--command', command, '/dev/null'], {
    cwd: directory,
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
    signal: lifetime(t),
    killSignal: 'SIGKILL',
  });
  terminal.on('error', () => {});
  let screen = '';
  let isAnswered = false;
  terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
    if (isAnswered || !dialogue.question.test(screen)) return;
    isAnswered = true;
    terminal.stdin.write(dialogue.answer);
  });
  const [exitCode] = (await once(terminal, 'close')) as [number | null];
  return { exitCode, screen };
}
