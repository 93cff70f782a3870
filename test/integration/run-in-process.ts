import { runCli } from '../../src/cli.ts';
import type { Env } from './installation.ts';

export interface CliResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command as the program does, within this process: for many quick questions to one installation. */
export async function runInProcess(args: readonly string[], environment: Env): Promise<CliResult> {
  let stdout = '';
  let stderr = '';
  const exitCode = await runCli(args, {
    environment: { BACKUP_LOG_FORMAT: 'pretty', ...environment },
    language: 'en',
    signal: new AbortController().signal,
    stdout: {
      write(text) {
        stdout += text;
      },
    },
    stderr: {
      write(text) {
        stderr += text;
      },
    },
    ask: async () => undefined,
  });
  return { exitCode, stdout, stderr };
}
