import prettyBytes from 'pretty-bytes';
import type { Log, Output } from './logging.ts';

/** Some pseudo-terminals say 0. */
const DEFAULT_COLUMNS = 80;
const LINE_INTERVAL_MILLISECONDS = 500;
const LOG_INTERVAL_MILLISECONDS = 30_000;

export interface ProgressFigures {
  readonly bytesDone?: number;
  /** What the bytes are measured against: the database's size for a dump, the file's for an upload. */
  readonly yardstickBytes?: number;
}

export interface Progress {
  /** Shows `stage` until the returned function is called; `figures` is asked for whenever the line is drawn. */
  start(stage: string, figures?: () => ProgressFigures): () => void;
  /** Takes the live line away, so that another line can be written. */
  clear(): void;
}

/** One live line on a terminal; elsewhere a log line every 30 seconds. Of stages that go on at the same time, the one that began first is shown. */
export function createProgress(output: Output, log: Log): Progress {
  const live = output.isTTY === true;
  const turns = takeTurns();
  let shown = false;

  const clear = (): void => {
    if (shown) output.write('\r\u001b[2K');
    shown = false;
  };
  return {
    clear,
    start(stage, figures = () => ({})) {
      const startedAt = performance.now();
      const draw = (): void => {
        const progress = describeProgress(figures(), (performance.now() - startedAt) / 1000);
        if (live) {
          output.write(
            `\r\u001b[2K${`${stage}  ${progress}`.slice(0, (output.columns || DEFAULT_COLUMNS) - 1)}`,
          );
          shown = true;
        } else {
          log('info', 'STAGE_PROGRESS', { stage, progress });
        }
      };
      const turn = turns.join(() => live && draw());
      const timer = setInterval(
        () => turn.isOurs() && draw(),
        live ? LINE_INTERVAL_MILLISECONDS : LOG_INTERVAL_MILLISECONDS,
      );
      timer.unref();
      return () => {
        clearInterval(timer);
        clear();
        turn.end();
      };
    },
  };
}

/** Of those that want to speak at the same time, the first one to come has its turn until it ends it; `begin` tells each when it is its own. */
export function takeTurns(): { join(begin: () => void): { isOurs(): boolean; end(): void } } {
  const waiting = new Set<() => void>();
  const first = (): (() => void) | undefined => waiting.values().next().value;
  return {
    join(begin) {
      const own = (): void => begin();
      waiting.add(own);
      if (first() === own) own();
      return {
        isOurs: () => first() === own,
        end() {
          const wasOurs = first() === own;
          waiting.delete(own);
          if (wasOurs) first()?.();
        },
      };
    },
  };
}

/** For example `12.3 MB of 56 MB, 4.1 MB/s, 3 s`. */
export function describeProgress(figures: ProgressFigures, elapsedSeconds: number): string {
  const parts: string[] = [];
  if (figures.bytesDone !== undefined) {
    const yardstick = figures.yardstickBytes === undefined ? '' : ` / ${prettyBytes(figures.yardstickBytes)}`;
    parts.push(`${prettyBytes(figures.bytesDone)}${yardstick}`);
    if (elapsedSeconds > 0) parts.push(`${prettyBytes(figures.bytesDone / elapsedSeconds)}/s`);
  }
  parts.push(`${Math.floor(elapsedSeconds)} s`);
  return parts.join(', ');
}
