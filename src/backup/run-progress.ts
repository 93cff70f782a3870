import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { PRIVATE_FILE_MODE } from '../files/durable-files.ts';
import type { Layout } from '../files/layout.ts';
import { type Progress, type ProgressFigures, takeTurns } from '../progress.ts';
import { readJson } from '../report/directory.ts';
import { STAGES, type Stage } from '../report/record.ts';
import { compileSchema } from '../schema.ts';

const FILE = 'progress.json';
const INTERVAL_MILLISECONDS = 1_000;
/** A stage that counts nothing is told again after so long: whoever reads sees that the run is alive. */
const SIGN_OF_LIFE_MILLISECONDS = 15_000;
const MAXIMUM_BYTES = 4096;

/** What a run said last of what it is doing. */
export interface RunProgress extends ProgressFigures {
  readonly version: 1;
  readonly stage: Stage;
  readonly stageStartedAt: string;
  readonly updatedAt: string;
}

export interface ToldProgress extends Progress {
  /** Once nothing is being written any more. */
  settled(): Promise<void>;
}

/**
 * Shows progress as before, and keeps it in a file beside the run's mark too: at once for each stage, then every second; of stages that go on
 * at the same time, the one that began first. What cannot be written is left out, and nothing waits for it; the file goes with the mark.
 */
export function tellProgress(
  shown: Progress,
  layout: Layout,
  run: string,
  clock: () => Date,
  intervalMilliseconds = INTERVAL_MILLISECONDS,
): ToldProgress {
  const write = latestOnly(progressFile(layout, run));
  const turns = takeTurns();
  return {
    clear: shown.clear,
    settled: write.settled,
    start(stage, figures = () => ({})) {
      const stopShowing = shown.start(stage, figures);
      const stageStartedAt = clock().toISOString();
      let told: ProgressFigures | undefined;
      let toldAt = 0;
      const tell = (): void => {
        const now = readFigures(figures);
        if (isDeepStrictEqual(now, told) && performance.now() - toldAt < SIGN_OF_LIFE_MILLISECONDS) return;
        told = now;
        toldAt = performance.now();
        write({ version: 1, stage, stageStartedAt, ...now, updatedAt: clock().toISOString() });
      };
      const turn = turns.join(tell);
      const timer = setInterval(() => turn.isOurs() && tell(), intervalMilliseconds);
      timer.unref();
      return () => {
        clearInterval(timer);
        stopShowing();
        turn.end();
      };
    },
  };
}

/** What a run that is marked said last; undefined where it said nothing, or nothing that can be read here. */
export async function readProgress(layout: Layout, run: string): Promise<RunProgress | undefined> {
  return readJson<RunProgress>(progressFile(layout, run), checkProgress, MAXIMUM_BYTES);
}

const TIME = {
  type: 'string',
  pattern: '^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])T([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d\\.\\d{3}Z$',
};
const BYTES = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER };
const checkProgress = compileSchema({
  type: 'object',
  properties: {
    version: { const: 1 },
    stage: { enum: STAGES },
    stageStartedAt: TIME,
    bytesDone: BYTES,
    yardstickBytes: BYTES,
    updatedAt: TIME,
  },
  required: ['version', 'stage', 'stageStartedAt', 'updatedAt'],
});

function progressFile(layout: Layout, run: string): string {
  return join(layout.running, run, FILE);
}

/** The file that is counted may be on a disk that fails just now. */
function readFigures(figures: () => ProgressFigures): ProgressFigures {
  try {
    return figures();
  } catch {
    return {};
  }
}

interface Writer {
  (value: object): void;
  settled(): Promise<void>;
}

/** Replaces the file atomically, one value after the other; what comes while it writes replaces what waits. Not durably: a power cut ends the run as well. */
function latestOnly(path: string): Writer {
  let waiting: object | undefined;
  let writing: Promise<void> | undefined;
  const work = async (): Promise<void> => {
    while (waiting) {
      const text = JSON.stringify(waiting);
      waiting = undefined;
      try {
        const draft = `${path}.draft`;
        await writeFile(draft, text, { mode: PRIVATE_FILE_MODE });
        await rename(draft, path);
      } catch {
        // A full disk is told by what needs it, and the next value may find room.
      }
    }
    writing = undefined;
  };
  const write = (value: object): void => {
    waiting = value;
    writing ??= work();
  };
  return Object.assign(write, { settled: async () => writing });
}
