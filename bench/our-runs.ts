import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { projectDirectory } from '../test/harness/parts.ts';
import { type Env, searchPath } from '../test/integration/installation.ts';
import { DATABASE } from './make-database.ts';
import type { Run } from './side.ts';
import type { Site } from './site.ts';

export const PROGRAM = join(projectDirectory, 'bin/pg-backup.js');

/** A full run of `pg-backup backup` with the settings laid over the defaults; with `around` before it, such as taskset. */
export function fullRun(changes: Env, around: readonly string[] = []) {
  return async (site: Site): Promise<Run> => {
    const directory = site.newDirectory('ours');
    const isLocal = changes['BACKUP_MODE'] === 'local';
    const [file = PROGRAM, ...args] = [...around, PROGRAM, 'backup'];
    return {
      steps: [{ file, args }],
      environment: settingsOf(site, directory, changes),
      directory,
      dumps: true,
      ...(isLocal ? {} : { store: 'oss' as const }),
    };
  };
}

/** `pg-backup drill` of a local backup that is kept for it: a throw-away server, the restore on two connections, the comparison. */
export async function drill(site: Site): Promise<Run> {
  const directory = site.newDirectory('drill');
  const environment = {
    ...settingsOf(site, directory, { BACKUP_MODE: 'local' }),
    BACKUP_BASE_DIR: await site.keptBackup(),
    DRILL_PG_BIN_DIR: site.serverProgramsDirectory,
    DRILL_DIRECTORY: directory,
  };
  const steps = [{ file: PROGRAM, args: ['drill', '--latest', '--jobs', '2'] }];
  return { steps, environment, directory, dumps: false };
}

/** The environment of pg-backup for the database of the site; everything that it writes lies below `directory`. */
export function settingsOf(site: Site, directory: string, changes: Env): Env {
  const { server, oss } = site;
  const home = join(directory, 'home');
  mkdirSync(home);
  const isZstd = changes['BACKUP_COMPRESS']?.startsWith('zstd') === true;
  return {
    ...{ PATH: searchPath(), HOME: home, TMPDIR: home },
    ...{ PG_HOST: server.host, PG_PORT: String(server.port), PG_USER: server.user },
    ...{ PGPASSWORD: server.password, PG_DATABASE: DATABASE },
    PG_BIN_DIR: isZstd ? site.zstdClientDirectory : site.clientDirectory,
    BACKUP_BASE_DIR: join(directory, 'base'),
    BACKUP_LOG_DIR: join(directory, 'log'),
    ...oss.settings,
    BACKUP_MODE: 'both',
    ...changes,
  };
}
