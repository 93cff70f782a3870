import { readdirSync, readFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { TargetContext } from './backup/context.ts';
import type { Environment, LoadedSettings } from './config/load.ts';
import { SETTING_NAMES, settingOf } from './config/settings.ts';
import { loadTargets, type Target, type TargetOptions } from './config/targets.ts';
import { foreignSecrets } from './foreign-secrets.ts';
import { type Language, render, type Text } from './language.ts';
import { createLog, type Output, withLabel } from './logging.ts';
import { ignoredVariables } from './postgres/connection.ts';
import { createProgress, type Progress } from './progress.ts';
import { createScrub, type Scrub } from './scrub.ts';
import { Secret } from './secret.ts';
import { VERSION } from './version.ts';

/** What the outside world gives to one invocation. */
export interface Surroundings {
  readonly environment: Environment;
  readonly language: Language;
  readonly signal: AbortSignal;
  /** For results: what a person or a script asked for. */
  readonly stdout: Output;
  /** For the log and the progress line. */
  readonly stderr: Output;
  /** Asks a person; undefined where there is none. */
  readonly ask: (question: string) => Promise<string | undefined>;
}

/** Reads the settings of every target from the environment and the files that it names. */
export function loadFrom(surroundings: Surroundings, options?: TargetOptions): Target[] {
  const files = { readFile: (path: string) => readFileSync(path, 'utf8'), listDirectory };
  return loadTargets(surroundings.environment, files, surroundings.language, options);
}

function listDirectory(path: string): string[] | undefined {
  try {
    if (!statSync(path).isDirectory()) return undefined;
  } catch {
    // Whoever reads it tells why it cannot be.
    return undefined;
  }
  // An editor's lock is a link to nowhere.
  return readdirSync(path).filter((name) => statSync(join(path, name), { throwIfNoEntry: false })?.isFile());
}

/** What is odd about settings that can be used all the same. */
export function settingWarnings({ warnings, environment }: LoadedSettings): Text[] {
  const ignored = ignoredVariables(environment).map((name) => ({
    en: `${name} is set but not passed to the PostgreSQL client; connection settings are the PG_* ones`,
    zh: `已设置 ${name}，但不会传给 PostgreSQL 客户端；连接参数请使用 PG_* 配置`,
  }));
  return [...warnings, ...ignored];
}

/**
 * Puts together what the commands work with, and logs what is odd about the settings. `writesNothing`: for what only looks at reports, and may have
 * no place to write to.
 */
export function createContext(
  surroundings: Surroundings,
  { name, loaded, foreignSeries }: Target,
  { writesNothing = false } = {},
): TargetContext {
  const { settings, environment } = loaded;
  const language = settings.BACKUP_LANG ?? surroundings.language;
  const clock = (): Date => new Date();
  const scrub = scrubFor(environment);
  let progress: Progress | undefined;
  const plainLog = createLog({
    output: aboveTheLiveLine(surroundings.stderr, () => progress?.clear()),
    format: settings.BACKUP_LOG_FORMAT,
    ...(writesNothing ? {} : { directory: settings.BACKUP_LOG_DIR }),
    language,
    scrub,
    clock,
  });
  const log = name === undefined ? plainLog : withLabel(plainLog, name);
  progress = createProgress(surroundings.stderr, log);
  for (const warning of writesNothing ? [] : settingWarnings(loaded)) {
    log('warn', 'SETTING_WARNING', { warning: render(warning, language) });
  }
  surroundings.signal.addEventListener('abort', () => {
    if (writesNothing) return;
    log('warn', 'STOPPING', { signal: surroundings.signal.reason?.parameters?.signal ?? '' });
  });
  return {
    target: name,
    foreignSeries,
    settings,
    environment,
    language,
    clock,
    log,
    progress,
    scrub,
    signal: surroundings.signal,
    hostname: hostname(),
    version: VERSION,
  };
}

/** Replaces every secret value that the environment or the settings hold. */
export function scrubFor(environment: Environment): Scrub {
  return createScrub([...ourSecrets(environment), ...foreignSecrets(environment)]);
}

function ourSecrets(environment: Environment): Secret[] {
  return SETTING_NAMES.flatMap((name) => {
    const value = environment[name];
    return value && settingOf(name).secret ? [new Secret(value)] : [];
  });
}

function aboveTheLiveLine(output: Output, clear: () => void): Output {
  return {
    isTTY: output.isTTY === true,
    write(text) {
      clear();
      return output.write(text);
    },
  };
}
