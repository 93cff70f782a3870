import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { loadSettings } from '../../src/config/load.ts';
import type { Settings } from '../../src/config/settings.ts';
import type { Language } from '../../src/language.ts';
import { createLog } from '../../src/logging.ts';
import type { Limits } from '../../src/notify/channel.ts';
import { createNotifier, type Notifier } from '../../src/notify/notifier.ts';
import { scrubFor } from '../../src/program.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

export const NOW = new Date('2025-10-11T02:05:00.000Z');

/** Short enough for a test, with the same proportions. */
export const QUICK: Limits = {
  tryMilliseconds: 400,
  overallMilliseconds: 1500,
  pauseMilliseconds: 5,
  retryAfterMilliseconds: 1200,
};

export interface StartedNotifier {
  readonly notifier: Notifier;
  /** The log as it is written to a container's output. */
  readonly log: () => { readonly event: string; readonly level: string; readonly msg: string }[];
  readonly logText: () => string;
  /** Where it is remembered what was told; below a directory that does not exist yet. */
  readonly directory: string;
  readonly setNow: (now: Date) => void;
  readonly now: () => Date;
}

export interface NotifierOptions {
  readonly language?: Language;
  readonly target?: string;
  readonly directory?: string;
  readonly limits?: Limits;
}

/** The settings of a program that has this in its environment. */
export function settingsWith(variables: Readonly<Record<string, string>>): Settings {
  return loadSettings(environmentWith(variables), () => '', 'en').settings;
}

/** A notifier with the log and the scrubbing of the real program, and a clock that stands still. */
export function startNotifier(
  t: TestContext,
  variables: Readonly<Record<string, string>>,
  {
    language = 'en',
    target,
    directory = join(temporaryDirectory(t), 'notified'),
    limits = QUICK,
  }: NotifierOptions = {},
): StartedNotifier {
  const lines: string[] = [];
  let now = NOW;
  const clock = () => now;
  const scrub = scrubFor(environmentWith(variables));
  const log = createLog({
    output: { write: (text: string) => lines.push(text) },
    format: 'json',
    language,
    scrub,
    clock,
  });
  const settings = settingsWith(variables);
  const surroundings = { settings, language, log, scrub, clock, hostname: 'db01', target, directory };
  return {
    notifier: createNotifier(surroundings, limits),
    log: () => lines.map((line) => JSON.parse(line)),
    logText: () => lines.join(''),
    directory,
    setNow: (time) => {
      now = time;
    },
    now: clock,
  };
}

function environmentWith(variables: Readonly<Record<string, string>>): Record<string, string> {
  return { PG_HOST: 'db', PG_DATABASE: 'community', PG_USER: 'backup', BACKUP_MODE: 'local', ...variables };
}
