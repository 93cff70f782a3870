import assert from 'node:assert/strict';
import { type Environment, type LoadedSettings, loadSettings } from '../../src/config/load.ts';
import { PgBackupError } from '../../src/errors.ts';

/** The smallest environment that is enough. */
export const LOCAL = { PG_HOST: 'db', PG_DATABASE: 'community', PG_USER: 'backup', BACKUP_MODE: 'local' };

/** Loads the settings where only the given files, by their paths, exist. */
export function load(environment: Environment, files: Record<string, string> = {}): LoadedSettings {
  const readFile = (path: string): string => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
    return text;
  };
  return loadSettings(environment, readFile, 'en');
}

/** The error of settings that must not be accepted. */
export function failure(environment: Environment, files: Record<string, string> = {}): PgBackupError {
  try {
    load(environment, files);
  } catch (error) {
    assert.ok(error instanceof PgBackupError, String(error));
    assert.equal(error.code, 'SETTINGS_INVALID');
    return error;
  }
  return assert.fail('the settings were accepted');
}

/** Its message. */
export function problems(environment: Environment, files: Record<string, string> = {}): string {
  return failure(environment, files).message;
}
