import { join } from 'node:path';
import { PgBackupError } from '../errors.ts';
import {
  type Command,
  describeOutcome,
  findCommand,
  isExecutable,
  pathDirectories,
  runCommand,
} from '../exec.ts';
import { howToGet } from '../how-to-get.ts';

const HANDBOOK_NAME = 'ossutil64';
const NAMES = [HANDBOOK_NAME, 'ossutil'];
const VERSION_TIMEOUT_MILLISECONDS = 30_000;

/**
 * The path of ossutil 1.7. ossutil 2 goes by the same name and takes other options.
 * @throws PgBackupError COMMAND_MISSING, OSSUTIL_UNSUPPORTED
 */
export async function findOssutil(
  searchPath: string | undefined,
  environment: Command['environment'],
): Promise<string> {
  const directories = pathDirectories(searchPath);
  const installed = NAMES.find((name) =>
    directories.some((directory) => isExecutable(join(directory, name))),
  );
  const ossutil = findCommand(installed ?? HANDBOOK_NAME, directories, howToGet().ossutil);
  await checkVersion(ossutil, environment);
  return ossutil;
}

/** 1.7.19 prints `ossutil version: v1.7.19`. */
async function checkVersion(ossutil: string, environment: Command['environment']): Promise<void> {
  const result = await runCommand({
    file: ossutil,
    args: ['--version'],
    environment,
    signal: AbortSignal.timeout(VERSION_TIMEOUT_MILLISECONDS),
  });
  const [version, major, minor] = /\bv?(\d+)\.(\d+)[\w.-]*/.exec(result.stdout) ?? [];
  if (major === '1' && Number(minor) >= 7) return;
  const found = version ?? describeOutcome(result);
  throw new PgBackupError('OSSUTIL_UNSUPPORTED', { path: ossutil, found, remedy: howToGet().ossutil });
}
