import { appendFileSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pino } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { inOneLanguage, type Language, render, type TextParameters } from './language.ts';
import { MESSAGES, type MessageId } from './messages.ts';
import { type Scrub, scrubValue } from './scrub.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Writes one message of the catalogue with its parameters, in the person's language, scrubbed of every secret. */
export type Log = (level: LogLevel, id: MessageId, parameters?: TextParameters) => void;

/** The same log with `[label] ` in front of each message, for what works side by side with its like. */
export function withLabel(log: Log, label: string): Log {
  return (level, id, parameters) => log(level, id, { ...parameters, label });
}

/** Where readable output goes; a terminal is told by `isTTY`. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface LogOptions {
  readonly output: Output;
  readonly format: 'auto' | 'pretty' | 'json';
  /** Absent: no file is written. */
  readonly directory?: string;
  readonly language: Language;
  readonly scrub: Scrub;
  readonly clock: () => Date;
}

/**
 * A pino logger with two sinks: `output`, pretty or JSON lines, and the day's file `backup_<yyyymmdd>.log` (UTC, mode 0600), which stays
 * readable for grep. Lines are written before the call returns, so none is lost at exit; a file that cannot be written is said once.
 */
export function createLog(options: LogOptions): Log {
  const pretty = options.format === 'pretty' || (options.format === 'auto' && options.output.isTTY === true);
  const forTerminal = prettyFactory({ colorize: options.output.isTTY === true, ...PRETTY });
  const forFile = prettyFactory({ colorize: false, ...PRETTY });
  let fileWorks = options.directory !== undefined;

  const write = (line: string): void => {
    const { level, time, event, ...said } = JSON.parse(line);
    const entry = { level, time, event, ...(scrubValue(said, options.scrub) as object) };
    options.output.write(pretty ? forTerminal(entry) : `${JSON.stringify(entry)}\n`);
    if (!fileWorks || options.directory === undefined) return;
    const path = join(
      options.directory,
      `backup_${options.clock().toISOString().slice(0, 10).replaceAll('-', '')}.log`,
    );
    try {
      makeDirectory(options.directory);
      appendFileSync(path, forFile(entry), { mode: 0o600 });
    } catch (error) {
      fileWorks = false;
      log('warn', 'LOG_FILE_UNWRITABLE', {
        path,
        detail: error instanceof Error ? error.message : String(error),
      });
    }
  };

  const logger = pino(
    {
      level: 'debug',
      base: null,
      timestamp: () => `,"time":"${options.clock().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write },
  );
  const log: Log = (level, id, parameters = {}) => {
    const said = inOneLanguage(parameters, options.language);
    const label = said['label'] === undefined ? '' : `[${said['label']}] `;
    logger[level]({ event: id, ...said }, label + render(MESSAGES[id], options.language, said));
  };
  return log;
}

/** Node's own recursive mkdir never ends where a directory exists and takes no entries, as below /proc. */
function makeDirectory(path: string): void {
  if (existsSync(path)) return;
  if (dirname(path) !== path) makeDirectory(dirname(path));
  mkdirSync(path);
}

const PRETTY = {
  ignore: 'event',
  hideObject: true,
  translateTime: 'UTC:yyyy-mm-dd"T"HH:MM:ss"Z"',
} as const;
