import { join } from 'node:path';
import { PgBackupError } from '../errors.ts';
import { type Language, render, type Text } from '../language.ts';
import { parseEnvFile } from './env-file.ts';
import { type Environment, type LoadedSettings, type LoadOptions, loadSettings } from './load.ts';
import { settingOf } from './settings.ts';

/** How the loader gets at files; each throws where it cannot. */
export interface SettingFiles {
  readonly readFile: (path: string) => string;
  /** The names of the plain files in a directory; undefined for anything else. */
  readonly listDirectory: (path: string) => readonly string[] | undefined;
}

export interface TargetOptions extends LoadOptions {
  /** Only this one; mistakes in the files of others are theirs. */
  readonly only?: string | undefined;
}

/** One server with the settings for it. */
export interface Target {
  /** That of its file, without `.env`; undefined where BACKUP_ENV_FILE is no directory. */
  readonly name: string | undefined;
  readonly loaded: LoadedSettings;
  /** The servers (`host:port`) of other targets that keep their backups in the same directory. */
  readonly foreignSeries: ReadonlySet<string>;
}

const SUFFIX = '.env';

/**
 * Reads the settings of every target: those of the files in the directory that BACKUP_ENV_FILE names, by name, or the one that there is otherwise.
 * @throws PgBackupError SETTINGS_INVALID that names every problem of every target; USAGE for one that there is not
 */
export function loadTargets(
  environment: Environment,
  files: SettingFiles,
  language: Language,
  { only, ...options }: TargetOptions = {},
): Target[] {
  const directory = environment['BACKUP_ENV_FILE'];
  const fileNames = directory ? files.listDirectory(directory) : undefined;
  if (directory === undefined || fileNames === undefined) {
    if (only !== undefined) throw noTarget(only, [], language);
    const loaded = loadSettings(environment, files.readFile, language, options);
    return [{ name: undefined, loaded, foreignSeries: new Set() }];
  }
  const names = fileNames
    .filter((file) => file.endsWith(SUFFIX) && !file.startsWith('.'))
    .map((file) => file.slice(0, -SUFFIX.length))
    .sort();
  if (names.length === 0) throw noTargets(directory, language);
  if (only !== undefined && !names.includes(only)) throw noTarget(only, names, language);
  const pathOf = (name: string): string => join(directory, `${name}${SUFFIX}`);
  const places = new Map(names.map((name) => [name, placeOf(environment, pathOf(name), files)]));
  const failures: PgBackupError[] = [];
  const targets = names.flatMap((name): Target[] => {
    if (only !== undefined && name !== only) return [];
    try {
      const ownEnvironment = { ...environment, BACKUP_ENV_FILE: pathOf(name) };
      const loaded = loadSettings(ownEnvironment, files.readFile, language, options);
      return [{ name, loaded, foreignSeries: foreignTo(name, places) }];
    } catch (error) {
      if (!(error instanceof PgBackupError)) throw error;
      failures.push(new PgBackupError(error.code, withFileNames(error, `${name}${SUFFIX}`), error));
      return [];
    }
  });
  if (failures.length === 0) return targets;
  const count = failures.reduce((sum, { parameters }) => sum + Number(parameters['count']), 0);
  const problems = failures.map(({ parameters }) => parameters['problems']).join('\n');
  throw new PgBackupError('SETTINGS_INVALID', { count, problems });
}

interface Place {
  readonly base: string;
  readonly series: string;
}

/** As far as the file can be read: a mistake in it must not make its backups look like somebody else's. */
function placeOf(environment: Environment, path: string, files: SettingFiles): Place | undefined {
  let written: Record<string, string | undefined>;
  try {
    const { assignments } = parseEnvFile(files.readFile(path));
    written = { ...environment, ...Object.fromEntries(assignments.map(({ name, value }) => [name, value])) };
  } catch {
    return undefined;
  }
  const of = (name: 'BACKUP_BASE_DIR' | 'PG_HOST' | 'PG_PORT'): string =>
    written[name] || (settingOf(name).default ?? '');
  return { base: of('BACKUP_BASE_DIR'), series: `${of('PG_HOST')}:${of('PG_PORT')}` };
}

function foreignTo(name: string, places: ReadonlyMap<string, Place | undefined>): Set<string> {
  const own = places.get(name);
  const others = [...places.values()].filter((place) => place?.base === own?.base);
  return new Set(others.flatMap((place) => place?.series ?? []).filter((series) => series !== own?.series));
}

function withFileNames({ parameters }: PgBackupError, file: string): Record<string, string | number> {
  const problems = String(parameters['problems']).replaceAll(/^ {2}- /gm, `  - ${file}: `);
  return { count: Number(parameters['count']), problems };
}

function noTargets(directory: string, language: Language): PgBackupError {
  const text = {
    en: `  - BACKUP_ENV_FILE: the directory ${directory} has no file NAME.env`,
    zh: `  - BACKUP_ENV_FILE：目录 ${directory} 中没有 NAME.env 文件`,
  };
  return new PgBackupError('SETTINGS_INVALID', { count: 1, problems: render(text, language) });
}

function noTarget(target: string, names: readonly string[], language: Language): PgBackupError {
  const detail = render(NO_TARGET, language, { target, names: names.join(', ') || '-' });
  return new PgBackupError('USAGE', { detail });
}

const NO_TARGET: Text = {
  en: 'There is no target {target}. There are: {names}',
  zh: '没有名为 {target} 的目标。现有：{names}',
};
