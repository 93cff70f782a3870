import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectDirectory } from './parts.ts';

export type PgBackupOptions = {
  /** The whole environment, apart from PATH and a HOME that is an empty directory. */
  env: Record<string, string>;
  /** Default: the empty HOME. */
  cwd?: string;
  /** Aborted, the program is killed: pass the test's own signal, so that no program outlives its test. */
  signal?: AbortSignal;
};

export type PgBackupResult = {
  /** null when a signal ended it. */
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
};

export type RunningPgBackup = {
  child: ChildProcess;
  /** Resolves with the match once stdout or stderr contains the pattern; rejects when the program ends without. */
  waitForOutput(pattern: RegExp): Promise<RegExpExecArray>;
  kill(signal: NodeJS.Signals): void;
  /** Never rejects because of an exit code. */
  finished: Promise<PgBackupResult>;
};

/** Runs the real command line program to its end. */
export function runPgBackup(args: string[], options: PgBackupOptions): Promise<PgBackupResult> {
  return startPgBackup(args, options).finished;
}

/** Starts the real command line program, on the Node that runs the test. */
export function startPgBackup(args: string[], options: PgBackupOptions): RunningPgBackup {
  const home = mkdtempSync(join(tmpdir(), 'pg-backup-home-'));
  const child = spawn(process.execPath, [join(projectDirectory, 'bin/pg-backup.js'), ...args], {
    cwd: options.cwd ?? home,
    env: { PATH: process.env['PATH'], HOME: home, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    killSignal: 'SIGKILL',
    ...(options.signal && { signal: options.signal }),
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });

  // An abort is an error event too, and its close event follows.
  child.on('error', (error) => {
    stderr += `${error}\n`;
  });
  const finished = new Promise<PgBackupResult>((resolve) => {
    child.on('close', (exitCode, signal) => {
      rmSync(home, { recursive: true, force: true });
      resolve({ exitCode, signal, stdout, stderr });
    });
  });

  const waitForOutput = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(stdout) ?? pattern.exec(stderr);
        if (match) resolve(match);
      };
      child.stdout.on('data', look);
      child.stderr.on('data', look);
      look();
      finished.then(() => reject(new Error(`ended without printing ${pattern}:\n${stdout}${stderr}`)));
    });

  return { child, waitForOutput, finished, kill: (signal) => child.kill(signal) };
}
