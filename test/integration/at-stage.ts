import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Stage } from '../../src/report/record.ts';
import type { PgBackupResult } from '../harness/pg-backup.ts';
import { type Env, type Installation, lifetime } from './installation.ts';

const PROGRAM = fileURLToPath(new URL('backup-at-stage.ts', import.meta.url));

/** Runs a real backup to which `event` happens when `stage` starts: a signal, or `fill:<directory>` for a disk without a free block. */
export async function backupWithEvent(
  t: TestContext,
  installation: Installation,
  stage: Stage,
  event: 'SIGKILL' | 'SIGTERM' | 'SIGINT' | `fill:${string}`,
  changes: Env = {},
): Promise<PgBackupResult> {
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), PROGRAM, stage, event], {
    cwd: installation.directory,
    env: {
      ...installation.env,
      // Without one there is no such stage.
      ...(stage === 'before-hook' ? { BACKUP_HOOK_BEFORE: 'true' } : {}),
      ...changes,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: lifetime(t),
    killSignal: 'SIGKILL',
  });
  // An abort is an error event too, and the close event follows.
  child.on('error', () => {});
  const [stdout, stderr, [exitCode, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
  ]);
  return { exitCode, signal, stdout, stderr };
}
