import { join } from 'node:path';
import { PgBackupError } from '../errors.ts';
import { type Language, render } from '../language.ts';
import { type Environment, type LoadedSettings, type LoadOptions, loadSettings } from './load.ts';

/** How the loader gets at files; each throws where it cannot. */
export interface SettingFiles {
  readonly readFile: (path: string) => string;
  /** The names of the plain files in a directory; undefined for anything else. */
  readonly listDirectory: (path: string) => readonly string[] | undefined;
}

/** One server with the settings for it. */
export interface Target {
  /** That of its file, without `.env`; undefined where BACKUP_ENV_FILE is no directory. */
  readonly name: string | undefined;
  readonly loaded: LoadedSettings;
}

const SUFFIX = '.env';

/**
 * Reads the settings of every target: those of the files in the directory that BACKUP_ENV_FILE names, by name, or the one that there is otherwise.
 * @throws PgBackupError SETTINGS_INVALID that names every problem of every target
 */
export function loadTargets(
  environment: Environment,
  files: SettingFiles,
  language: Language,
  options: LoadOptions = {},
): Target[] {
  const directory = environment['BACKUP_ENV_FILE'];
  const names = directory ? files.listDirectory(directory) : undefined;
  if (directory === undefined || names === undefined) {
    return [{ name: undefined, loaded: loadSettings(environment, files.readFile, language, options) }];
  }
  const targetFiles = names.filter((name) => name.endsWith(SUFFIX) && !name.startsWith('.')).sort();
  if (targetFiles.length === 0) throw noTargets(directory, language);
  const failures: PgBackupError[] = [];
  const targets = targetFiles.flatMap((file): Target[] => {
    try {
      const ownEnvironment = { ...environment, BACKUP_ENV_FILE: join(directory, file) };
      const loaded = loadSettings(ownEnvironment, files.readFile, language, options);
      return [{ name: file.slice(0, -SUFFIX.length), loaded }];
    } catch (error) {
      if (!(error instanceof PgBackupError)) throw error;
      failures.push(new PgBackupError(error.code, withFileNames(error, file), error));
      return [];
    }
  });
  if (failures.length === 0) return targets;
  const count = failures.reduce((sum, { parameters }) => sum + Number(parameters['count']), 0);
  const problems = failures.map(({ parameters }) => parameters['problems']).join('\n');
  throw new PgBackupError('SETTINGS_INVALID', { count, problems });
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
