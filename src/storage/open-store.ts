import type { Environment } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import { openOssClient } from './oss-client.ts';
import { openOssCredentials } from './oss-credentials.ts';
import { ossTarget } from './oss-target.ts';
import { openOssutilStore } from './ossutil.ts';
import { openRcloneStore } from './rclone.ts';
import { openSdkStore } from './sdk.ts';
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
 * @throws PgBackupError COMMAND_MISSING, OSSUTIL_UNSUPPORTED
 */
export async function openStore(options: OpenStoreOptions): Promise<Store | undefined> {
  const { settings, environment, temporaryDirectory, uploadsDirectory } = options;
  if (settings.BACKUP_MODE === 'local') return undefined;
  if (settings.BACKUP_UPLOAD_TOOL === 'rclone') {
    const { RCLONE_REMOTE: remote, RCLONE_PATH: path } = settings;
    if (path === undefined) throw new Error('rclone settings were not checked');
    return openRcloneStore({
      remote,
      path,
      environment,
      temporaryDirectory,
      searchPath: environment['PATH'],
    });
  }
  const target = ossTarget(settings);
  const credentials = openOssCredentials(settings, environment);
  if (settings.BACKUP_UPLOAD_TOOL === 'sdk') {
    return openSdkStore({ client: openOssClient(target, credentials), uploadsDirectory });
  }
  return openOssutilStore({ target, credentials, temporaryDirectory, uploadsDirectory, environment });
}
