/**
 * `pg-backup backup`, as src/main.ts runs it, to which something happens in the moment a stage starts.
 * Arguments: the stage, and SIGKILL, SIGTERM, SIGINT or `fill:<directory>`.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { backUpTarget } from '../../src/backup/back-up-target.ts';
import { chooseLanguage } from '../../src/language.ts';
import { logFailure } from '../../src/log-failure.ts';
import { createContext, loadFrom } from '../../src/program.ts';
import { abortOnSignals } from '../../src/signals.ts';

process.umask(0o077);

const [fatalStage = '', event = ''] = process.argv.slice(2);
const environment = { ...process.env };
const surroundings = {
  environment,
  language: chooseLanguage(environment),
  signal: abortOnSignals(process, (exitCode) => process.exit(exitCode)),
  stdout: process.stdout,
  stderr: process.stderr,
  ask: async () => undefined,
};
const [target] = loadFrom(surroundings);
if (!target) throw new Error('there are no settings');
const context = createContext(surroundings, target);
let isOver = false;

try {
  await backUpTarget({
    ...context,
    progress: {
      ...context.progress,
      start(stage, figures) {
        if (stage === fatalStage && !isOver) {
          isOver = true;
          letItHappen();
        }
        return context.progress.start(stage, figures);
      },
    },
  });
} catch (error) {
  process.exitCode = logFailure(context, error);
}

function letItHappen(): void {
  if (event.startsWith('fill:')) fillDisk(event.slice('fill:'.length));
  else process.kill(process.pid, event);
}

/** Leaves not one block free. */
function fillDisk(directory: string): void {
  const file = openSync(join(directory, 'filler'), 'w');
  for (const blockBytes of [1024 * 1024, 4096, 1]) {
    const block = Buffer.alloc(blockBytes);
    try {
      for (;;) if (writeSync(file, block) < blockBytes) break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
  closeSync(file);
}
