import { join } from 'node:path';
import { PgBackupError } from '../errors.ts';
import { findCommand, isExecutable } from '../exec.ts';
import { howToGet } from '../how-to-get.ts';
import { fillIn, type Text } from '../language.ts';
import { candidateDirectories, DEBIAN_ROOT, programVersion } from './clients.ts';

/** One installed PostgreSQL server: a directory in which its programs lie side by side. */
export interface ServerPrograms {
  readonly major: number;
  /** As `postgres` says it, for example `17.10`. */
  readonly version: string;
  readonly directory: string;
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * Finds the installed servers, the oldest first: in `configuredDirectory` alone if given, else below /usr/lib/postgresql and on PATH.
 * @throws PgBackupError COMMAND_MISSING when the configured directory has none that is complete.
 */
export async function findServerPrograms(
  configuredDirectory: string | undefined,
  path: string | undefined,
): Promise<ServerPrograms[]> {
  if (configuredDirectory) return [await configuredPrograms(configuredDirectory, path)];
  const found: ServerPrograms[] = [];
  for (const directory of candidateDirectories(path)) {
    const programs = await inspectPrograms(directory, path);
    if (programs) found.push(programs);
  }
  return found.sort((a, b) => a.major - b.major);
}

/**
 * The smallest major that is not older than the source.
 * @throws PgBackupError COMMAND_MISSING that names the package to install.
 */
export function chooseServerPrograms(found: readonly ServerPrograms[], minimumMajor: number): ServerPrograms {
  const [best] = found.filter((programs) => programs.major >= minimumMajor).sort((a, b) => a.major - b.major);
  if (best) return best;
  const places = found.map(({ directory, version }) => `${directory} (${version})`);
  throw new PgBackupError('COMMAND_MISSING', {
    command: {
      en: `initdb and postgres of major ${minimumMajor} or newer`,
      zh: `主版本 ${minimumMajor} 或更新的 initdb 与 postgres`,
    },
    places: places.join(', ') || `${DEBIAN_ROOT}, PATH`,
    remedy: fillIn(OR_A_SERVER, { remedy: howToGet().server(minimumMajor) }),
  });
}

async function configuredPrograms(directory: string, path: string | undefined): Promise<ServerPrograms> {
  for (const name of ['initdb', 'postgres']) findCommand(name, [directory], howToGet().server());
  const programs = await inspectPrograms(directory, path);
  if (programs) return programs;
  throw new PgBackupError('COMMAND_MISSING', {
    ...{ command: 'postgres', places: directory },
    remedy: howToGet().server(),
  });
}

/** Undefined where one of them is missing, or postgres does not even say its version. */
async function inspectPrograms(
  directory: string,
  path: string | undefined,
): Promise<ServerPrograms | undefined> {
  const programs = { initdb: join(directory, 'initdb'), postgres: join(directory, 'postgres') };
  if (!Object.values(programs).every(isExecutable)) return undefined;
  const said = await programVersion(programs.postgres, path);
  return said && { ...said, directory, ...programs };
}

const OR_A_SERVER: Text = {
  en: '{remedy}; or set DRILL_PG_HOST to a server that drills may use',
  zh: '{remedy}；或用 DRILL_PG_HOST 指定可供演练使用的服务器',
};
