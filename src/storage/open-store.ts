import type { Environment } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import { ossTarget } from './oss-target.ts';
import { openOssutilStore } from './ossutil.ts';
import type { Store } from './store.ts';

export interface OpenStoreOptions {
  readonly settings: Settings;
  /** For what belongs to the tools: PATH, HOME, RCLONE_CONFIG_*. */
  readonly environment: Environment;
  /** Private to this process and removed with it: configuration files with keys go there. */
  readonly temporaryDirectory: string;
  /** Remembers uploads that were begun and not completed. */
  readonly uploadsDirectory: string;
}

/**
 * The remote store that the settings name; undefined in mode local.
 * @throws PgBackupError COMMAND_MISSING
 */
export async function openStore(options: OpenStoreOptions): Promise<Store | undefined> {
  const { settings, environment, temporaryDirectory } = options;
  if (settings.BACKUP_MODE === 'local') return undefined;
  return openOssutilStore({
    target: ossTarget(settings),
    temporaryDirectory,
    searchPath: environment['PATH'],
  });
}
